"""A thread as it is shown: messages in order, a line for each day of the office, and the mark before what is new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.extensions import utcnow
from app.formats import day_start, office_day
from app.whatsapp import related
from app.whatsapp.albums import go_together
from app.whatsapp.labels import day_key, row_key
from app.whatsapp.models import Message
from app.whatsapp.notices import list_told


@dataclass(frozen=True)
class Row:
    """One line of a thread: a message, a day that begins, or the mark before `new_count` unread messages.

    `key` sorts it among the others, as text. `album` is the place of a photo among those that came with it: left,
    right, or wide for the last one of an odd number; an empty text for everything that stands alone.
    """

    key: str
    message: Message | None = None
    day: date | None = None
    new_count: int = 0
    album: str = ""


def _lay_out_albums(rows: Sequence[Row]) -> list[Row]:
    """Return `rows` with photos that came together side by side, two by two; a row between them parts them."""
    laid: list[Row] = []
    start = 0
    for at in range(1, len(rows) + 1):
        if at < len(rows) and go_together(rows[at - 1].message, rows[at].message):
            continue
        group = rows[start:at]
        odd = len(group) % 2 == 1
        for place, row in enumerate(group):
            last = odd and place == len(group) - 1
            laid.append(
                row if len(group) == 1 else replace(row, album="wide" if last else ("left", "right")[place % 2])
            )
        start = at
    return laid


def build_rows(messages: Iterable[Message], *, mark_new: int = 0, days: Iterable[date] = ()) -> list[Row]:
    """Return the rows of `messages`, oldest first; `mark_new` unread ones get their mark if their first is here.

    `days` have a row in any case.
    """
    rows: dict[str, Row] = {}
    unread: list[Message] = []
    messages = list(messages)
    for day in {*days, *(office_day(message.sent_at) for message in messages)}:
        start = day_key(day_start(day))
        rows[start] = Row(start, day=day)
    for message in messages:
        rows[row_key(message)] = Row(row_key(message), message=message)
        if message.inbound and message.read_at is None:
            unread.append(message)
    if mark_new and unread:
        first = min(unread, key=row_key)
        before = row_key(first)[:-1]  # Shorter, and so before it.
        rows[before] = Row(before, new_count=mark_new)
    return _lay_out_albums([rows[key] for key in sorted(rows)])


def thread_context(messages: Sequence[Message], *, mark_new: int = 0, days: Iterable[date] = ()) -> dict[str, Any]:
    """Return what `_rows.html` shows of `messages`: their rows, and what their bubbles ask of other messages."""
    return {
        "rows": build_rows(messages, mark_new=mark_new, days=days),
        "quoted": related.list_quoted(messages),
        "reactions": related.list_reactions(messages),
        "retried": related.list_retried(messages),
        "told": list_told(messages),
        "newest": max((message.id for message in messages), default=0),
        "now": utcnow(),
    }
