"""Twilio's REST API, through the official SDK: our words in, our frozen dataclasses or our errors out.

The SDK takes longer to import than a webhook to answer, so it is loaded inside the cached function that needs it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

Answer = TypeVar("Answer")

# What Twilio promises never to have processed, so that one more try cannot send twice. It promises so for no 5xx.
_NEVER_PROCESSED = (429,)
_RETRY_PAUSE_SECONDS = 0.4
_HASTY_SECONDS = 3.0


@dataclass(frozen=True)
class Account:
    """Whose account, which sender, and how long to wait for Twilio, in seconds. `base_url` stands in for every host."""

    sid: str
    token: str
    whatsapp_number: str
    messaging_service_sid: str = ""
    base_url: str = ""
    timeout: float = 10.0

    def is_ours(self, address: str) -> bool:
        """Tell whether `address`, as Twilio writes one, is our sender's on WhatsApp.

        An account may have others, and SMS. A Messaging Service stands for any of its senders, and nothing here knows
        which those are: with one, whatever goes by WhatsApp is ours.
        """
        channel, _colon, number = address.partition(":")
        if channel != "whatsapp" or not number:
            return False
        anybody = bool(self.messaging_service_sid) or not self.whatsapp_number
        return anybody or number == self.whatsapp_number

    @property
    def missing(self) -> list[str]:
        """Return the names of the settings that are empty and without which nothing goes through Twilio."""
        needed = {
            "TWILIO_ACCOUNT_SID": self.sid,
            "TWILIO_AUTH_TOKEN": self.token,
            "TWILIO_WHATSAPP_NUMBER": self.whatsapp_number or self.messaging_service_sid,
        }
        return [name for name, value in needed.items() if not value]

    @property
    def complete(self) -> bool:
        return not self.missing


@dataclass(frozen=True)
class Outgoing:
    """One message to send: `to` is a phone in E.164 or a user id; either a template, or `body`, a file, or both.

    `media_url` is where Twilio fetches the file, with GET and HEAD and without any password.
    """

    to: str
    status_callback: str
    body: str = ""
    media_url: str = ""
    content_sid: str = ""
    content_variables: dict[str, str] | None = None


@dataclass(frozen=True)
class RemoteMessage:
    """A message as Twilio has it. Times are aware UTC.

    `price` is what it took, in `price_unit` (ISO 4217), as a cost: Twilio writes it below zero, and only when it knows.
    """

    sid: str
    status: str
    direction: str
    from_number: str
    to_number: str
    body: str
    created_at: datetime
    sent_at: datetime | None
    num_media: int
    error_code: int | None
    error_message: str
    price: Decimal | None = None
    price_unit: str = ""


@dataclass(frozen=True)
class RemoteMedia:
    """A file of a message as Twilio has it."""

    url: str
    content_type: str


class TwilioError(Exception):
    """What every failure of this file is."""


class Refused(TwilioError):
    """Twilio answered no: the message does not exist there."""

    def __init__(self, code: int, message: str, http_status: int) -> None:
        super().__init__(f"Twilio refused with {code}")
        self.code, self.message, self.http_status = code, message, http_status


class NotReached(TwilioError):
    """No connection was made: the message does not exist there."""


class NoAnswer(TwilioError):
    """Twilio may or may not have taken it: only looking it up there can tell."""


class JsonBody:
    """A body of which the SDK asks nothing but its dictionary; what is not in it stays as it is at Twilio."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body

    def to_dict(self) -> dict[str, Any]:
        return self._body


def _with_zone(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _price(message: Any) -> dict[str, Any]:
    """Return the price of a message, which comes as text such as "-0.00500", or as nothing until it is known."""
    try:
        amount = Decimal(str(message.price))
    except ArithmeticError:
        return {}
    unit = str(message.price_unit or "").upper()
    return {"price": -amount, "price_unit": unit} if amount.is_finite() and len(unit) == 3 else {}


def _remote(message: Any) -> RemoteMessage:
    created_at = _with_zone(message.date_created) or datetime.now(UTC)
    return RemoteMessage(
        sid=message.sid,
        status=str(message.status or ""),
        direction="inbound" if str(message.direction or "").startswith("inbound") else "outbound",
        from_number=message.from_ or "",
        to_number=message.to or "",
        body=(message.body or "").replace("\x00", ""),  # Which no text column takes.
        created_at=created_at,
        sent_at=_with_zone(message.date_sent),
        num_media=int(message.num_media or 0),
        error_code=message.error_code,
        error_message=message.error_message or "",
        **_price(message),
    )


def _content_of(outgoing: Outgoing) -> dict[str, Any]:
    """Return what the message says, as the SDK takes it: a template alone (63016), else words, a file, or both."""
    if outgoing.content_sid:
        variables = outgoing.content_variables
        values = {"content_variables": json.dumps(variables, ensure_ascii=False)} if variables else {}
        return {"content_sid": outgoing.content_sid, **values}
    if not outgoing.media_url:
        return {"body": outgoing.body}
    return {"media_url": [outgoing.media_url], **({"body": outgoing.body} if outgoing.body else {})}


def _list_error(error: Exception) -> TwilioError:
    """Return what a list that cannot be had means: the SDK tells it by the bare response, behind its text."""
    response = error.args[1] if len(error.args) > 1 else None
    status = int(getattr(response, "status_code", 0))
    if not 400 <= status < 500 and status not in _NEVER_PROCESSED:
        return NoAnswer()
    try:
        problem = json.loads(getattr(response, "text", ""))
    except ValueError:
        problem = {}
    problem = problem if isinstance(problem, dict) else {}
    return Refused(int(problem.get("code") or status), str(problem.get("message") or ""), status)


class Twilio:
    """The gateway. `app.extensions["twilio"]` holds one; tests put a fake in its place."""

    def __init__(self, account: Account) -> None:
        self.account = account

    @cached_property
    def _client(self) -> Any:
        return self._make_client(self.account.timeout)

    @cached_property
    def _hasty_client(self) -> Any:
        """For what is worth nothing when it comes late."""
        return self._make_client(min(_HASTY_SECONDS, self.account.timeout))

    def _make_client(self, timeout: float) -> Any:
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        account = self.account
        client = Client(account.sid, account.token, http_client=TwilioHttpClient(timeout=timeout))
        if account.base_url:
            client.api.base_url = client.content.base_url = client.messaging.base_url = account.base_url
        return client

    def send(self, outgoing: Outgoing) -> RemoteMessage:
        """Give `outgoing` to Twilio. Raises Refused or NotReached (it was not sent), or NoAnswer (nobody knows)."""
        sender = {"from_": f"whatsapp:{self.account.whatsapp_number}"}
        if self.account.messaging_service_sid:
            sender = {"messaging_service_sid": self.account.messaging_service_sid}
        content = _content_of(outgoing)
        callback = {"status_callback": outgoing.status_callback} if outgoing.status_callback else {}
        create = self._client.messages.create
        return _remote(self._call(lambda: create(to=f"whatsapp:{outgoing.to}", **sender, **content, **callback)))

    def fetch(self, sid: str) -> RemoteMessage:
        """Return the message `sid` as Twilio has it now. Raises TwilioError."""
        return _remote(self._call(lambda: self._client.messages(sid).fetch()))

    def show_typing(self, sid: str) -> None:
        """Show who wrote the inbound message `sid` that it was read and that somebody is writing, for up to 25 s.

        Twilio has no way to say one without the other. Waits 3 s at most, and asks once. Raises TwilioError.
        """
        self._translate(
            lambda: self._hasty_client.messaging.v2.typing_indicator.create(channel="whatsapp", message_id=sid)
        )

    def list_since(self, since: datetime, limit: int = 100_000) -> Iterator[RemoteMessage]:
        """Yield what was sent since `since`, in and out, newest first, at most `limit`. Raises TwilioError."""
        messages, left = self._client.messages, limit
        page = self._call(lambda: messages.page(date_sent_after=since, page_size=200))
        # Page by page, and not through the SDK's stream: a stream that failed once only pretends to have ended.
        while page is not None:
            records = list(page)[:left]
            left -= len(records)
            for remote in map(_remote, records):
                if self._is_ours(remote):
                    yield remote
            page = self._call(page.next_page) if records and left else None

    def _is_ours(self, remote: RemoteMessage) -> bool:
        """Tell whether a message went through our sender."""
        return self.account.is_ours(remote.to_number if remote.direction == "inbound" else remote.from_number)

    def list_media(self, sid: str) -> list[RemoteMedia]:
        """Return the files of the message `sid`, in their order. Raises TwilioError."""
        found = self._call(lambda: self._client.messages(sid).media.list(limit=50))
        base = (self.account.base_url or "https://api.twilio.com").rstrip("/")
        return [RemoteMedia(base + str(media.uri).removesuffix(".json"), media.content_type or "") for media in found]

    def _call(self, ask: Callable[[], Answer]) -> Answer:
        """Ask once, and once more where Twilio promises that it did nothing the first time."""
        try:
            return self._translate(ask)
        except Refused as refused:
            if refused.http_status not in _NEVER_PROCESSED:
                raise
            time.sleep(_RETRY_PAUSE_SECONDS)
            return self._translate(ask)

    def _translate(self, ask: Callable[[], Answer]) -> Answer:
        from requests import ConnectionError as RequestsConnectionError
        from requests import ConnectTimeout, RequestException
        from twilio.base.exceptions import TwilioException, TwilioRestException
        from urllib3.exceptions import NewConnectionError

        try:
            return ask()
        except TwilioRestException as error:
            if error.status >= 500 and error.status not in _NEVER_PROCESSED:
                raise NoAnswer from error
            raise Refused(int(error.code or error.status), str(error.msg), int(error.status)) from error
        except ConnectTimeout as error:
            raise NotReached from error
        except RequestsConnectionError as error:
            reason = getattr(error.args[0] if error.args else None, "reason", None)
            raise (NotReached if isinstance(reason, NewConnectionError) else NoAnswer) from error
        except (RequestException, ValueError) as error:  # A 2xx that is not Twilio's JSON is no answer either.
            raise NoAnswer from error
        except TwilioException as error:
            raise _list_error(error) from error
