"""Small pictures of large ones."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from app.media.pictures import LONGEST_SIDE, make_thumbnail, measure
from tests.media import samples


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is enormous."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("width", "height", "small"), [(960, 480, (480, 240)), (480, 960, (240, 480)), (20, 10, (20, 10))]
)
def test_a_photo_is_made_small_and_never_larger(width: int, height: int, small: tuple[int, int]) -> None:
    thumbnail = make_thumbnail(samples.picture(width, height, "JPEG"))

    assert thumbnail is not None
    assert (thumbnail.width, thumbnail.height) == small
    assert max(small) <= LONGEST_SIDE


def test_a_photo_stands_upright_and_loses_what_else_it_tells() -> None:
    thumbnail = make_thumbnail(samples.picture(960, 480, "JPEG", exif=6))

    assert thumbnail is not None
    shown = Image.open(io.BytesIO(thumbnail.data))
    assert (shown.size, dict(shown.getexif())) == ((240, 480), {})


def test_what_can_be_seen_through_stays_so() -> None:
    thumbnail = make_thumbnail(samples.picture(600, 600, "PNG", "RGBA"))

    assert thumbnail is not None
    assert thumbnail.content_type == "image/webp"


def with_exif(exif: bytes) -> bytes:
    """A picture of 600 by 600 whose EXIF chunk is `exif`."""
    whole = samples.picture(600, 600, "PNG")
    chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif + struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    return whole[:33] + chunk + whole[33:]


@pytest.mark.parametrize("exif", [b"II*\0", b"II*\0\x08\0\0", b"II+\0\x08\0"])
def test_a_photo_whose_exif_ends_too_soon_stops_nobody(exif: bytes) -> None:
    assert make_thumbnail(with_exif(exif)) is None
    measure(with_exif(exif))


@pytest.mark.parametrize(
    "data", [bomb(50_000, 50_000), bomb(100, 100), samples.PHOTO[:200], b"", samples.SVG, samples.PDF]
)
def test_what_is_broken_or_unpacks_to_too_much_gives_no_small_picture(data: bytes) -> None:
    assert make_thumbnail(data) is None


def test_what_is_enormous_is_not_even_measured() -> None:
    assert measure(bomb(50_000, 50_000)) is None
    assert measure(samples.picture(100, 90)) == (100, 90)
