"""Where a page of a list ended, as a program carries it from one request to the next."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date, time
from typing import NamedTuple

from app.extensions import LARGEST_INT

_FORM = re.compile(r"([0-9-]{10}) ([0-9:.]{8,15}) ([0-9]{1,10})", re.ASCII)


class Position(NamedTuple):
    """The place of one coordinación in the order of a list; what has no day or hour has the order's furthest one."""

    day: date
    hour: time
    id: int


def format_cursor(position: Position) -> str:
    """Return `position` as an opaque text that fits a URL."""
    text = f"{position.day.isoformat()} {position.hour.isoformat()} {position.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_cursor(cursor: str) -> Position | None:
    """Return the position that format_cursor wrote, or None when it wrote no such thing."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        match = _FORM.fullmatch(text)
        if match is None:
            return None
        number = int(match[3])
        if number > LARGEST_INT:
            return None
        return Position(date.fromisoformat(match[1]), time.fromisoformat(match[2]), number)
    except (binascii.Error, ValueError):
        return None
