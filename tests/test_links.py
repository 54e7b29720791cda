"""What in people's words leads somewhere, and what only looks as if it did."""

from __future__ import annotations

import re
import time

import pytest
from flask import Flask

from app.links import find_links, link_words, search_on_map


def shown(line: str) -> list[tuple[str, str]]:
    return [(line[link.start : link.end], link.href) for link in find_links(line, "AR")]


@pytest.mark.parametrize(
    ("line", "text", "href"),
    [
        ("mirá https://a.com/x_y.", "https://a.com/x_y", "https://a.com/x_y"),
        ("mirá www.x.com, dale", "www.x.com", "https://www.x.com"),
        ("el dj es instagram.com/dj.luz!", "instagram.com/dj.luz", "https://instagram.com/dj.luz"),
        ("es acá maps.app.goo.gl/AbC12?g=1", "maps.app.goo.gl/AbC12?g=1", "https://maps.app.goo.gl/AbC12?g=1"),
        ("(salon.com.ar)", "salon.com.ar", "https://salon.com.ar"),
        ("te paso youtu.be/abc, gracias", "youtu.be/abc", "https://youtu.be/abc"),
        ("Salon.com.ar/fotos", "Salon.com.ar/fotos", "https://Salon.com.ar/fotos"),
        ("escribime a ana.p@x.com.ar.", "ana.p@x.com.ar", "mailto:ana.p@x.com.ar"),
        ("wa.me/5491155550101", "wa.me/5491155550101", "https://wa.me/5491155550101"),
    ],
)
def test_an_address_leads_there_with_and_without_its_scheme(line: str, text: str, href: str) -> None:
    assert shown(line) == [(text, href)]


@pytest.mark.parametrize(
    ("line", "text", "href"),
    [
        ("llamá al 11 5555-0101", "11 5555-0101", "tel:+541155550101"),
        ("(011) 4555-0101 de tarde", "(011) 4555-0101", "tel:+541145550101"),
        ("al 011 15-5555-0101 porfa", "011 15-5555-0101", "tel:+5491155550101"),
        ("+54 9 11 5555-0101", "+54 9 11 5555-0101", "tel:+5491155550101"),
        ("341 155 550101", "341 155 550101", "tel:+5493415550101"),
        ("de Uruguay: +598 94 231 234", "+598 94 231 234", "tel:+59894231234"),
    ],
)
def test_a_phone_as_argentines_write_it_can_be_called(line: str, text: str, href: str) -> None:
    assert shown(line) == [(text, href)]


@pytest.mark.parametrize(
    "line",
    [
        "hola.Que tal",
        "Gracias.Es un placer",
        "listo.si puedo",
        "ok.me avisas a las 9.30.Me voy",
        "Sr.Juan, archivo.pdf, 23.30 hs",
        "el 20/12/2026 a las 21:30",
        "$ 1.500.000 y DNI 30.123.456, CUIT 20-30123456-7",
        "CBU 0110599520000001234567",
        "javascript:alert(1) data:text/html,x",
        "https://google.com@evil.example",
        "www.аpple.com",
        "раypal.com",
        "www.a\u202ecom.com",
    ],
)
def test_what_is_none_or_deceives_stays_text(line: str) -> None:
    assert shown(line) == []


def test_a_phone_inside_an_address_is_part_of_it() -> None:
    assert [href for _text, href in shown("https://x.com/1155550101 y 11 5555-0102")] == [
        "https://x.com/1155550101",
        "tel:+541155550102",
    ]


def test_notes_keep_every_letter_and_line_and_nothing_becomes_a_tag(migrated_app: Flask) -> None:
    notes = "<b>Acceso</b> por salon.com.ar\nDJ: 11 5555-0101 & ana@x.com"

    with migrated_app.test_request_context("/"):
        html = str(link_words(notes))

    assert html == (
        '&lt;b&gt;Acceso&lt;/b&gt; por <a dir="ltr" href="https://salon.com.ar" rel="noopener noreferrer nofollow" '
        'target="_blank">salon.com.ar</a>\nDJ: <a dir="ltr" href="tel:+541155550101">11 5555-0101</a> &amp; '
        '<a dir="ltr" href="mailto:ana@x.com">ana@x.com</a>'
    )


def test_a_mark_of_direction_before_a_link_does_not_make_it_read_as_another_address(migrated_app: Flask) -> None:
    with migrated_app.test_request_context("/"):
        html = str(link_words("\u202e evil.com/moc.elgoog"))

    # An element with a direction of its own is isolated: without it a browser draws google.com/moc.live.
    assert '<a dir="ltr" href="https://evil.com/moc.elgoog"' in html


@pytest.mark.parametrize("piece", ["www.", "a.a", "a@", "1 ", "http://(", "x.com/", "11 5555-0101 ", "@a.com"])
def test_hostile_text_takes_no_longer_than_its_length(piece: str) -> None:
    text = piece * (16_000 // len(piece))
    began = time.process_time()

    find_links(text, "AR")

    assert time.process_time() - began < 3


def test_a_place_is_searched_on_a_map_by_its_name() -> None:
    url = search_on_map("Salón Jacarandá, Pilar & Co")

    assert re.fullmatch(r"https://www\.google\.com/maps/search/\?api=1&query=[\w%+.-]+", url)
    assert "Jacarand%C3%A1" in url
