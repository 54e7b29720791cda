"""What in people's words leads somewhere: addresses with and without https://, mail addresses, phone numbers, places.

Every link shows what it leads to, and an address that could deceive stays text. Addresses without their scheme and mail
are found by linkify-it-py, phones by phonenumbers; both are loaded by the first text that may hold such a thing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from flask import Flask, current_app
from markupsafe import Markup, escape

from app.phones import find_phones

if TYPE_CHECKING:
    from linkify_it import LinkifyIt

_LINK = re.compile(r"https?://[^\s<>\"\x60]+", re.IGNORECASE)
_HOST = re.compile(
    r"https?://((?:[^\s/?#@:\\.\[\]]{1,63}\.)+[^\s/?#@:\\.\[\]]{2,63})(?::[0-9]{1,5})?(?:[/?#].*)?", re.IGNORECASE
)
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")
_LONGEST_LINK = 2000
_ACCENTED = frozenset("áéíóúüñàèìòùâêîôûãõäëïöç")
_TRAILING = ".,;:!?'*_~…»”’"
_PAIRS = {")": "(", "]": "[", "}": "{"}
# Ends of hosts that are written without https:// here. Those that are words too (hola.es, dale.me) need a path, since
# many people leave no space after a full stop.
_PLAIN_ENDS = frozenset(("com", "net", "org", "edu", "gov", "gob", "info", "biz", "app", "dev", "ar", "uy", "cl", "br"))
_PLAIN_ENDS |= {"py", "bo", "pe", "club", "events", "studio", "music", "online", "page", "shop", "site"}
_ENDS_WITH_PATH = frozenset(
    ("es", "me", "gl", "ly", "be", "co", "fm", "tv", "io", "it", "us", "uk", "eu", "gle", "link")
)
_ENDS_WITH_PATH |= {"live", "store", "xyz", "world", "to", "cc", "ws"}


class Link(NamedTuple):
    """A part of a text, from `start` to before `end`, that leads to `href`."""

    start: int
    end: int
    href: str


def find_links(line: str, region: str = "") -> list[Link]:
    """Return the links of one line in their order; they do not overlap.

    With `region`, the country whose phones are written without a code (ISO), also what has no https:// before it, mail
    addresses and phones; without, only whole addresses.
    """
    taken = [(found.start(), found.end()) for found in _LINK.finditer(line)]
    links = [link for start, end in taken if (link := _whole(line, start, end))]
    if region:
        for link in (*_fuzzy(line), *_phones(line, region)):
            if all(link.end <= start or end <= link.start for start, end in taken):
                links.append(link)
                taken.append((link.start, link.end))
    return sorted(links)


def _whole(line: str, start: int, end: int) -> Link | None:
    address = _trim(line[start:end])
    begins = start == 0 or not line[start - 1].isalnum()
    return Link(start, start + len(address), address) if begins and is_safe_link(address) else None


def _fuzzy(line: str) -> Iterator[Link]:
    if "@" not in line and not re.search(r"\w\.\w", line):
        return
    for found in _finder().match(line) or ():
        text = _trim(found.text)
        end = found.index + len(text)
        if found.url.startswith("mailto:") and not found.text.lower().startswith("mailto:"):
            if _MAIL.fullmatch(text):
                yield Link(found.index, end, f"mailto:{text}")
        elif not found.schema and _is_meant(text) and is_safe_link(f"https://{text}"):
            yield Link(found.index, end, f"https://{text}")


def _is_meant(address: str) -> bool:
    """Tell whether a host without https:// is one, and not two sentences without a space between them."""
    host, slash, path = address.partition("/")
    end = host.rpartition(".")[2]
    return host.lower().startswith("www.") or end in _PLAIN_ENDS or bool(slash and path and end in _ENDS_WITH_PATH)


def _phones(line: str, region: str) -> Iterator[Link]:
    return (Link(start, end, f"tel:{number}") for start, end, number in find_phones(line, region))


@lru_cache(maxsize=1)
def _finder() -> LinkifyIt:
    from linkify_it import LinkifyIt

    return LinkifyIt({}, {"fuzzy_ip": False}).tlds(sorted(_PLAIN_ENDS | _ENDS_WITH_PATH))


def _trim(address: str) -> str:
    """Return `address` without the punctuation of the sentence around it; a closing bracket stays if it was opened."""
    surplus = {close: address.count(close) - address.count(opening) for close, opening in _PAIRS.items()}
    end = len(address)
    while end and (address[end - 1] in _TRAILING or surplus.get(address[end - 1], 0) > 0):
        if address[end - 1] in surplus:
            surplus[address[end - 1]] -= 1
        end -= 1
    return address[:end]


def is_safe_link(address: str) -> bool:
    """Tell whether `address` leads where it seems to: to a named host of the web, in letters that do not deceive.

    Nothing invisible or right-to-left in it, no name and password before the host, no backslash; and a host in letters
    that Spanish and its neighbours do not use is left as text, since it may look like another.
    """
    if len(address) > _LONGEST_LINK or any(unicodedata.category(letter)[0] in "CZ" for letter in address):
        return False
    found = _HOST.fullmatch(address)
    return found is not None and "\\" not in address and all(map(_is_plain, found[1]))


def _is_plain(letter: str) -> bool:
    return letter in ".-" or (letter.isascii() and letter.isalnum()) or letter.lower() in _ACCENTED


def link_html(text: str, href: str) -> str:
    """Return `text` as the HTML of a link to `href`; what leads out of Coordina opens beside it.

    Its own direction keeps out a mark before it (U+202E), by which moc.live reads as evil.com (HTML, 15.3.6).
    """
    outside = ' rel="noopener noreferrer nofollow" target="_blank"' if href.startswith("http") else ""
    return f'<a dir="ltr" href="{escape(href)}"{outside}>{escape(text)}</a>'


def link_words(text: str) -> Markup:
    """Return `text` as HTML with its links, its lines as they were."""
    return Markup("\n".join(_linked(line) for line in text.split("\n")))  # noqa: S704  Escaped piece by piece.


def _linked(line: str) -> str:
    pieces, at = [], 0
    for link in find_links(line, current_app.config["DEFAULT_REGION"]):
        pieces += [str(escape(line[at : link.start])), link_html(line[link.start : link.end], link.href)]
        at = link.end
    return "".join([*pieces, str(escape(line[at:]))])


def search_on_map(place: str) -> str:
    """Return the address at which a map looks for a place by its name: nobody but who clicks tells it to the map."""
    return f"https://www.google.com/maps/search/?{urlencode({'api': 1, 'query': place})}"


def init_app(app: Flask) -> None:
    """Give these to `app`'s templates."""
    for function in (link_words, search_on_map):
        app.add_template_filter(function, function.__name__)
