"""Push services (RFC 8030), spoken to through pywebpush: encrypted for one device (RFC 8291), signed (RFC 8292).

Loaded late: it needs `cryptography`, which no webhook and no poll waits for.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = (3.0, 7.0)
_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class Device:
    """Where a browser is reached, and the keys it reads with, as it gave them."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True)
class Outcome:
    """What became of one push: taken, gone (there is no such device any more), or neither, to be tried again later."""

    status: int
    retry_after: timedelta | None = None

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status in (404, 410)


class Unreachable(Exception):
    """The push service did not answer, or not in time."""


_PLAIN_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:]+")


def is_known(endpoint: str, services: tuple[str, ...]) -> bool:
    """Tell whether `endpoint`, which any browser may invent, belongs to one of the push `services`.

    A list of names, and not a look at addresses: those may change between the look and the call.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    # Nothing but a plain name: a backslash would end the host for whoever calls it, and not here.
    if not _PLAIN_HOST.fullmatch(host):
        return False
    if parts.username is not None or parts.password is not None or not endpoint.isascii() or len(endpoint) > 1000:
        return False
    if f"{parts.scheme}://{parts.netloc}" in services:
        return True
    named = any(host == name or (name[0] == "." and host.endswith(name)) for name in services if "://" not in name)
    return parts.scheme == "https" and port in (None, 443) and named


def _wait(text: str | None, now: datetime) -> timedelta | None:
    """Return what a Retry-After says (RFC 9110, 10.2.3: seconds or a date), an hour at most."""
    if not text:
        return None
    try:
        wait = timedelta(seconds=int(text)) if text.isdigit() else parsedate_to_datetime(text) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(seconds=1)), _LONGEST_WAIT)


@lru_cache(maxsize=2)
def _vapid(private_key: str) -> Any:
    from py_vapid import Vapid02

    return Vapid02.from_string(private_key)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _point(vapid: Any) -> str:
    numbers = vapid.public_key.public_numbers()
    return _base64url(b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))


@lru_cache(maxsize=2)
def public_key(private_key: str) -> str:
    """Return the public half, as browsers want it: an uncompressed point of P-256 in base64url."""
    return _point(_vapid(private_key))


def make_keys() -> tuple[str, str]:
    """Return a new private key, and its public half."""
    from py_vapid import Vapid02

    vapid = Vapid02()
    vapid.generate_keys()
    return _base64url(vapid.private_key.private_numbers().private_value.to_bytes(32, "big")), _point(vapid)


def push(
    device: Device, payload: dict[str, Any], topic: str, ttl: timedelta, private_key: str, subject: str
) -> Outcome:
    """Hand `payload` to the device's push service, which keeps the newest of a `topic` for `ttl`.

    Raises Unreachable, and ValueError for a device whose keys are none.
    """
    import requests
    from pywebpush import WebPusher

    keys = {"p256dh": device.p256dh, "auth": device.auth}
    words = json.dumps(payload, ensure_ascii=False).encode()
    sealed = WebPusher({"endpoint": device.endpoint, "keys": keys}).encode(words, "aes128gcm")["body"]
    parts, now = urlsplit(device.endpoint), datetime.now(UTC)
    expires = int((now + timedelta(hours=12)).timestamp())
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": subject, "exp": expires}
    headers = {
        **_vapid(private_key).sign(claims),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(int(ttl.total_seconds())),
        "Urgency": "high",
        "Topic": topic,
    }
    try:
        # A redirect would lead where nobody looked.
        answer = requests.post(
            device.endpoint, data=sealed, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True
        )
        answer.close()
    except requests.RequestException as error:
        raise Unreachable from error
    return Outcome(answer.status_code, _wait(answer.headers.get("Retry-After"), now))
