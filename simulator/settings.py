"""What a simulator needs to know before it starts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
E164 = re.compile(r"\+[1-9]\d{6,14}")


class SettingsError(ValueError):
    """A setting is missing or wrong; the message is one sentence that names it."""


@dataclass(frozen=True)
class Settings:
    """The account the simulator plays, where it posts, and how fast messages travel (delays in seconds)."""

    account_sid: str
    auth_token: str = field(repr=False)
    number: str
    webhook_url: str
    sample: Path | None = None
    public_url: str = "http://127.0.0.1:4020"
    sent_after: float = 0.4
    delivered_after: float = 0.8
    read_after: float = 1.5
    priced_after: float = 3

    def __post_init__(self) -> None:
        object.__setattr__(self, "number", self.number.removeprefix("whatsapp:"))
        object.__setattr__(self, "public_url", self.public_url.rstrip("/"))
        if not ACCOUNT_SID.fullmatch(self.account_sid):
            raise SettingsError("The account SID must be AC followed by 32 hexadecimal digits.")
        if not self.auth_token:
            raise SettingsError("The auth token is missing.")
        if not E164.fullmatch(self.number):
            raise SettingsError("The WhatsApp number must be written like +14155550100.")
        if not is_web_url(self.webhook_url):
            raise SettingsError("The webhook URL must be a full http or https address.")
        if self.sample is not None and not self.sample.is_file():
            raise SettingsError(f"The sample file {self.sample} does not exist.")
        if min(self.sent_after, self.delivered_after, self.read_after, self.priced_after) < 0:
            raise SettingsError("The delays cannot be negative.")

    @property
    def address(self) -> str:
        """Return the office's number the way Twilio writes it, `whatsapp:+...`."""
        return f"whatsapp:{self.number}"


def is_web_url(url: str) -> bool:
    """Tell whether `url` is an absolute http or https address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
