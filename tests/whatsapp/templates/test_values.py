"""What a variable means at the office, as its words suggest it, and the value that it gets there."""

from __future__ import annotations

from datetime import date, time

import pytest
from flask import Flask

from app.auth.models import User
from app.whatsapp.templates.values import clean_value, office_values, suggest_mapping, value_of
from tests.factories import Factories


@pytest.mark.parametrize(
    ("text", "name", "sample", "meaning"),
    [
        ("Hola {{1}}, ¿cómo va?", "1", "Lucía", "client_first"),
        ("Fecha: {{1}}.", "1", "", "day"),
        ("El evento es el {{1}}.", "1", "sábado, 12 de diciembre de 2026", "day"),
        ("Llegamos a las {{1}} para armar.", "1", "", "time"),
        ("Nos vemos, {{1}}.", "1", "21:00", "time"),
        ("Lugar: {{1}}.", "1", "", "place"),
        ("Pone música el DJ {{1}}.", "1", "Bruno", "dj"),
        ("Nos falta un dato: {{1}}.", "1", "el horario de cierre", "manual"),
        ("Aviso: {{fecha}}.", "fecha", "", "day"),
        ("Aviso: {{customer_name}}.", "customer_name", "", "client_first"),
    ],
)
def test_a_variables_words_suggest_what_it_is(text: str, name: str, sample: str, meaning: str) -> None:
    assert suggest_mapping([name], {name: sample}, [text]) == {name: meaning}


def test_nothing_is_suggested_twice() -> None:
    text = "Hola {{1}}. Hola {{2}}."

    assert suggest_mapping(["1", "2"], {}, [text]) == {"1": "client_first", "2": "manual"}


def test_the_coordinacion_says_its_values_as_people_do(app: Flask, factories: Factories, bruno: User) -> None:
    wedding = factories.coordinacion(
        title="Casamiento de Lucía",
        client_name="Lucía Ferreyra",
        event_on=date(2026, 12, 12),
        start_time=time(21, 0),
        place="Quinta Los Aromos",
        dj_id=bruno.id,
        event_kind="wedding",
    )

    values = office_values(factories.conversation(), wedding, "Ana", "es_AR")

    assert values == {
        "client": "Lucía Ferreyra",
        "client_first": "Lucía",
        "event": "Casamiento de Lucía",
        "event_kind": "casamiento",
        "day": "sábado, 12 de diciembre de 2026",
        "time": "21:00",
        "place": "Quinta Los Aromos",
        "dj": "Bruno",
        "author": "Ana",
    }


def test_the_day_is_said_in_the_language_of_the_template(app: Flask, factories: Factories) -> None:
    event = factories.coordinacion(event_on=date(2026, 12, 12))
    conversation = factories.conversation()

    assert office_values(conversation, event, "Ana", "en")["day"] == "Saturday, December 12, 2026"
    assert office_values(conversation, event, "Ana", "zz_ZZ")["day"].startswith("sábado")


def test_without_a_coordinacion_only_the_contact_and_the_author_are_known(app: Flask, factories: Factories) -> None:
    values = office_values(factories.conversation(profile_name="Lucía\tF."), None, "Ana", "es_AR")

    assert {name: value for name, value in values.items() if value} == {
        "client": "Lucía F.",
        "client_first": "Lucía",
        "author": "Ana",
    }


def test_a_fixed_text_is_itself_and_what_is_written_by_hand_is_empty() -> None:
    assert value_of("fixed:Coordina", {"client": "Ana"}) == "Coordina"
    assert (value_of("manual", {}), value_of("client", {"client": "Ana"})) == ("", "Ana")


def test_a_value_becomes_one_line_without_tabs_or_runs_of_spaces() -> None:
    assert clean_value(" uno\r\ndos\ttres     cuatro\x00 ") == "uno dos tres cuatro"
