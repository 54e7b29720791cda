"""The app behind a bare WSGI door, for clients that are not Flask's, and a Twilio whose answers vary."""

from __future__ import annotations

import contextvars
import io
import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from werkzeug.wrappers import Request

from app.twilio.client import NoAnswer, Outgoing, Refused, RemoteMessage
from tests.fakes import FakeTwilio
from tests.signing import BASE_URL, sign


class Wire:
    """The app as a server runs it, each request in a context of its own; it counts what was answered.

    What comes with a signature is signed anew, as Twilio would sign that very request.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.answers: Counter[int] = Counter()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def counted(status: str, *args: Any) -> Any:
            self.answers[int(status[:3])] += 1
            return start_response(status, *args)

        if environ.get("HTTP_X_TWILIO_SIGNATURE") == "genuine":
            body = environ["wsgi.input"].read()
            form = Request(environ | {"wsgi.input": io.BytesIO(body)}).form
            environ["wsgi.input"] = io.BytesIO(body)
            environ["HTTP_X_TWILIO_SIGNATURE"] = sign(environ["REQUEST_URI"], form, base_url=BASE_URL)
        return contextvars.Context().run(self.app.wsgi_app, environ, counted)


class MoodyTwilio(FakeTwilio):
    """Takes most messages, refuses every fifth and leaves every seventh without an answer."""

    def __init__(self) -> None:
        super().__init__()
        self._count = itertools.count(10**6)  # The factories give the first sids away.

    def send(self, outgoing: Outgoing) -> RemoteMessage:
        if len(self.sent) % 5 == 4:
            self.fail_next(Refused(63024, "Invalid recipient", 400))
        elif len(self.sent) % 7 == 6:
            self.fail_next(NoAnswer(), accepted=True)
        return super().send(outgoing)
