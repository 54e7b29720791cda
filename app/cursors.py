"""Lists that are read a page at a time: a page, and where the next one begins, as text that fits a URL.

A cursor is a row's place in the order of its list, so rows that come or go make a list neither skip nor repeat others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Generic, TypeVar

from app.extensions import LARGEST_ID

Row = TypeVar("Row")
Place = tuple[Any, ...]
_SHAPES = {
    datetime: r"([0-9]{8}T[0-9]{6}\.[0-9]{6})",
    date: r"([0-9]{8})",
    time: r"([0-9]{6}\.[0-9]{6})",
    int: r"([0-9]{1,18})",
}


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and where the next ones begin; `next_cursor` is None at the end."""

    items: Sequence[Row]
    next_cursor: str | None


def page_of(rows: Sequence[Row], limit: int, place_of: Callable[[Row], Place]) -> Page[Row]:
    """Return the page of the first `limit` of `rows`, which hold one more where more follow.

    `place_of` tells the place of a row: the values that its list is ordered by, the last one its id.
    """
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], write_cursor(*place_of(last)) if last is not None else None)


def write_cursor(*place: datetime | date | time | int) -> str:
    """Return a place as text; moments are written in UTC."""
    return "-".join(map(_write, place))


def _write(value: datetime | date | time | int) -> str:
    if isinstance(value, datetime):
        text = value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    elif isinstance(value, time):
        text = value.isoformat(timespec="microseconds")
    else:
        text = value.isoformat() if isinstance(value, date) else str(value)
    return re.sub("[-:]", "", text)


def parse_cursor(cursor: str, *kinds: type, largest_id: int = LARGEST_ID) -> Place | None:
    """Return the place that `write_cursor` wrote, whose values are of these `kinds`; None for anything else.

    The ids of the list go up to `largest_id`.
    """
    found = re.fullmatch("-".join(_SHAPES[kind] for kind in kinds), cursor)
    if found is None:
        return None
    try:
        place = tuple(_read(text, kind) for text, kind in zip(found.groups(), kinds, strict=True))
    except ValueError:  # A 13th month, for one.
        return None
    return place if place[-1] <= largest_id else None


def _read(text: str, kind: type) -> Any:
    if kind is datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    if kind is date:
        return date.fromisoformat(text)
    return time.fromisoformat(text) if kind is time else int(text)
