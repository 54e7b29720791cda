"""One fake for each gateway: it remembers what was asked and answers what a test tells it to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from app.extensions import utcnow
from app.twilio.client import Account, Outgoing, Refused, RemoteMedia, RemoteMessage, TwilioError
from app.twilio.console import SENDER, Reception, RemoteAccount
from tests.signing import BASE_URL, WEBHOOK


class FakeTwilio:
    """Stands where app.twilio.client.Twilio does: `messages` is what "Twilio" has, `sent` what it was asked to send.

    `fail_next` makes the next send raise; with `accepted=True` the message exists at Twilio all the same, which is what
    an answer lost on its way looks like. `before_answer` runs when the message exists and the answer is not given yet.
    """

    def __init__(self) -> None:
        self.account = Account(sid="AC" + "0" * 32, token="token", whatsapp_number="+14155550100")
        self.sent: list[Outgoing] = []
        self.messages: dict[str, RemoteMessage] = {}
        self.media: dict[str, list[RemoteMedia]] = {}
        self.before_answer: Callable[[Outgoing, str], None] | None = None
        self._failure: tuple[Exception, bool] | None = None
        self._count = itertools.count(1)

    def fail_next(self, error: Exception, *, accepted: bool = False) -> None:
        self._failure = (error, accepted)

    def add(
        self, body: str = "Hola", *, direction: str = "inbound", phone: str = "+5491155550101", **fields: object
    ) -> str:
        """Put a message into Twilio as if it had come there without us; return its sid."""
        sid = f"SMb{next(self._count):031x}"
        ours, theirs = f"whatsapp:{self.account.whatsapp_number}", f"whatsapp:{phone}"
        inbound = direction == "inbound"
        message = RemoteMessage(
            sid=sid,
            status="received" if inbound else "sent",
            direction=direction,
            from_number=theirs if inbound else ours,
            to_number=ours if inbound else theirs,
            body=body,
            created_at=utcnow(),
            sent_at=utcnow(),
            num_media=0,
            error_code=None,
            error_message="",
        )
        self.messages[sid] = replace(message, **fields)  # type: ignore[arg-type]
        return sid

    def send(self, outgoing: Outgoing) -> RemoteMessage:
        self.sent.append(outgoing)
        failure, self._failure = self._failure, None
        if failure and not failure[1]:
            raise failure[0]
        sid = self.add(outgoing.body, direction="outbound", phone=outgoing.to, status="queued", sent_at=None)
        if self.before_answer:
            self.before_answer(outgoing, sid)
        if failure:
            raise failure[0]
        return self.messages[sid]

    def fetch(self, sid: str) -> RemoteMessage:
        if sid not in self.messages:
            raise Refused(20404, "not found", 404)
        return self.messages[sid]

    def list_since(self, since: datetime, limit: int = 20_000) -> Iterator[RemoteMessage]:
        newest_first = sorted(self.messages.values(), key=lambda message: message.created_at, reverse=True)
        yield from [message for message in newest_first if message.created_at >= since][:limit]

    def list_media(self, sid: str) -> list[RemoteMedia]:
        return self.media.get(sid, [])


class FakeConsole:
    """Stands where app.twilio.console.Console does: an account in order, until a test changes what it says."""

    def __init__(self) -> None:
        self.account = FakeTwilio().account
        self.remote = RemoteAccount("active", False, timedelta(0))
        self.reception = Reception(SENDER, "XE" + "0" * 32, BASE_URL + WEBHOOK, "POST", "ONLINE")
        self.failure: TwilioError | None = None
        self.reception_failure: TwilioError | None = None
        self.told: list[tuple[str, str]] = []

    def fetch_account(self) -> RemoteAccount:
        if self.failure:
            raise self.failure
        return self.remote

    def find_reception(self) -> Reception:
        failure = self.failure or self.reception_failure
        if failure:
            raise failure
        return self.reception

    def receive_at(self, reception: Reception, url: str, status_url: str) -> None:
        assert reception == self.reception
        if self.failure:
            raise self.failure
        self.told.append((url, status_url))
        self.reception = replace(reception, url=url, method="POST")
