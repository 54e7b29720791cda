"""Posting to the app the way Twilio does: signed, form encoded, retried once when nobody answers the door."""

from __future__ import annotations

import http.client
import ssl
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

from twilio.request_validator import RequestValidator

from simulator.records import utcnow
from simulator.settings import is_web_url
from simulator.state import World

CONNECT_SECONDS = 5
READ_SECONDS = 15
ANSWER_LIMIT = 64 * 1024
REDIRECTS = (301, 302, 303, 307, 308)

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Parcel:
    """What is to be posted: `kind` is `inbound` or `status`; the parameters keep their order."""

    kind: str
    message_sid: str
    url: str
    parameters: Parameters


@dataclass(frozen=True)
class Delivery:
    """One attempt to post, for the log. `status_code` is None when no answer came; `error` then says why."""

    kind: str
    message_sid: str
    url: str
    parameters: dict[str, str]
    attempt: int
    started_at: datetime
    seconds: float
    status_code: int | None
    error: str | None
    content_type: str = ""
    answer: str = ""
    connected: bool = True

    @property
    def succeeded(self) -> bool:
        """Tell whether the app answered with a 2xx status."""
        return self.status_code is not None and 200 <= self.status_code < 300


def signed_headers(auth_token: str, url: str, parameters: Parameters, spoil: bool = False) -> dict[str, str]:
    """Return Twilio's headers for a post. `url` is signed as it is asked for, so without its fragment."""
    signature = RequestValidator(auth_token + ("x" if spoil else "")).compute_signature(url, dict(parameters))
    return {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
        "X-Twilio-Signature": signature,
        "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
    }


def post(world: World, parcel: Parcel, spoil: bool = False) -> Delivery:
    """Post a parcel, once more when the connection could not be made (Twilio's default), and log each attempt."""
    url = urldefrag(parcel.url).url
    headers = signed_headers(world.settings.auth_token, url, parcel.parameters, spoil)
    for attempt in (1, 2):
        delivery = _attempt(parcel, url, headers, attempt)
        with world.changing():
            world.log.append(delivery)
        if delivery.connected:
            break
    return delivery


def _attempt(parcel: Parcel, url: str, headers: dict[str, str], attempt: int) -> Delivery:
    started_at, clock = utcnow(), time.monotonic()
    connection = _connection(url)
    status_code, error, content_type, answer, connected = None, None, "", "", False
    try:
        connection.connect()
        connected = True
        connection.sock.settimeout(READ_SECONDS)
        connection.request("POST", _target(url), urlencode(parcel.parameters).encode(), headers)
        response = connection.getresponse()
        status_code, content_type = response.status, response.headers.get_content_type()
        answer = response.read(ANSWER_LIMIT).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as problem:
        error = f"{type(problem).__name__}: {problem}"
    finally:
        connection.close()
    seconds = round(time.monotonic() - clock, 3)
    names = dict(parcel.parameters)
    where = (parcel.kind, parcel.message_sid, url, names, attempt, started_at, seconds)
    return Delivery(*where, status_code, error, content_type, answer, connected)


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(parts.netloc, timeout=CONNECT_SECONDS, context=context)
    return http.client.HTTPConnection(parts.netloc, timeout=CONNECT_SECONDS)


def _target(url: str) -> str:
    """Return path and query exactly as written: a single re-encoded character would break the signature."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return (parts.path or "/") + query


@dataclass(frozen=True)
class Fetched:
    """A file as its server gave it, no longer than asked for and one byte more, with its type and its name if told."""

    data: bytes
    content_type: str
    file_name: str | None


def fetch(url: str, limit: int, method: str = "GET", redirects: int = 3) -> Fetched | None:
    """Ask for a media file as Twilio does; None when it does not come or is not 200. Reads `limit` + 1 bytes."""
    connection = _connection(url)
    try:
        connection.request(method, _target(url), headers={"User-Agent": "TwilioMedia/1.1", "Accept": "*/*"})
        response = connection.getresponse()
        place = urljoin(url, response.headers.get("Location", ""))
        if response.status in REDIRECTS and redirects and is_web_url(place):
            return fetch(place, limit, method, redirects - 1)
        data = response.read(limit + 1)
        headers = response.headers
        return Fetched(data, headers.get_content_type(), headers.get_filename()) if response.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
