"""A thread as it is shown: messages in order, a line for each day of the office, and the mark before what is new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from app.formats import day_start, office_day
from app.whatsapp.attachments.labels import media_kind, media_state
from app.whatsapp.delivery import FAILED
from app.whatsapp.inbox.bubbles import day_key, row_key
from app.whatsapp.models import Message

# Several photos chosen at once come as so many messages, seconds apart.
_PAUSE = timedelta(seconds=90)
# How far around a photo its album is looked for.
REACH = timedelta(minutes=5)
_TROUBLED = {*FAILED, "unconfirmed"}


def is_photo(message: Message) -> bool:
    """Tell whether a message is one photo and nothing else, so that it may stand in an album."""
    alone = message.type == "image" and len(message.media) == 1 and not message.body.strip()
    plain = alone and message.reply_to_sid is None and message.status not in _TROUBLED
    return plain and media_kind(message.media[0], message) == "image" and media_state(message.media[0]) != "failed"


def go_together(first: Message | None, second: Message | None) -> bool:
    """Tell whether two messages, one after the other, are photos of one album."""
    if first is None or second is None or first.direction != second.direction:
        return False
    return is_photo(first) and is_photo(second) and second.sent_at - first.sent_at <= _PAUSE


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
