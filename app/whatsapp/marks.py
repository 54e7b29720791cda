"""WhatsApp's marks in what people write, as HTML: *bold*, _italic_, ~struck~, code, lists, quotes; and links.

Every character of the text comes out escaped, but for the marks themselves; tags are only those written here. Each
character is looked at a bounded number of times, whatever was written.
The rules are WhatsApp's own (its help page "How to format your messages"): a mark hugs its words, stands where a word
begins or ends, and closes on the line where it was opened; only ```code``` goes over several lines.
"""

from __future__ import annotations

import re
from itertools import groupby

from markupsafe import Markup, escape

from app.links import find_links, link_html

_MARKS = {"*": "strong", "_": "em", "~": "s"}
_FENCE = "```"
_BULLET = re.compile(r"[*\-•] +(?=\S)")
_NUMBER = re.compile(r"([0-9]{1,3})\. +(?=\S)")
_QUOTE = re.compile(r"> ?(?=\S)")
_BLOCK_TAG = re.compile(r"</?(?:pre|blockquote|[uo]l|li)\b[^>]*>")


def render_marks(text: str, region: str = "") -> Markup:
    """Return `text` as HTML that may stand in a page: blocks for code, lists and quotes, all else as it was written.

    With `region` (ISO, see find_links) mail addresses, phones and addresses without https:// are links as well.
    """
    pieces = text.replace("\r\n", "\n").split(_FENCE)
    made: list[str] = []
    at = 0
    while at < len(pieces):
        # A fence that nothing closes, or with nothing in it, is three characters like any others.
        if at % 2 and at + 1 < len(pieces) and pieces[at].strip():
            made.append(f"<pre><code>{escape(pieces[at].strip(chr(10)))}</code></pre>")
            pieces[at + 1] = pieces[at + 1].removeprefix("\n")
        elif at % 2:
            made.append(_FENCE + _blocks(pieces[at], region) + (_FENCE if at + 1 < len(pieces) else ""))
        else:
            opens = at + 2 < len(pieces) and bool(pieces[at + 1].strip())
            made.append(_blocks(pieces[at].removesuffix("\n") if opens else pieces[at], region))
        at += 1
    return Markup("".join(made))  # noqa: S704  Built of escaped text and the tags above and below alone.


def plain_words(text: str) -> str:
    """Return `text` in one line, as it reads without WhatsApp's marks; of a long one the beginning."""
    apart = _BLOCK_TAG.sub(" ", str(render_marks(text[:400])))
    return Markup(apart).striptags()  # noqa: S704  Nothing but what render_marks made.


def _kind_of(line: str) -> str:
    found = [kind for kind, start in (("quote", _QUOTE), ("ul", _BULLET), ("ol", _NUMBER)) if start.match(line)]
    return found[0] if found else ""


def _blocks(text: str, region: str) -> str:
    """Return lines of text, those of one list or quote together; the lines around a block need no break beside it."""
    made: list[str] = []
    for kind, lines in groupby(text.split("\n"), _kind_of):
        if kind == "":
            made.append("\n".join(_inline(line, region) for line in lines))
        elif kind == "quote":
            quoted = "\n".join(_inline(_QUOTE.sub("", line, count=1), region) for line in lines)
            made.append(f"<blockquote>{quoted}</blockquote>")
        elif kind == "ul":
            items = "".join(f"<li>{_inline(_BULLET.sub('', line, count=1), region)}</li>" for line in lines)
            made.append(f"<ul>{items}</ul>")
        else:
            made.append(f"<ol>{''.join(_numbered(line, region) for line in lines)}</ol>")
    return "".join(made)


def _numbered(line: str, region: str) -> str:
    found = _NUMBER.match(line)
    number = found[1] if found else "1"
    return f'<li value="{int(number)}">{_inline(_NUMBER.sub("", line, count=1), region)}</li>'


def _inline(line: str, region: str) -> str:
    """Return one line. `made` holds it in pieces; an opened mark is a piece that becomes its tag when it closes."""
    made: list[str] = []
    opened: dict[str, int] = {}
    links = {link.start: link for link in find_links(line, region)}
    at, last_tick = 0, line.rfind("\x60")
    while at < len(line):
        letter = line[at]
        if link := links.get(at):
            made.append(link_html(line[at : link.end], link.href))
            at = link.end
            continue
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


def _mark(line: str, at: int, made: list[str], opened: dict[str, int]) -> None:
    """Close the mark at `at` if it was opened and hugs its words from behind; else open one if it hugs them ahead."""
    mark, place = line[at], len(made) - 1
    before, after = line[at - 1 : at], line[at + 1 : at + 2]
    if mark in opened and not before.isspace() and before != mark and not after.isalnum():
        start = opened[mark]
        made[start], made[place] = f"<{_MARKS[mark]}>", f"</{_MARKS[mark]}>"
        # What was opened inside and is open still would cross the end of this one.
        for inner in [name for name, where in opened.items() if where >= start]:
            del opened[inner]
    elif mark not in opened and after and not after.isspace() and after != mark and not before.isalnum():
        opened[mark] = place
