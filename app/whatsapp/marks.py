"""WhatsApp's marks in what people write, as HTML: *bold*, _italic_, ~struck~, code, lists, quotes; and links.

Every character of the text comes out escaped, but for the marks themselves; tags are only those written here. Each
character is looked at a bounded number of times, whatever was written.
The rules are WhatsApp's own (its help page "How to format your messages"): a mark hugs its words, stands where a word
begins or ends, and closes on the line where it was opened; only ```code``` goes over several lines.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

from markupsafe import Markup, escape

_MARKS = {"*": "strong", "_": "em", "~": "s"}
_FENCE = "```"
_BULLET = re.compile(r"[*\-•] +(?=\S)")
_NUMBER = re.compile(r"([0-9]{1,3})\. +(?=\S)")
_QUOTE = re.compile(r"> ?(?=\S)")
_LINK = re.compile(r"https?://[^\s<>\"\x60]+", re.IGNORECASE)
_HOST = re.compile(
    r"https?://((?:[^\s/?#@:\\.\[\]]{1,63}\.)+[^\s/?#@:\\.\[\]]{2,63})(?::[0-9]{1,5})?(?:[/?#].*)?", re.IGNORECASE
)
_BLOCK_TAG = re.compile(r"</?(?:pre|blockquote|[uo]l|li)\b[^>]*>")
_LONGEST_LINK = 2000
_ACCENTED = frozenset("áéíóúüñàèìòùâêîôûãõäëïöç")
_TRAILING = ".,;:!?'*_~…»”’"
_PAIRS = {")": "(", "]": "[", "}": "{"}


def render_marks(text: str) -> Markup:
    """Return `text` as HTML that may stand in a page: blocks for code, lists and quotes, all else as it was written."""
    pieces = text.replace("\r\n", "\n").split(_FENCE)
    made: list[str] = []
    at = 0
    while at < len(pieces):
        # A fence that nothing closes, or with nothing in it, is three characters like any others.
        if at % 2 and at + 1 < len(pieces) and pieces[at].strip():
            made.append(f"<pre><code>{escape(pieces[at].strip(chr(10)))}</code></pre>")
            pieces[at + 1] = pieces[at + 1].removeprefix("\n")
        elif at % 2:
            made.append(_FENCE + _blocks(pieces[at]) + (_FENCE if at + 1 < len(pieces) else ""))
        else:
            opens = at + 2 < len(pieces) and bool(pieces[at + 1].strip())
            made.append(_blocks(pieces[at].removesuffix("\n") if opens else pieces[at]))
        at += 1
    return Markup("".join(made))  # noqa: S704  Built of escaped text and the tags above and below alone.


def plain_words(text: str) -> str:
    """Return `text` in one line, as it reads without WhatsApp's marks; of a long one the beginning."""
    apart = _BLOCK_TAG.sub(" ", str(render_marks(text[:400])))
    return Markup(apart).striptags()  # noqa: S704  Nothing but what render_marks made.


def _kind_of(line: str) -> str:
    found = [kind for kind, start in (("quote", _QUOTE), ("ul", _BULLET), ("ol", _NUMBER)) if start.match(line)]
    return found[0] if found else ""


def _blocks(text: str) -> str:
    """Return lines of text, those of one list or quote together; the lines around a block need no break beside it."""
    made: list[str] = []
    for kind, lines in groupby(text.split("\n"), _kind_of):
        if kind == "":
            made.append("\n".join(map(_inline, lines)))
        elif kind == "quote":
            said = "\n".join(_inline(_QUOTE.sub("", line, count=1)) for line in lines)
            made.append(f"<blockquote>{said}</blockquote>")
        elif kind == "ul":
            items = "".join(f"<li>{_inline(_BULLET.sub('', line, count=1))}</li>" for line in lines)
            made.append(f"<ul>{items}</ul>")
        else:
            made.append(f"<ol>{''.join(map(_numbered, lines))}</ol>")
    return "".join(made)


def _numbered(line: str) -> str:
    found = _NUMBER.match(line)
    number = found[1] if found else "1"
    return f'<li value="{int(number)}">{_inline(_NUMBER.sub("", line, count=1))}</li>'


def _inline(line: str) -> str:
    """Return one line. `made` holds it in pieces; an opened mark is a piece that becomes its tag when it closes."""
    made: list[str] = []
    opened: dict[str, int] = {}
    at, no_link_before, last_tick = 0, 0, line.rfind("\x60")
    while at < len(line):
        letter = line[at]
        if letter in "hH" and at >= no_link_before and _begins(line, at) and (link := _LINK.match(line, at)):
            address = _trim(link[0])
            if is_safe_link(address):
                made.append(_link(address))
                at += len(address)
                continue
            no_link_before = link.end()
        if letter == "\x60" and at < last_tick:
            end = line.index("\x60", at + 1)
            if line[at + 1 : end].strip():
                made.append(f"<code>{escape(line[at + 1 : end])}</code>")
                at = end + 1
                continue
        made.append(str(escape(letter)))
        if letter in _MARKS:
            _mark(line, at, made, opened)
        at += 1
    return "".join(made)


def _begins(line: str, at: int) -> bool:
    return at == 0 or not line[at - 1].isalnum()


def _mark(line: str, at: int, made: list[str], opened: dict[str, int]) -> None:
    """Close the mark at `at` if it was opened and hugs its words from behind; else open one if it hugs them ahead."""
    mark, place = line[at], len(made) - 1
    before, after = line[at - 1 : at], line[at + 1 : at + 2]
    if mark in opened and not before.isspace() and before != mark and not after.isalnum():
        start = opened[mark]
        made[start], made[place] = f"<{_MARKS[mark]}>", f"</{_MARKS[mark]}>"
        # What was opened inside and is open still would cross the end of this one.
        for other in [name for name, where in opened.items() if where >= start]:
            del opened[other]
    elif mark not in opened and after and not after.isspace() and after != mark and not before.isalnum():
        opened[mark] = place


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


def _link(address: str) -> str:
    shown = escape(address)
    return f'<a href="{shown}" rel="noopener noreferrer nofollow" target="_blank">{shown}</a>'
