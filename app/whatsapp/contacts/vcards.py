"""Contact cards (vCard 2.1, 3.0, 4.0: RFC 2426 and 6350), read as far as a bubble shows them, whatever the file holds.

Written here and not a library's: vobject 0.9.9, as tried for this, gives up on a card that is not closed and on an
encoding that it does not know, even when it is told to pass over what it cannot read (docs/decisions/0017).
"""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Iterator
from typing import Any

from app.letters import has_ink

# A card is a few hundred bytes, or some hundred thousand with a picture; what is beyond is not looked at.
_LARGEST_FILE = 1024 * 1024
_LONGEST_LINE = 4000
_MOST_CARDS, _MOST_VALUES, _LONGEST_VALUE = 20, 10, 200
# A property's parameters, of which values may be quoted: TEL;type=CELL;waid=5491155550101
_PARAMETER = re.compile(r';([^;:="]{1,100})(?:=((?:"[^"]{0,200}"|[^;:"]{0,200}){0,20}))?')
# What a card may be written in; Python knows other "encodings" that are none of letters.
_CHARSET = re.compile(
    r"utf-?(8|16)|iso-8859-[0-9]{1,2}|(windows-|cp)12[0-9]{2}|cp850|macintosh|shift_jis|gb2312|gbk|big5"
)
_ESCAPED = re.compile(r"\\(.)", re.S)
_UNESCAPED = {"n": " ", "N": " "}

Parameters = dict[str, str]


def read_details(kind: str, data: bytes) -> dict[str, Any] | None:
    """Return what is to be kept of a file of this `kind` beside it, or None.

    Of a contact: `contacts`, each with name, org, phones (number as written, whatsapp: its digits where the card tells
    them, label) and emails; and `more`, how many further cards there are.
    """
    return read_cards(data) if kind == "contact" else None


def read_cards(data: bytes) -> dict[str, Any] | None:
    """Return the people in a vCard file, at most twenty, and how many `more` there are; None when there is nobody."""
    found: list[dict[str, Any]] = []
    count, card = 0, _new_card()
    for name, parameters, value in _properties(_decode(data[:_LARGEST_FILE])):
        if name == "BEGIN":
            card = _new_card()
        elif name == "END":
            if _is_somebody(card):
                count += 1
                found += [_finished(card)] if len(found) < _MOST_CARDS else []
            card = _new_card()
        else:
            _take(card, name, parameters, value)
    return {"contacts": found, "more": count - len(found)} if found else None


def _new_card() -> dict[str, Any]:
    return {"name": "", "parts": "", "org": "", "phones": [], "emails": []}


def _is_somebody(card: dict[str, Any]) -> bool:
    return any(card.values())


def _finished(card: dict[str, Any]) -> dict[str, Any]:
    name, parts = card["name"], card.pop("parts")
    return card | {"name": name or parts}


def _decode(data: bytes) -> str:
    """Return the text; phones of twenty years ago wrote Latin-1."""
    for encoding, mark in (("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"), ("utf-8-sig", b"")):
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                # The cut at the largest size may go through a letter.
                return data.decode(encoding, "replace") if len(data) == _LARGEST_FILE else data.decode("latin-1")
    return ""


def _properties(text: str) -> Iterator[tuple[str, Parameters, str]]:
    """Yield name, parameters and value of each property, with folded lines and soft breaks put together."""
    for line in _unfolded(text):
        head = re.match(r"(?:[\w.-]{1,100}\.)?([A-Za-z-]{1,60})(?=[;:])", line)
        if head is None:
            continue
        parameters: Parameters = {}
        at = head.end()
        while (parameter := _PARAMETER.match(line, at)) is not None:
            # In 2.1 a value may stand alone, without the name of its parameter.
            name, value = parameter[1].upper(), parameter[2]
            key = name if value is not None else "ENCODING" if name == "QUOTED-PRINTABLE" else "TYPE"
            given = (value if value is not None else parameter[1]).strip('"')
            parameters[key] = f"{parameters[key]},{given}" if key in parameters else given
            at = parameter.end()
        if line[at : at + 1] == ":":
            yield head[1].upper(), parameters, line[at + 1 :]


def _unfolded(text: str) -> Iterator[str]:
    """Yield the logical lines, none longer than what is read: a picture's lines are passed over as they come."""
    kept: list[str] = []
    length, soft = 0, False
    # The format's own line ends alone (RFC 6350, 3.2): str.splitlines() also parts a name at what only looks like one.
    for line in re.split(r"\r\n|\n|\r", text):
        goes_on = line[:1] in (" ", "\t") or soft
        if not goes_on and kept:
            yield "".join(kept)
            kept, length = [], 0
        piece = line if soft or not goes_on else line[1:]
        quoted = "QUOTED-PRINTABLE" in (kept[0] if kept and goes_on else piece)[:200].upper()
        soft = quoted and piece.endswith("=")
        piece = piece[:-1] if soft else piece
        if length < _LONGEST_LINE:
            kept.append(piece[: _LONGEST_LINE - length])
            length += len(piece)
    if kept:
        yield "".join(kept)


def _take(card: dict[str, Any], name: str, parameters: Parameters, value: str) -> None:
    if name in ("FN", "ORG", "N") and not card[{"FN": "name", "N": "parts", "ORG": "org"}[name]]:
        if name == "N":  # Family name, given name, further ones, titles: read aloud the other way round.
            family, given, *rest = [*_parts(value, parameters), "", ""]
            card["parts"] = " ".join(filter(None, (given, *rest[:1], family)))[:_LONGEST_VALUE]
        else:
            words = ", ".join(filter(None, _parts(value, parameters)))
            card["name" if name == "FN" else "org"] = words[:_LONGEST_VALUE]
    elif name == "TEL" and len(card["phones"]) < _MOST_VALUES:
        number = _text(value, parameters).removeprefix("tel:")[:40]
        digits = re.sub(r"[^0-9]", "", parameters.get("WAID", ""))[:15]
        if re.search(r"[0-9]", number):
            card["phones"].append({"number": number, "whatsapp": digits, "label": _label(parameters)})
    elif name == "EMAIL" and len(card["emails"]) < _MOST_VALUES:
        address = _text(value, parameters)
        if "@" in address:
            card["emails"].append(address)


def _label(parameters: Parameters) -> str:
    types = {word.strip().lower() for word in parameters.get("TYPE", "").split(",")}
    return next((kind for kind in ("cell", "work", "home") if kind in types), "")


def _decoded(value: str, parameters: Parameters) -> str:
    """Return a value without what it was encoded in (vCard 2.1: quoted-printable or base64, in a CHARSET)."""
    encoding = parameters.get("ENCODING", "").upper()
    if encoding == "QUOTED-PRINTABLE":
        data = quopri.decodestring(value.encode("utf-8", "replace"))
    elif encoding in ("B", "BASE64"):
        try:
            data = base64.b64decode(re.sub(r"\s", "", value), validate=True)
        except ValueError:
            return value
    else:
        return value
    # Who says Latin-1 means Windows' superset of it (WHATWG Encoding).
    charset = re.sub(r"iso-8859-1$|us-ascii$", "cp1252", parameters.get("CHARSET", "").lower())
    for name in (charset if _CHARSET.fullmatch(charset) else "utf-8", "utf-8", "cp1252"):
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1")


def _text(value: str, parameters: Parameters) -> str:
    return _clean(_decoded(value[:_LONGEST_LINE], parameters))


def _parts(value: str, parameters: Parameters) -> list[str]:
    """Return the parts of a value between its semicolons, those that are escaped or encoded aside."""
    value = value[:_LONGEST_LINE]
    if parameters.get("ENCODING", "").upper() in ("B", "BASE64"):
        value, parameters = _decoded(value, parameters), {}
    parts = re.findall(r"((?:\\.|[^;\\]|\\$)*)(?:;|$)", value, re.S)
    return [_text(part, parameters) for part in parts[:10]]


def _clean(text: str) -> str:
    """Return a value as one line, its escapes undone; nothing where nothing of it can be read."""
    text = _ESCAPED.sub(lambda found: _UNESCAPED.get(found[1], found[1]), text)
    line = " ".join(text.replace("\x00", "").split())[:_LONGEST_VALUE]
    return line if has_ink(line) else ""
