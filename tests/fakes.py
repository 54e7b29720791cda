"""One fake for each gateway: it remembers what was asked and answers what a test tells it to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from app.extensions import utcnow
from app.media.fetch import Fetched, FetchError, Missing
from app.twilio.client import Account, Outgoing, Refused, RemoteMedia, RemoteMessage, TwilioError
from app.twilio.console import SENDER, Reception, RemoteAccount
from app.twilio.content import RemoteTemplate, RemoteTemplates
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
        self.typing: list[str] = []
        self.typing_failure: TwilioError | None = None
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
        self.messages[sid] = replace(self.messages[sid], num_media=1 if outgoing.media_url else 0)
        if self.before_answer:
            self.before_answer(outgoing, sid)
        if failure:
            raise failure[0]
        return self.messages[sid]

    def show_typing(self, sid: str) -> None:
        self.typing.append(sid)
        if self.typing_failure:
            raise self.typing_failure

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


class FakeContents:
    """Stands where app.twilio.content.Contents does: `templates` is what "Twilio" has, by sid.

    `failures` are raised in turn, one for each question, until they are used up. `complete` is whether a list tells
    all; `before_answer` runs when a template is made and its sid is not told yet.
    """

    def __init__(self) -> None:
        self.account = FakeTwilio().account
        self.templates: dict[str, RemoteTemplate] = {}
        self.failures: list[TwilioError] = []
        self.submitted: list[tuple[str, str, str]] = []
        self.created: list[str] = []
        self.complete = True
        self.before_answer: Callable[[str], None] | None = None

    def add(self, name: str = "recordatorio", body: str = "Hola {{1}}, ¿cómo va?", **fields: object) -> RemoteTemplate:
        sid = f"HXc{len(self.templates):031x}"
        template = RemoteTemplate(
            sid, name, "es_AR", {"twilio/text": {"body": body}}, {"1": "Ana"}, "approved", "UTILITY"
        )
        self.templates[sid] = replace(template, **fields)  # type: ignore[arg-type]
        return self.templates[sid]

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    def list_templates(self) -> RemoteTemplates:
        self._fail()
        return RemoteTemplates(tuple(self.templates.values()), self.complete)

    def create(self, name: str, language: str, types: Mapping[str, object], variables: Mapping[str, str]) -> str:
        self.created.append(name)
        self._fail()
        made = self.add(name, language=language, types=types, variables=variables, status="unsubmitted", category="")
        if self.before_answer:
            self.before_answer(made.sid)
        return made.sid

    def submit(self, sid: str, name: str, category: str) -> str:
        self._fail()
        self.submitted.append((sid, name, category))
        self.templates[sid] = replace(self.templates[sid], status="received", category=category)
        return "received"


class FakeFetcher:
    """Stands where app.media.fetch.Fetcher does: `files` by their address; `failures` come first, each of them once."""

    def __init__(self) -> None:
        self.files: dict[str, Fetched] = {}
        self.failures: list[FetchError] = []
        self.asked: list[str] = []

    def put(self, url: str, data: bytes, said: str = "") -> None:
        self.files[url] = Fetched(data, said)

    def fetch(self, url: str) -> Fetched:
        self.asked.append(url)
        if self.failures:
            raise self.failures.pop(0)
        if url not in self.files:
            raise Missing
        return self.files[url]
