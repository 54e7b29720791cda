from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.auth.models import User
from app.coordinaciones.models import Coordinacion
from app.extensions import db, utcnow
from app.formats import today
from config import TestConfig
from tests.browser import SignedInClient
from tests.factories import Factories

URL = "/api/coordinaciones"
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
API_DOORS = (("POST", URL), ("PATCH", f"{URL}/1"), ("PUT", f"{URL}/external/EV-1"))
PAGE_DOORS = ("/coordinaciones", "/coordinaciones/1", "/coordinaciones/1/archive", "/coordinaciones/1/unarchive")
MINIMUM = {"title": "Casamiento de Lucía", "client_name": "Lucía Ferreyra"}


class Program:
    """Another program of the company, with the access token of a person."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    def __call__(self, method: str, url: str, **kwargs: Any) -> Any:
        return self.client.open(url, method=method, headers=self.headers, **kwargs)


@pytest.fixture
def program(nobody: FlaskClient, bearer: Callable[[User], dict[str, str]], ana: User) -> Program:
    return Program(nobody, bearer(ana))


@pytest.mark.parametrize(
    ("method", "url"),
    [("GET", URL), ("POST", URL), ("GET", f"{URL}/1"), ("PATCH", f"{URL}/1"), ("PUT", f"{URL}/external/EV-1")],
)
def test_nobody_enters_without_a_token(nobody: FlaskClient, method: str, url: str) -> None:
    response = nobody.open(url, method=method, json=MINIMUM)

    assert response.status_code == 401
    assert response.mimetype == "application/problem+json"


def test_staff_and_admin_may_both_write(
    nobody: FlaskClient, bearer: Callable[[User], dict[str, str]], bruno: User, carla: User
) -> None:
    for user in (bruno, carla):
        assert nobody.post(URL, json=MINIMUM, headers=bearer(user)).status_code == 201


def test_a_browser_writes_with_its_cookies_only_when_it_shows_its_csrf_value(
    sign_in: Callable[[User], Any], ana: User
) -> None:
    browser = sign_in(ana)

    assert browser.post(URL, json=MINIMUM).status_code == 403
    assert browser.post(URL, json=MINIMUM, headers={"X-CSRF-TOKEN": browser.csrf}).status_code == 201


def test_a_new_one_is_answered_whole_and_with_its_address(program: Program, ana: User) -> None:
    sent = MINIMUM | {
        "phone": "11 5555-0101",
        "event_kind": "wedding",
        "event_on": "2026-12-12",
        "start_time": "21:30",
        "place": "Quinta Los Aromos",
        "dj_id": ana.id,
        "state": "confirmed",
        "notes": "Vals a las 23.",
        "external_ref": "EV-1",
    }

    response = program("POST", URL, json=sent)

    body = response.json
    assert response.status_code == 201
    assert response.headers["Location"] == f"{URL}/{body['id']}"
    assert program("GET", response.headers["Location"]).json == body
    for name in ("created_at", "updated_at"):
        assert re.fullmatch(MOMENT, body.pop(name))
    del sent["dj_id"]
    assert body == sent | {
        "id": body["id"],
        "phone": "+5491155550101",
        "dj": {"id": ana.id, "name": "Ana"},
        "archived": False,
        "archived_at": None,
    }


def test_a_new_one_with_only_its_required_fields_shows_the_defaults(program: Program) -> None:
    body = program("POST", URL, json=MINIMUM).json

    empty = ("phone", "event_on", "start_time", "dj", "external_ref", "archived_at")
    assert {name: body[name] for name in empty} == dict.fromkeys(empty)
    assert (body["event_kind"], body["state"], body["place"], body["notes"]) == ("other", "quote", "", "")


def test_midnight_is_an_hour(program: Program) -> None:
    assert program("POST", URL, json=MINIMUM | {"start_time": "00:00"}).json["start_time"] == "00:00"


def test_what_cannot_be_taken_is_named_field_by_field(program: Program) -> None:
    response = program("POST", URL, json={"title": 7, "phone": "123", "estado": "x", "dj_id": 10**30})

    assert response.status_code == 422
    assert response.mimetype == "application/problem+json"
    assert response.json["code"] == "invalid"
    assert sorted(response.json["errors"]) == ["client_name", "dj_id", "estado", "phone", "title"]


@pytest.mark.parametrize("body", ["null", "[]", "7", '"x"', "NaN"])
def test_a_body_that_is_no_object_is_refused(program: Program, body: str) -> None:
    assert program("POST", URL, data=body, content_type="application/json").status_code == 422


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": ' + b"9" * 5000 + b"}", b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused(program: Program, body: bytes) -> None:
    assert program("POST", URL, data=body, content_type="application/json").status_code == 400


def test_a_body_of_another_type_is_refused(program: Program) -> None:
    assert program("POST", URL, data=MINIMUM).status_code == 415


def test_letters_that_no_database_can_keep_are_refused(program: Program) -> None:
    body = b'{"title": "\\ud800", "client_name": "Ana", "\\udfff": 1}'

    response = program("POST", URL, data=body, content_type="application/json")

    assert response.status_code == 422
    assert sorted(response.json["errors"]) == ["title", "\udfff"]


def test_a_reference_that_another_one_has_is_a_conflict(program: Program, factories: Factories) -> None:
    factories.coordinacion(external_ref="EV-1")
    other = factories.coordinacion()

    for response in (
        program("POST", URL, json=MINIMUM | {"external_ref": "EV-1"}),
        program("PATCH", f"{URL}/{other.id}", json={"external_ref": "EV-1"}),
    ):
        assert response.status_code == 409
        assert response.json["code"] == "conflict"
        assert list(response.json["errors"]) == ["external_ref"]


@pytest.mark.parametrize("number", ["0", "1", str(2**31), str(2**63), "9" * 40, "x", "-1"])
def test_what_does_not_exist_is_not_found(program: Program, number: str) -> None:
    assert program("GET", f"{URL}/{number}").status_code == 404
    assert program("PATCH", f"{URL}/{number}", json={}).status_code == 404


def test_a_change_keeps_what_is_absent_and_empties_what_is_null(program: Program, factories: Factories) -> None:
    stored = factories.coordinacion(
        title="Fiesta", place="Salón Madero", event_on=date(2026, 12, 12), start_time=time(21, 30)
    )

    body = program("PATCH", f"{URL}/{stored.id}", json={"title": "15 de Martina", "start_time": None}).json

    assert (body["title"], body["start_time"]) == ("15 de Martina", None)
    assert (body["place"], body["event_on"]) == ("Salón Madero", "2026-12-12")


def test_a_change_moves_the_moment_of_the_last_one(program: Program, factories: Factories) -> None:
    before = utcnow() - timedelta(days=1)
    stored = factories.coordinacion(updated_at=before)

    program("PATCH", f"{URL}/{stored.id}", json={"place": "Salón Madero"})

    assert factories.reload(stored).updated_at > before


def test_a_refused_change_writes_nothing(program: Program, factories: Factories) -> None:
    stored = factories.coordinacion(title="Fiesta")

    program("PATCH", f"{URL}/{stored.id}", json={"title": "Otra", "state": "lost"})

    assert factories.reload(stored).title == "Fiesta"


def test_whoever_left_stays_in_charge_but_takes_no_new_event(program: Program, factories: Factories) -> None:
    gone = factories.user("dario@example.com", name="Darío", active=False)
    theirs, other = factories.coordinacion(dj_id=gone.id), factories.coordinacion()

    assert program("PATCH", f"{URL}/{theirs.id}", json={"dj_id": gone.id}).status_code == 200
    assert program("PATCH", f"{URL}/{other.id}", json={"dj_id": gone.id}).status_code == 422


def test_another_program_creates_and_then_replaces_by_its_reference(program: Program, factories: Factories) -> None:
    url = f"{URL}/external/EV-1"

    first = program("PUT", url, json=MINIMUM | {"place": "Salón Madero"})
    second = program("PUT", url, json=MINIMUM | {"external_ref": "EV-1", "notes": "Vals"})

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["Location"] == second.headers["Location"] == f"{URL}/{first.json['id']}"
    assert (second.json["place"], second.json["notes"], second.json["external_ref"]) == ("", "Vals", "EV-1")


@pytest.mark.parametrize("ref", ["fiesta/2026/12", "a//b", "ñandú 7", "100%25", "..a", "%00x"])
def test_a_reference_may_be_any_text(program: Program, ref: str) -> None:
    assert program("PUT", f"{URL}/external/{ref}", json=MINIMUM).status_code == 201
    assert program("PUT", f"{URL}/external/{ref}", json=MINIMUM).status_code == 200


@pytest.mark.parametrize(
    ("ref", "body"),
    [("x" * 121, {}), ("%00", {}), ("EV-1", {"external_ref": "EV-2"}), ("EV-1", {"external_ref": None})],
)
def test_a_reference_that_is_no_good_or_not_the_one_of_the_address_is_refused(
    program: Program, ref: str, body: dict[str, Any]
) -> None:
    response = program("PUT", f"{URL}/external/{ref}", json=MINIMUM | body)

    assert response.status_code == 422
    assert list(response.json["errors"]) == ["external_ref"]


@pytest.fixture
def five(factories: Factories) -> list[Coordinacion]:
    return [factories.coordinacion(title=f"Fiesta {n}", event_on=today() + timedelta(days=n)) for n in range(-2, 3)]


def test_a_list_without_filters_holds_all_days_newest_first(program: Program, five: list[Coordinacion]) -> None:
    body = program("GET", URL).json

    assert [item["title"] for item in body["items"]] == [coordinacion.title for coordinacion in reversed(five)]
    assert body["next_cursor"] is None


def test_a_list_goes_on_where_it_ended_even_when_rows_come_between(
    program: Program, factories: Factories, five: list[Coordinacion]
) -> None:
    first = program("GET", URL, query_string={"when": "upcoming", "limit": 2}).json
    factories.coordinacion(title="recién llegada", event_on=today())

    query = {"when": "upcoming", "limit": 2, "cursor": first["next_cursor"]}
    second = program("GET", URL, query_string=query).json

    assert [item["title"] for item in first["items"] + second["items"]] == ["Fiesta 0", "Fiesta 1", "Fiesta 2"]
    assert second["next_cursor"] is None


def test_a_list_is_narrowed_by_words_state_days_and_the_archive(program: Program, factories: Factories) -> None:
    factories.coordinacion(title="Lucía", state="confirmed", event_on=date(2026, 12, 12))
    factories.coordinacion(title="Martina", event_on=date(2026, 12, 20), archived_at=utcnow())

    def listed(**query: str) -> list[str]:
        return [item["title"] for item in program("GET", URL, query_string=query).json["items"]]

    assert listed(q="lucia") == listed(state="confirmed") == listed() == ["Lucía"]
    assert listed(archived="true") == ["Martina", "Lucía"]
    assert listed(**{"from": "2026-12-13", "to": "2026-12-31", "archived": "1"}) == ["Martina"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "x"),
        ("limit", "9" * 5000),
        ("limit", "٣"),
        ("cursor", "x"),
        ("cursor", ""),
        ("state", "lost"),
        ("when", "soon"),
        ("archived", "2"),
        ("from", "0000-00-00"),
        ("q", "x" * 101),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_name(program: Program, name: str, value: str) -> None:
    response = program("GET", URL, query_string={name: value})

    assert response.status_code == 422
    assert list(response.json["errors"]) == [name]


@pytest.mark.parametrize("q", ["\x00", "%", "\\", "' OR 1=1 --", "☎️", "a " * 50, "1" * 100])
def test_a_search_takes_any_text(program: Program, q: str) -> None:
    assert program("GET", URL, query_string={"q": q}).status_code == 200


def test_every_door_that_writes_lets_through_120_in_a_minute(
    config: TestConfig, bearer: Callable[[User], dict[str, str]], ana: User
) -> None:
    headers, limited = bearer(ana), create_app(replace(config, RATELIMIT_ENABLED=True))
    browser = SignedInClient.of(limited, ana)

    answers = [browser.open(url, method=method, headers=headers) for method, url in API_DOORS]
    answers += [browser.htmx("POST", url) for url in PAGE_DOORS]
    read = browser.get(URL, headers=headers)

    with limited.app_context():
        db.engine.dispose()
    assert [answer.headers["X-RateLimit-Limit"] for answer in answers] == ["120"] * 7
    assert read.headers["X-RateLimit-Limit"] == "3000"
