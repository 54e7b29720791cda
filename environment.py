"""One setting of the environment at a time: read, typed, or refused with a sentence that names it and its fix.

Those that only make sense together are read together.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import time
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from click import ClickException

# How many private keys the curve has (FIPS 186-4, D.1.2.3).
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class ConfigError(ClickException):
    """A setting is missing or cannot be used; one sentence, which every `flask` command shows, names it and its fix."""


def require(env: Mapping[str, str], name: str, fix: str) -> str:
    """Return a setting that must be there. Raises ConfigError with the `fix`."""
    value = env.get(name, "").strip()
    if not value:
        raise ConfigError(f"{name} is not set: {fix}")
    return value


def _shown(value: str) -> str:
    """Return how a refused value is shown: not at all where it may be an address with a password, or a key."""
    return "what is there" if len(value) > 40 or "@" in value or "://" in value else repr(value)


def server_address(name: str, value: str) -> str:
    """Return the address of a server as it is. Raises ConfigError where programs would take part of it for another.

    A letter of the password that means something in an address makes them look for a host of that name, and say so.
    """
    try:
        parts = urlsplit(value)
        clear = parts.netloc.count("@") <= 1 and "@" not in parts.path + parts.fragment
        _ = parts.port
    except ValueError:
        clear = False
    if not clear:
        raise ConfigError(
            f"{name} cannot be read: in its password write @ as %40, / as %2F, : as %3A, # as %23, ? as %3F."
        )
    return value


def flag(env: Mapping[str, str], name: str, default: bool) -> bool:
    """Return a yes or no. Raises ConfigError."""
    value = env.get(name, "").strip().lower()
    if value in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return default if not value else value in ("1", "true", "yes", "on")
    raise ConfigError(f"{name} must be 1 or 0, not {_shown(value)}.")


def number(env: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole number from 0 up. Raises ConfigError."""
    value = env.get(name, "").strip()
    if value and not (value.isascii() and value.isdigit()):
        raise ConfigError(f"{name} must be a whole number, not {_shown(value)}.")
    return int(value) if value else default


def end_of_day(env: Mapping[str, str], name: str, default: time) -> time:
    """Return the hour of the office's clock at which its day ends, from midnight to noon. Raises ConfigError."""
    value = env.get(name, "").strip()
    found = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9])", value)
    hour, minute = (int(found[1]), int(found[2])) if found else (0, 0)
    if value and (found is None or (hour, minute) > (12, 0)):
        raise ConfigError(f"{name} must be an hour from 0:00 to 12:00, such as 6:00, not {_shown(value)}.")
    return time(hour, minute) if found else default


def timezone_name(env: Mapping[str, str], name: str, default: str) -> str:
    """Return the name of a time zone that this machine knows. Raises ConfigError."""
    value = env.get(name, "").strip() or default
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            f"{name} {_shown(value)} is not a known time zone, such as America/Argentina/Buenos_Aires."
        ) from None
    return value


def whole_url(env: Mapping[str, str], name: str) -> str:
    """Return an address with its scheme and host, or nothing. Raises ConfigError."""
    value = env.get(name, "").strip()
    try:
        parts = urlsplit(value)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # A bracket without its pair, for one.
        whole = False
    if value and not whole:
        raise ConfigError(f"{name} must be a whole URL that starts with https://.")
    return value


def matching(env: Mapping[str, str], name: str, pattern: str, shape: str, default: str = "") -> str:
    """Return a setting that is absent or looks like `pattern`; one in the wrong place is found at start."""
    value = env.get(name, "").strip() or default
    if value and not re.fullmatch(pattern, value):
        raise ConfigError(f"{name} must be {shape}.")
    return value


def whatsapp_number(env: Mapping[str, str]) -> str:
    """Return the number that the office writes from, with its country code, or nothing. Raises ConfigError."""
    name = "TWILIO_WHATSAPP_NUMBER"
    bare = {name: re.sub(r"[\s().-]", "", env.get(name, "")).removeprefix("whatsapp:")}
    return matching(bare, name, r"\+[1-9]\d{6,14}", "a number with its country code, such as +14155238886")


def one_of(env: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    """Return one of the `allowed` words, however its letters are written. Raises ConfigError."""
    value = env.get(name, "").strip() or default
    for word in allowed:
        if word.lower() == value.lower():
            return word
    raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {_shown(value)}.")


def _vapid_key(env: Mapping[str, str]) -> str:
    """Return the private key of web push: 32 bytes in base64url that are a number of the curve P-256 (RFC 8292)."""
    name, shape = "VAPID_PRIVATE_KEY", "the private key that `flask push keys` prints, or nothing"
    value = matching(env, name, r"[A-Za-z0-9_-]{43}", shape)
    if value and not 0 < int.from_bytes(base64.urlsafe_b64decode(value + "=")) < _P256_ORDER:
        raise ConfigError(f"{name} must be {shape}.")
    return value


def push_settings(env: Mapping[str, str], services: tuple[str, ...]) -> dict[str, Any]:
    """Return the settings of web push; without a key nobody is asked whether they want any. Raises ConfigError."""
    subject = (r"(mailto:\S+@\S+|https://\S+)", "mailto: and an address, or an https:// page, where you can be reached")
    # A service on this machine is for tests; everything else is reached by https, under a name of a push service.
    service = r"(\.?[a-z0-9.-]+\.[a-z]{2,}|http://(127\.0\.0\.1|localhost):\d+)"
    names = (rf"{service}(\s+{service})*", "names of push services, with spaces between them")
    private_key = _vapid_key(env)
    if private_key:
        require(
            env, "VAPID_SUBJECT", "push services refuse whoever cannot be reached; set it to mailto:you@example.com."
        )
    return {
        "VAPID_PRIVATE_KEY": private_key,
        "VAPID_SUBJECT": matching(env, "VAPID_SUBJECT", *subject),
        "PUSH_SERVICES": tuple(matching(env, "PUSH_SERVICES", *names).split()) or services,
    }


def mail_settings(env: Mapping[str, str], minutes: int) -> dict[str, Any]:
    """Return the settings of what is said when nobody answers, by mail too where SMTP is set. Raises ConfigError.

    `minutes` is after how long, unless the environment says otherwise.
    """
    url = matching(
        env, "SMTP_URL", r"smtps?://(\S+@)?[^\s@/:]+(:\d+)?/?", "smtp://USER:PASSWORD@HOST:587, smtps:// or nothing"
    )
    if url:
        require(env, "MAIL_FROM", "a mail comes from somebody; set it to an address that SMTP_URL may send from.")
    return {
        "UNANSWERED_MINUTES": number(env, "UNANSWERED_MINUTES", minutes),
        "SMTP_URL": server_address("SMTP_URL", url),
        "MAIL_FROM": matching(env, "MAIL_FROM", r"[^@\s<>]+@[^@\s<>]+", "an address, such as coordina@example.com"),
    }
