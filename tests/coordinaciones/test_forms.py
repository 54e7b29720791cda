from __future__ import annotations

from datetime import date, time

import pytest
from flask import Flask

from app.coordinaciones.forms import DEFAULTS, parse_changes, parse_new, parse_ref, read_form
from app.errors import Invalid

MINIMUM = {"title": "Casamiento de Lucía y Tomás", "client_name": "Lucía Ferreyra"}


def changes(data: dict[str, object]) -> dict[str, object]:
    return dict(parse_changes(data, region="AR", dj_ids={7}))


def errors(data: dict[str, object]) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        changes(data)
    return caught.value.fields


@pytest.fixture(autouse=True)
def _in_the_app(app: Flask) -> None:
    """Sentences need the language of the app."""


def test_a_new_one_with_only_its_required_fields_takes_the_defaults() -> None:
    values = parse_new(MINIMUM, region="AR", dj_ids=())

    assert values == DEFAULTS | MINIMUM


def test_every_field_is_read_into_its_own_type() -> None:
    values = changes(
        {
            "phone": "011 15-5555-0101",
            "event_kind": "wedding",
            "event_on": "2026-12-12",
            "start_time": "21:30",
            "place": "Quinta Los Aromos",
            "dj_id": 7,
            "state": "confirmed",
            "notes": "Vals a las 23.",
            "external_ref": "EV-1",
        }
    )

    assert values == {
        "phone": "+5491155550101",
        "event_kind": "wedding",
        "event_on": date(2026, 12, 12),
        "start_time": time(21, 30),
        "place": "Quinta Los Aromos",
        "dj_id": 7,
        "state": "confirmed",
        "notes": "Vals a las 23.",
        "external_ref": "EV-1",
    }


def test_a_new_one_without_title_and_client_names_both() -> None:
    with pytest.raises(Invalid) as caught:
        parse_new({}, region="AR", dj_ids=())

    assert caught.value.fields == {
        "title": "Escribí un nombre para el evento.",
        "client_name": "Escribí el nombre del cliente.",
    }


def test_a_change_without_title_leaves_the_title_out() -> None:
    assert changes({"place": "Salón Madero"}) == {"place": "Salón Madero"}


def test_a_change_to_an_empty_title_is_refused() -> None:
    assert errors({"title": " \n "}) == {"title": "Escribí un nombre para el evento."}


def test_null_empties_what_may_be_empty() -> None:
    nulls = dict.fromkeys(("phone", "event_on", "start_time", "dj_id", "external_ref"))

    assert changes(nulls) == nulls


@pytest.mark.parametrize("name", ["title", "client_name", "event_kind", "place", "state", "notes"])
def test_null_is_refused_where_something_has_to_stand(name: str) -> None:
    assert list(errors({name: None})) == [name]


def test_text_is_stripped_of_spaces_and_nul_and_a_line_stays_one_line() -> None:
    values = changes({"title": "  15 de\x00\n Martina ", "notes": " uno\r\ndos\rtres\x00 "})

    assert values == {"title": "15 de Martina", "notes": "uno\ndos\ntres"}


def test_a_phone_that_is_none_says_how_to_write_it() -> None:
    sentence = "Ese teléfono no parece válido. Escribilo con código de área, por ejemplo 11 2345-6789."

    assert errors({"phone": "llamar al salón"}) == {"phone": sentence}


def test_a_foreign_phone_keeps_its_country() -> None:
    assert changes({"phone": "+1 415 555 0132"}) == {"phone": "+14155550132"}


@pytest.mark.parametrize("day", ["2026-02-30", "12/12/2026", "20261212", "2026-W50-6", "", "0001-01-01", "2100-01-01"])
def test_a_day_that_does_not_exist_or_lies_far_away_is_refused(day: str) -> None:
    assert list(errors({"event_on": day})) == ["event_on"]


@pytest.mark.parametrize("hour", ["24:00", "9:30", "21:60", "21:30:00", "21.30", "٢١:٣٠"])
def test_an_hour_that_is_none_is_refused(hour: str) -> None:
    assert list(errors({"start_time": hour})) == ["start_time"]


@pytest.mark.parametrize("dj_id", [8, 0, -1, 10**40, True, 7.0, "7", [7]])
def test_only_people_of_the_office_are_put_in_charge(dj_id: object) -> None:
    assert list(errors({"dj_id": dj_id})) == ["dj_id"]


@pytest.mark.parametrize("name", ["title", "client_name", "phone", "event_on", "start_time", "place", "notes", "state"])
@pytest.mark.parametrize("value", [10**400, 1.5, float("nan"), True, [], {}, ["a"], "\ud800"])
def test_a_value_of_another_type_is_refused_by_the_name_of_its_field(name: str, value: object) -> None:
    assert list(errors({name: value})) == [name]


@pytest.mark.parametrize(
    ("name", "longest"),
    [("title", 200), ("client_name", 200), ("place", 200), ("external_ref", 120), ("notes", 10_000)],
)
def test_a_text_ends_where_its_column_does(name: str, longest: int) -> None:
    assert changes({name: "ñ" * longest}) == {name: "ñ" * longest}
    assert errors({name: "ñ" * (longest + 1)}) == {name: f"Es demasiado largo: hasta {longest} letras."}


def test_a_field_that_does_not_exist_is_named_and_not_lost() -> None:
    assert errors({"estado": "confirmed"}) == {"estado": "Ese campo no existe, o no se puede escribir."}


@pytest.mark.parametrize("name", ["id", "archived_at", "created_at", "search_text", "phone_key"])
def test_what_the_office_does_not_write_cannot_be_written(name: str) -> None:
    assert list(errors({name: "1"})) == [name]


def test_a_reference_in_an_address_follows_the_rules_of_the_field() -> None:
    assert parse_ref(" EV\x00-1 ") == "EV-1"
    with pytest.raises(Invalid):
        parse_ref("x" * 121)


def test_a_form_says_null_for_what_was_left_blank_and_numbers_for_ids() -> None:
    data = read_form({"title": "Fiesta", "phone": " ", "event_on": "", "notes": "", "dj_id": "7", "csrf_token": "x"})

    assert data == {"title": "Fiesta", "phone": None, "event_on": None, "notes": "", "dj_id": 7}


def test_an_id_that_is_no_number_stays_text_and_is_refused() -> None:
    assert errors(read_form({"dj_id": "ana"})) == {"dj_id": "Esa persona no existe, o ya no trabaja acá. Elegí otra."}
