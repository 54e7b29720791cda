"""A thread as it is shown: messages in order, a separator for each day, and the mark before what is new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from app.formats import app_zone, to_local
from app.whatsapp.labels import day_key, row_key
from app.whatsapp.models import Message


@dataclass(frozen=True)
class Row:
    """One line of a thread: a message, a day that begins, or the mark before `new_count` unread messages.

    `key` sorts it among the others, as text.
    """

    key: str
    message: Message | None = None
    day: date | None = None
    new_count: int = 0


def build_rows(messages: Iterable[Message], *, mark_new: int = 0) -> list[Row]:
    """Return the rows of `messages`, oldest first; `mark_new` unread ones get their mark if their first is here."""
    rows: dict[str, Row] = {}
    unread: list[Message] = []
    for message in messages:
        day = to_local(message.sent_at).date()
        start = day_key(datetime.combine(day, time.min, app_zone()))
        rows[start] = Row(start, day=day)
        rows[row_key(message)] = Row(row_key(message), message=message)
        if message.inbound and message.read_at is None:
            unread.append(message)
    if mark_new and unread:
        first = min(unread, key=row_key)
        before = row_key(first)[:-1]  # Shorter, and so before it.
        rows[before] = Row(before, new_count=mark_new)
    return [rows[key] for key in sorted(rows)]
