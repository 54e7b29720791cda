"""Pages of a list, in the two forms that Twilio's APIs use. Every list ends: the last page names no next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from flask import request

Item = TypeVar("Item")
PAGING_NAMES = ("PageSize", "Page", "PageToken")
DEFAULT_SIZE, LARGEST_SIZE = 50, 1000


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page and the addresses around it, relative to the host."""

    items: Sequence[Item]
    number: int
    size: int
    first: str
    this: str
    next: str | None
    previous: str | None


def _number(name: str, default: int, lowest: int, highest: int) -> int:
    value = request.args.get(name, default, type=int)
    return max(lowest, min(value, highest))


def page_of(items: Sequence[Item], sids: Sequence[str]) -> Page[Item]:
    """Cut the requested page out of `items`.

    The token names the last item already seen, so that a message that arrives between two pages shifts nothing.
    """
    size = _number("PageSize", DEFAULT_SIZE, 1, LARGEST_SIZE)
    number = _number("Page", 0, 0, 1_000_000)
    token = request.args.get("PageToken", "")
    seen = token.removeprefix("PA")
    start = sids.index(seen) + 1 if seen in sids else number * size
    shown = items[start : start + size]
    more = start + size < len(items)
    return Page(
        items=shown,
        number=number,
        size=size,
        first=_address(size, 0),
        this=_address(size, number, token),
        next=_address(size, number + 1, "PA" + sids[start + size - 1]) if more else None,
        previous=_address(size, number - 1) if number else None,
    )


def _address(size: int, number: int, token: str = "") -> str:
    filters = [(name, value) for name, value in request.args.items(multi=True) if name not in PAGING_NAMES]
    names = [*filters, ("PageSize", str(size)), ("Page", str(number)), *([("PageToken", token)] if token else [])]
    return f"{request.path}?{urlencode(names)}"


def uri_envelope(page: Page[Item]) -> dict[str, object]:
    """Return the paging members of the 2010 API; they stand beside the list."""
    start = page.number * page.size
    return {
        "first_page_uri": page.first,
        "next_page_uri": page.next,
        "previous_page_uri": page.previous,
        "uri": page.this,
        "page": page.number,
        "page_size": page.size,
        "start": start,
        "end": max(start, start + len(page.items) - 1),
    }


def meta_envelope(page: Page[Item], key: str, base: str) -> dict[str, object]:
    """Return the `meta` member of the newer APIs, with absolute addresses."""
    return {
        "key": key,
        "page": page.number,
        "page_size": page.size,
        "first_page_url": base + page.first,
        "url": base + page.this,
        "next_page_url": base + page.next if page.next else None,
        "previous_page_url": base + page.previous if page.previous else None,
    }
