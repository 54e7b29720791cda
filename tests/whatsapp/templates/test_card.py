"""What a client reads of a template, in each of the forms that Twilio keeps one."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, render_template_string

from app.whatsapp.templates.card import Button, card_of, fill, opens_conversation, places_of

ACTIONS = [
    {"type": "QUICK_REPLY", "title": "Dale", "id": "dale"},
    {"type": "URL", "title": "Ver", "url": "https://ejemplo.example/{{3}}"},
    {"type": "PHONE_NUMBER", "title": "Llamar", "phone": "+5491155550100"},
]


def test_a_text_is_its_body() -> None:
    card = card_of({"twilio/text": {"body": "Hola {{1}}"}})

    assert (card.kind, card.text, card.words) == ("twilio/text", "Hola {{1}}", "Hola {{1}}")


def test_a_card_of_whatsapps_has_a_header_a_footer_a_file_and_buttons() -> None:
    given = {"header_text": "Aviso", "body": "Hola {{1}}", "footer": "Coordina", "media": ["https://x/a.jpg"]}

    card = card_of({"whatsapp/card": {**given, "actions": ACTIONS}})

    assert (card.header, card.text, card.footer, card.media) == (
        "Aviso",
        "Hola {{1}}",
        "Coordina",
        ("https://x/a.jpg",),
    )
    assert [button.kind for button in card.buttons] == ["reply", "url", "phone"]


def test_a_card_of_twilios_reads_its_title_where_it_has_no_body() -> None:
    card = card_of({"twilio/card": {"title": "Tu evento {{1}}", "subtitle": "Música y luces"}})

    assert (card.header, card.text, card.footer) == ("", "Tu evento {{1}}", "Música y luces")


def test_a_list_shows_its_button_and_its_lines() -> None:
    items = [{"item": "Jueves", "id": "1", "description": "A las 18"}]

    card = card_of({"twilio/list-picker": {"body": "¿Cuándo?", "button": "Ver", "items": items}})

    assert card.buttons == (Button("list", "Ver"),)
    assert [(choice.title, choice.description) for choice in card.choices] == [("Jueves", "A las 18")]


def test_a_carousel_is_a_text_and_cards() -> None:
    inner = {"title": "Cabina", "body": "Para {{2}}", "media": "https://x/a.jpg", "actions": ACTIONS[:1]}

    card = card_of({"twilio/carousel": {"body": "Mirá, {{1}}", "cards": [inner]}})

    assert (card.cards[0].header, card.cards[0].text, card.cards[0].media) == (
        "Cabina",
        "Para {{2}}",
        ("https://x/a.jpg",),
    )
    assert places_of(card) == ["1", "2"]
    assert card.words == "Mirá, {{1}}\nCabina\nPara {{2}}"


@pytest.mark.parametrize(
    "types",
    [{}, {"twilio/text": None}, {"future/thing": {"body": 7}}, {"twilio/carousel": {"cards": "x", "media": 3}}],
)
def test_what_nobody_expected_breaks_nothing(types: dict[str, Any]) -> None:
    assert fill(card_of(types), {"1": "x"}).buttons == ()


def test_variables_are_named_once_in_the_order_in_which_they_are_read() -> None:
    card = card_of({"twilio/call-to-action": {"body": "{{ 2 }} y {{1}} y {{2}}", "actions": ACTIONS}})

    assert places_of(card) == ["2", "1", "3"]


def test_values_are_filled_in_everywhere_and_what_is_missing_stays_a_place() -> None:
    card = fill(
        card_of({"twilio/call-to-action": {"body": "{{1}}, {{2}}", "actions": ACTIONS}}), {"1": "Ana", "3": "a"}
    )

    assert card.text == "Ana, {{2}}"
    assert card.buttons[1].value == "https://ejemplo.example/a"


@pytest.mark.parametrize(
    ("kind", "opens"),
    [
        ("twilio/text", True),
        ("whatsapp/card", True),
        ("twilio/carousel", True),
        ("twilio/list-picker", False),
        ("twilio/location", False),
    ],
)
def test_lists_and_places_open_no_conversation(kind: str, opens: bool) -> None:
    assert opens_conversation({kind: {"body": "Hola"}}) is opens


def test_a_value_never_becomes_markup(app: Flask) -> None:
    shown = render_template_string("{{ text|mark_places }}", text="<b>{{1}}</b> {{<i>}} &")

    assert shown == '&lt;b&gt;<mark class="blank">{{1}}</mark>&lt;/b&gt; <mark class="blank">{{&lt;i&gt;}}</mark> &amp;'
