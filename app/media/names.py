"""Names of files, which come from strangers: made harmless once, and written into headers so that they stay so."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from app.media.rules import extension_of

_LONGEST = 150  # Of 255 bytes that a disk takes for a name in UTF-8.
# Twilio, "Accepted content types for media": no spaces, few special characters, at most 20 characters.
_LONGEST_AT_TWILIO = 20
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
# Windows opens no file of these names, and some of them are devices.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def _is_shown(character: str) -> bool:
    """Tell whether a character is seen. What is not can turn the text around it: fdp.exe would look like exe.pdf."""
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _shorten(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem[: _LONGEST - 12]}.{ending[:10]}" if dot and stem else name[:_LONGEST]


def seen_name(name: str) -> str:
    """Return what can be seen of `name`, without folders, control characters and turns of direction.

    At most 150 characters, and nothing where a file came without a name: what it is called then depends on what it is.
    """
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(character for character in last if _is_shown(character))
    return _shorten(" ".join(re.sub(r'[<>:"|?*]', "_", seen).split()).strip(". "))


def clean_name(name: str, content_type: str) -> str:
    """Return what can be seen of `name`, made one that every computer takes; never empty, at most 150 characters."""
    kept = seen_name(name)
    if not kept or _RESERVED.match(kept):
        kept = f"archivo{'-' + kept if kept else ''}"
        kept = kept if "." in kept else f"{kept}.{extension_of(content_type)}"
    return _shorten(kept)


def outgoing_name(name: str, content_type: str) -> str:
    """Return `name` as Twilio wants it: at most 20 plain characters, with the ending of its content type."""
    ending = f".{extension_of(content_type)}"
    plain = unicodedata.normalize("NFKD", clean_name(name, content_type)).encode("ascii", "ignore").decode()
    stem = _UNSAFE.sub("-", plain.rpartition(".")[0] or plain).strip("-._")
    return (stem[: _LONGEST_AT_TWILIO - len(ending)].strip("-._") or "archivo") + ending


def disposition(kind: str, name: str) -> str:
    """Return a Content-Disposition (RFC 6266): an ASCII name for old readers, and the whole one as RFC 5987 has it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._ ()-]+", "_", plain).strip() or "archivo"
    whole = f"; filename*=UTF-8''{quote(name, safe='')}" if plain != name else ""
    return f'{kind}; filename="{plain}"{whole}'
