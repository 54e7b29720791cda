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


class Unusable(Exception):
    """Nothing can ever be told to the device: its keys are none, or its address is none."""


_PLAIN_HOST = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*|[0-9a-f:]+")


def is_known(endpoint: str, services: tuple[str, ...]) -> bool:
    """Tell whether `endpoint`, which any browser may invent, belongs to one of the push `services`.

    A list of names, and not a look at addresses: those may change between the look and the call.
    """
    try:
        parts = urlsplit(endpoint)
        host, place = (parts.hostname or "").lower(), parts.netloc.lower()
    except ValueError:
        return False
    # Nothing but a plain name: a backslash would end the host for whoever calls it, and not here.
    if not _PLAIN_HOST.fullmatch(host):
        return False
    if not endpoint.isascii() or len(endpoint) > 1000:
        return False
    if f"{parts.scheme}://{parts.netloc}" in services:
        return True
    named = any(host == name or (name[0] == "." and host.endswith(name)) for name in services if "://" not in name)
    # The whole place: neither who signs in there, nor another port, nor one that is empty or written oddly.
    return parts.scheme == "https" and place in (host, f"{host}:443") and named


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

    vapid = Vapid02.from_string(private_key)
    # Who can be reached was looked at when the app started; py_vapid refuses pages that RFC 8292 (2.1) allows.
    vapid.conf["no-strict"] = True
    return vapid


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read_base64url(text: str) -> bytes:
    """Return the bytes that `text` says in base64url without padding; none when it is anything else."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
    return raw if _base64url(raw) == text else b""


def has_keys(p256dh: str, auth: str) -> bool:
    """Tell whether these are a device's keys (RFC 8291, 3.1 and 3.2): an uncompressed point of P-256, and 16 bytes."""
    from cryptography.hazmat.primitives.asymmetric import ec

    point = _read_base64url(p256dh)
    if len(point) != 65 or point[0] != 4 or len(_read_base64url(auth)) != 16:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:  # It lies beside the curve.
        return False
    return True


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


def _seal(device: Device, payload: dict[str, Any], vapid: Any, subject: str) -> tuple[bytes, dict[str, str]]:
    """Return `payload` as only the device can read it, and the header that says who sends it. Raises Unusable."""
    from py_vapid import VapidException
    from pywebpush import WebPusher, WebPushException

    keys = {"p256dh": device.p256dh, "auth": device.auth}
    words = json.dumps(payload, ensure_ascii=False).encode()
    expires = int((datetime.now(UTC) + timedelta(hours=12)).timestamp())
    try:
        parts = urlsplit(device.endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": subject, "exp": expires}
        sealed = WebPusher({"endpoint": device.endpoint, "keys": keys}).encode(words, "aes128gcm")["body"]
        return sealed, vapid.sign(claims)
    except (WebPushException, VapidException, ValueError, IndexError) as error:  # The last for keys of no bytes.
        raise Unusable from error


def push(
    device: Device, payload: dict[str, Any], topic: str, ttl: timedelta, private_key: str, subject: str
) -> Outcome:
    """Hand `payload` to the device's push service, which keeps the newest of a `topic` for `ttl`.

    Raises Unreachable, and Unusable for a device that nothing can be told to.
    """
    import requests

    sealed, signed = _seal(device, payload, _vapid(private_key), subject)
    headers = {
        **signed,
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
    return Outcome(answer.status_code, _wait(answer.headers.get("Retry-After"), datetime.now(UTC)))
