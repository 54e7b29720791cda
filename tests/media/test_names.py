"""Names that strangers gave to files."""

from __future__ import annotations

import pytest

from app.media.names import clean_name, disposition, outgoing_name


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Lista de temas.pdf", "Lista de temas.pdf"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Windows\system32\evil.pdf", "evil.pdf"),
        ("factura\u202efdp.exe", "facturafdp.exe"),
        ("a\u2066b\u200f\u0000\r\nX-Evil: 1.pdf", "abX-Evil_ 1.pdf"),
        ('com"illas".pdf', "com_illas_.pdf"),
        ("", "archivo.pdf"),
        ("..", "archivo.pdf"),
        ("/", "archivo.pdf"),
        ("\u202e", "archivo.pdf"),
        ("CON", "archivo-CON.pdf"),
        ("nul.pdf", "archivo-nul.pdf"),
        ("Ñandú 🎉.pdf", "Ñandú 🎉.pdf"),
    ],
)
def test_a_name_is_made_harmless(name: str, clean: str) -> None:
    assert clean_name(name, "application/pdf") == clean


def test_a_long_name_keeps_its_ending() -> None:
    assert clean_name("a" * 300 + ".pdf", "application/pdf").endswith("a.pdf")
    assert len(clean_name("a" * 300, "application/pdf")) <= 150
    assert len(clean_name("con." + "a" * 300, "application/pdf")) <= 150
    assert len(clean_name("." + "a" * 300, "application/pdf")) <= 150


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Lista de temas de la fiesta.pdf", "Lista-de-temas-d.pdf"),
        ("♥♥♥", "archivo.pdf"),
        ("presupuesto.html", "presupuesto.pdf"),
        ("a~!@#$%^&*()[]{}b.pdf", "a-b.pdf"),
    ],
)
def test_twilio_gets_a_short_plain_name_with_the_ending_of_what_it_is(name: str, short: str) -> None:
    assert outgoing_name(name, "application/pdf") == short
    assert len(short) <= 20


def test_a_header_cannot_be_broken_out_of() -> None:
    header = disposition("attachment", clean_name('x"; filename=evil.exe\r\nSet-Cookie: a=b', "application/pdf"))

    assert header.count('"') == 2
    assert "\r" not in header
    assert "\n" not in header
