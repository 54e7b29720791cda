"""What a file is by its own bytes."""

from __future__ import annotations

import pytest

from app.media.contents import UNKNOWN, detect
from tests.media import samples

OFFICE = "application/vnd.openxmlformats-officedocument."
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)


@pytest.mark.parametrize(
    ("data", "said", "content_type"),
    [
        (samples.PHOTO, "", "image/jpeg"),
        (samples.STICKER, "", "image/webp"),
        (samples.VOICE, "audio/ogg; codecs=opus", "audio/ogg"),
        (samples.CARD, "text/x-vcard", "text/vcard"),
        (samples.PDF, "text/html", "application/pdf"),
        (samples.picture(), "image/svg+xml", "image/png"),
        (samples.zipped("[Content_Types].xml", "word/document.xml"), "", f"{OFFICE}wordprocessingml.document"),
        (samples.zipped("[Content_Types].xml", "xl/workbook.xml"), "", f"{OFFICE}spreadsheetml.sheet"),
        (samples.zipped("[Content_Types].xml", "ppt/slides.xml"), "", f"{OFFICE}presentationml.presentation"),
        (samples.zipped("a"), f"{OFFICE}wordprocessingml.document", "application/zip"),
        (OLE + "WordDocument".encode("utf-16-le"), "", "application/msword"),
        (OLE + "Workbook".encode("utf-16-le"), "", "application/vnd.ms-excel"),
        (OLE, "application/msword", UNKNOWN),
        (samples.boxed(b"mp42"), "", "video/mp4"),
        (samples.boxed(b"mp42"), "audio/mp4", "audio/mp4"),
        (samples.boxed(b"3gp5"), "audio/3gpp", "audio/3gpp"),
        (samples.boxed(b"3gp5"), "", "video/3gpp"),
        (b"#!AMR\n" + bytes(20), "", "audio/amr"),
        (b"ID3\3" + bytes(20), "audio/mp3", "audio/mpeg"),
        ("Hola, ¿qué tal?\n".encode(), "text/html", "text/plain"),
        (samples.SVG, "image/svg+xml", UNKNOWN),
        (samples.HTML, "text/html", UNKNOWN),
        (b"", "image/png", UNKNOWN),
    ],
)
def test_the_bytes_say_what_it_is(data: bytes, said: str, content_type: str) -> None:
    assert detect(data, said) == content_type
