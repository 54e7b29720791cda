"""The 24 hours: WhatsApp lets a business write freely only until a day after the client's last message."""

from __future__ import annotations

from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)
CLOSING_SOON = timedelta(hours=2)


def window_after(sent_at: datetime) -> datetime:
    """Return when the window that a client's message of `sent_at` opened will close."""
    return sent_at + WINDOW


def later(first: datetime | None, second: datetime) -> datetime:
    """Return the later of two moments: an old message that arrives late must not shorten the window."""
    return second if first is None or second > first else first


def is_open(expires_at: datetime | None, now: datetime) -> bool:
    """Tell whether free text may be sent at `now` while the window closes at `expires_at`, None for never opened."""
    return expires_at is not None and now < expires_at


def told_of(told_at: datetime | None, expires_at: datetime) -> bool:
    """Tell whether staff were told, at `told_at`, of the very window that closes at `expires_at`."""
    return told_at is not None and told_at > expires_at - WINDOW
