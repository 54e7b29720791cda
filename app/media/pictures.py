"""Pictures: how large they are, and small ones of them. The only file that knows Pillow, which it loads late."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

READ = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
LONGEST_SIDE = 480
# A phone's camera makes 12 to 50 million pixels. What unpacks to more is made to fill our memory.
_MOST_PIXELS = 50_000_000
_TURNED = (5, 6, 7, 8)  # EXIF's orientations in which width and height change places.
_ORIENTATION = 0x0112
# What Pillow raises for broken files of these four formats, according to its own tests of broken files.
_BROKEN = (
    *(OSError, ValueError, SyntaxError, TypeError, IndexError, KeyError, EOFError, OverflowError, MemoryError),
    struct.error,  # A PNG whose EXIF chunk ends too soon.
)


def wants_small(content_type: str, width: int | None, height: int | None) -> bool:
    """Tell whether a file is a picture that was measured, and that is larger than a chat shows it."""
    return content_type in READ and max(width or 0, height or 0) > LONGEST_SIDE


@dataclass(frozen=True)
class Thumbnail:
    """A small picture, encoded; sizes in pixels."""

    data: bytes
    content_type: str
    width: int
    height: int


@cache
def _pillow() -> tuple[Any, Any]:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # Pillow would warn and go on; _open says no.
    return Image, ImageOps


def _open(data: bytes) -> Any:
    """Open a picture without unpacking it. Raises one of _BROKEN, also when it would unpack to too much."""
    picture = _pillow()[0].open(io.BytesIO(data), formats=list(READ.values()))
    if picture.width * picture.height > _MOST_PIXELS:
        raise ValueError("Too many pixels.")
    return picture


def measure(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a picture as it is seen, or None when it cannot be shown small."""
    try:
        picture = _open(data)
        turned = picture.getexif().get(_ORIENTATION) in _TURNED
    except _BROKEN:
        return None
    return (picture.height, picture.width) if turned else (picture.width, picture.height)


def _has_alpha(picture: Any) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def make_thumbnail(data: bytes) -> Thumbnail | None:
    """Return a picture's first frame, upright, with a longest side of 480 pixels, without what else the file tells.

    None for what is broken or would unpack to more than 50 million pixels.
    """
    size = (LONGEST_SIDE, LONGEST_SIDE)
    try:
        picture = _open(data)
        picture.draft("RGB", size)  # A JPEG is read at the scale that is needed.
        picture.load()
        alpha = _has_alpha(picture)
        small = _pillow()[1].exif_transpose(picture).convert("RGBA" if alpha else "RGB")
        small.thumbnail(size)
        out = io.BytesIO()
        # Nothing of EXIF goes along: it holds where a photo was taken.
        small.save(out, "WEBP" if alpha else "JPEG", quality=80)
    except _BROKEN:
        return None
    return Thumbnail(out.getvalue(), "image/webp" if alpha else "image/jpeg", small.width, small.height)
