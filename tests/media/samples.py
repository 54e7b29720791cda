"""Files as strangers send them: small, real, and some of them hostile."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from PIL import Image

FILES = Path(__file__).parents[2] / "simulator" / "media"
PDF = (FILES / "playlist.pdf").read_bytes()
PHOTO = (FILES / "photo.jpg").read_bytes()
VOICE = (FILES / "voice.ogg").read_bytes()
STICKER = (FILES / "sticker.webp").read_bytes()
CARD = (FILES / "contact.vcf").read_bytes()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


def picture(width: int = 64, height: int = 32, kind: str = "PNG", mode: str = "RGB", exif: int = 0) -> bytes:
    """A picture of one colour; `exif` is its orientation."""
    out, told = io.BytesIO(), Image.Exif()
    if exif:
        told[0x0112] = exif
    Image.new(mode, (width, height), 128 if mode == "L" else None).save(out, kind, exif=told)
    return out.getvalue()


def zipped(*names: str) -> bytes:
    """A ZIP that holds files of these names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return out.getvalue()


def box(kind: bytes, body: bytes = b"") -> bytes:
    """A box of MP4's container."""
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def mp3(header: bytes) -> bytes:
    """Three frames of silence under one header, of 128 or 64 kbit/s at 44.1 kHz, or half or a quarter of that."""
    version = header[1] >> 3 & 3
    size = {3: 144_000 * 128 // 44_100, 2: 72_000 * 64 // 22_050, 0: 72_000 * 64 // 11_025}[version]
    return (header + bytes(size + (header[2] >> 1 & 1) - 4)) * 3


def boxed(brand: bytes) -> bytes:
    """The beginning of a file in the container of MP4, of the given brand."""
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0" + brand + b"isom" + bytes(40)


GIF_AND_SCRIPT = b"GIF89a/*" + bytes(20) + b"*/=1;alert(document.cookie)//"
PDF_AND_HTML = b"%PDF-1.4\n<html><script>alert(1)</script></html>\n"
JPEG_AND_ZIP = PHOTO + zipped("evil.exe")
