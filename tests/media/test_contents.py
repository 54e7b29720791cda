"""What a file is by its own bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.media.contents import UNKNOWN, detect
from tests.media import samples

OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX, PPTX = (
    f"{OFFICE}{kind}" for kind in ("wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation")
)
# As many parts as there may be before the one that says what the file is.
PROPERTIES = (
    "docProps/core.xml",
    "customXml/item1.xml",
    "customXml/_rels/item1.xml.rels",
    "_rels/.rels",
    "theme/a.xml",
)
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
        # Parts in another order, as LibreOffice, Google and phones write them.
        (samples.zipped("docProps/app.xml", "word/document.xml", "[Content_Types].xml"), "", DOCX),
        (samples.zipped(*PROPERTIES, "word/document.xml", "[Content_Types].xml"), "", DOCX),
        (samples.zipped(*PROPERTIES, "xl/workbook.xml", "[Content_Types].xml"), "application/zip", XLSX),
        (samples.zipped(*PROPERTIES, "ppt/presentation.xml", "[Content_Types].xml"), "", PPTX),
        (samples.zipped("_rels/.rels", "ppt/embeddings/a.xlsx", "ppt/slides.xml", "[Content_Types].xml"), "", PPTX),
        (samples.zipped("word/document.xml", "fotos/a.jpg"), "", "application/zip"),
        (samples.zipped("[Content_Types].xml", "fotos/a.jpg"), DOCX, "application/zip"),
        (samples.zipped("[Content_Types].xml", "word/document.xml")[:-30], "", "application/zip"),
        (samples.mp3(b"\xff\xfa\x90\x40"), "", "audio/mpeg"),
        (samples.mp3(b"\xff\xfb\x92\x40"), "", "audio/mpeg"),
        (samples.mp3(b"\xff\xf2\x80\x40"), "", "audio/mpeg"),
        (samples.mp3(b"\xff\xe2\x80\x40"), "", "audio/mpeg"),
        (b"\xff\xfa\x90\x40" + bytes(1000), "audio/mpeg", UNKNOWN),
        (b"\xff\xfa\xf0\x40" * 300, "audio/mpeg", UNKNOWN),
        (samples.box(b"free", bytes(40)) + samples.boxed(b"isom"), "", "video/mp4"),
        (samples.box(b"skip") + samples.box(b"free", bytes(9)) + samples.boxed(b"mp42"), "audio/mp4", "audio/mp4"),
        (samples.box(b"uuid", bytes(16)) + samples.boxed(b"3gp5"), "", "video/3gpp"),
        (samples.box(b"wide") + samples.box(b"mdat", bytes(99)), "", "video/quicktime"),
        (b"\0\0\0\1free" + (24).to_bytes(8, "big") + bytes(8) + samples.boxed(b"isom"), "", "video/mp4"),
        (samples.box(b"free", bytes(40)), "video/mp4", UNKNOWN),
        (b"\0\0\0\0free" + samples.boxed(b"isom"), "video/mp4", UNKNOWN),
        (b"\r\n" + samples.PDF, "", "application/pdf"),
        (b"\xef\xbb\xbf\n" + samples.PDF, "", "application/pdf"),
        (bytes(300) + samples.PDF, "", "application/pdf"),
        (b"Content-Type: application/pdf\r\n\r\n" + samples.PDF, "", "application/pdf"),
        (b"\x01\xff" * 400 + samples.PDF, "", "application/pdf"),
        (b"\x01\xff" * 600 + samples.PDF, "application/pdf", UNKNOWN),
        (samples.HTML + samples.PDF, "application/pdf", UNKNOWN),
        (b"Un PDF empieza con %PDF-1.4.\n", "", "text/plain"),
        ("BEGIN:VCARD\r\nFN:José\r\nEND:VCARD\r\n".encode("latin-1"), "", "text/vcard"),
        ("BEGIN:VCARD\r\nFN:José\r\nEND:VCARD\r\n".encode("utf-16"), "", "text/vcard"),
    ],
)
def test_the_bytes_say_what_it_is(data: bytes, said: str, content_type: str) -> None:
    assert detect(data, said) == content_type


@given(
    st.sampled_from([b"PK\3\4", b"\0\0\0\1free", b"\0\0\0\x09uuid", b"\xff\xfa\x90", b"\n%PDF-1.4"]),
    st.binary(max_size=300),
)
def test_no_bytes_break_it(begin: bytes, rest: bytes) -> None:
    assert detect(begin + rest)
