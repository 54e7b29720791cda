"""What is asked before a coordinación is saved: a phone that nobody knows, a DJ booked twice, one event twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.auth.models import User
from app.coordinaciones.doubt_queries import find_doubts, unanswered
from app.coordinaciones.forms import parse_changes, parse_new
from app.coordinaciones.models import Coordinacion
from app.extensions import db, utcnow
from app.formats import format_day
from tests.browser import SignedInClient
from tests.factories import Factories

URL, API = "/coordinaciones", "/api/coordinaciones"
DAY = date(2026, 12, 12)
NEW = {"title": "Boda", "client_name": "Lucía Ferreyra", "event_on": "2026-12-12", "event_kind": "wedding"}
UNKNOWN = "+54 9 11 9999-8888"


@pytest.fixture
def browser(sign_in: Callable[[User], SignedInClient], ana: User) -> SignedInClient:
    return sign_in(ana)


@pytest.fixture
def program(nobody: FlaskClient, bearer: Callable[[User], dict[str, str]], ana: User) -> Callable[..., Any]:
    """Calls the API with Ana's token."""
    headers = bearer(ana)

    def call(method: str, url: str, **options: Any) -> Any:
        return nobody.open(url, method=method, headers=headers, **options)

    return call


def codes(ana: User, **values: Any) -> list[str]:
    """What is asked about a new event, Ana's unless said otherwise."""
    new = parse_new(NEW | {"dj_id": ana.id} | values, region="AR", dj_ids={ana.id})
    return [doubt.code for doubt in find_doubts(new)]


def changed(stored: Coordinacion, ana: User, **values: Any) -> list[str]:
    return [doubt.code for doubt in find_doubts(parse_changes(values, region="AR", dj_ids={ana.id}), stored)]


def post(browser: SignedInClient, url: str, **fields: Any) -> Any:
    return browser.post(url, data=fields | {"csrf_token": browser.csrf})


def count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Coordinacion)) or 0


def confirmed(html: str) -> str:
    """The answer that the form brings back: yes to what it asks."""
    found = re.search(r'name="confirmed" value="([^"]*)"', html)
    assert found
    return unescape(found[1])


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@pytest.mark.parametrize(
    ("day", "theirs", "ours", "asked"),
    [
        (DAY, time(21, 30), "22:00", True),
        (DAY, time(21, 30), "14:00", True),
        (DAY, time(21, 30), "10:00", False),
        (DAY, None, "10:00", True),
        (DAY, time(21, 30), None, True),
        (date(2026, 12, 11), time(23, 30), "00:30", True),
        (date(2026, 12, 13), time(1, 0), "21:30", True),
        (date(2026, 12, 11), time(21, 30), "21:30", False),
        (date(2026, 12, 11), None, None, False),
    ],
)
def test_a_dj_who_has_another_event_in_that_evening_is_asked_about(
    factories: Factories, ana: User, day: date, theirs: time | None, ours: str | None, asked: bool
) -> None:
    factories.coordinacion(event_on=day, start_time=theirs, dj_id=ana.id)

    assert codes(ana, start_time=ours) == ["dj_booked"] * asked


def test_what_is_cancelled_archived_undated_or_somebody_elses_is_in_nobodys_way(
    factories: Factories, ana: User, bruno: User
) -> None:
    same = {"client_name": "Lucía Ferreyra", "event_kind": "wedding", "phone": None}
    factories.coordinacion(event_on=DAY, dj_id=ana.id, state="cancelled", **same)
    factories.coordinacion(event_on=DAY, dj_id=ana.id, archived_at=utcnow(), **same)
    factories.coordinacion(event_on=None, dj_id=ana.id, **same)
    factories.coordinacion(event_on=DAY, dj_id=bruno.id)

    assert codes(ana) == []
    factories.coordinacion(event_on=DAY, dj_id=ana.id, **same)
    assert codes(ana) == ["dj_booked", "same_event"]
    assert codes(ana, state="cancelled") == []
    assert codes(ana, event_on=None) == []


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"phone": "+5491155550101", "client_name": "Otro nombre"}, True),
        ({"phone": "+541155550101", "client_name": "Otro nombre"}, True),
        ({"phone": None, "client_name": "LUCIA  FERREYRA"}, True),
        ({"phone": "+5491155550199", "client_name": "Lucía Ferreyra"}, False),
        ({"phone": "+5491155550101", "event_kind": "birthday"}, False),
        ({"phone": "+5491155550101", "event_on": date(2026, 12, 13)}, False),
    ],
)
def test_the_same_client_day_and_kind_twice_is_asked_about(
    factories: Factories, ana: User, fields: dict[str, Any], asked: bool
) -> None:
    factories.coordinacion(**{"event_on": DAY, "event_kind": "wedding", "client_name": "Lucia Ferreyra"} | fields)

    assert codes(ana, phone="11 5555-0101", dj_id=None) == ["same_event"] * asked


def test_who_changes_something_else_is_not_asked_again(factories: Factories, ana: User) -> None:
    factories.coordinacion(event_on=DAY, dj_id=ana.id)
    stored = factories.coordinacion(event_on=DAY, dj_id=ana.id, phone="+5491199998888", state="cancelled")

    assert changed(stored, ana, notes="Vals a las 23.", title="Boda", phone=UNKNOWN) == []
    assert changed(stored, ana, state="confirmed") == ["dj_booked"]
    assert changed(stored, ana, phone="11 9999-7777") == ["phone_unknown"]


def test_a_yes_counts_for_what_was_asked_alone(factories: Factories, ana: User) -> None:
    factories.coordinacion(event_on=DAY, dj_id=ana.id)
    new = parse_new(NEW | {"dj_id": ana.id, "phone": UNKNOWN}, region="AR", dj_ids={ana.id})
    asked = find_doubts(new)
    yes = " ".join(doubt.key for doubt in asked)

    assert unanswered(asked, "") == asked
    assert unanswered(asked, asked[0].key) == asked
    assert unanswered(asked, yes) == []
    factories.coordinacion(event_on=DAY, dj_id=ana.id)
    assert unanswered(find_doubts(new), yes)


def test_a_new_one_is_asked_about_and_kept_after_a_yes(
    browser: SignedInClient, factories: Factories, ana: User
) -> None:
    other = factories.coordinacion(title="15 de Martina", event_on=DAY, start_time=time(21, 30), dj_id=ana.id)
    form = NEW | {"dj_id": str(ana.id), "phone": UNKNOWN, "notes": "Vals a las 23."}

    asked = post(browser, URL, **form)

    assert (asked.status_code, count()) == (422, 1)
    said = words(asked.text)
    assert "No se guardó todavía." in said
    assert "¿Está bien el teléfono +54 9 11 9999-8888?" in said
    assert f"Ese DJ ya tiene otro evento a esa altura: 15 de Martina · {format_day(DAY)} · 21:30" in said
    assert f'href="{URL}/{other.id}"' in asked.text
    assert "Guardar igual" in said
    assert "Vals a las 23." in asked.text
    assert post(browser, URL, **form | {"phone": "11 9999-7777", "confirmed": confirmed(asked.text)}).status_code == 422
    kept = post(browser, URL, **form | {"confirmed": confirmed(asked.text)})
    assert (kept.status_code, count()) == (303, 2)
    assert db.session.scalar(select(Coordinacion.phone).where(Coordinacion.id != other.id)) == "+5491199998888"


def test_a_change_is_asked_about_and_kept_after_a_yes(browser: SignedInClient, factories: Factories, ana: User) -> None:
    factories.coordinacion(title="15 de Martina", event_on=DAY, dj_id=ana.id)
    stored = factories.coordinacion(title="Boda", dj_id=ana.id)
    form = {"title": "Boda de Lucía", "event_on": "2026-12-12"}

    asked = post(browser, f"{URL}/{stored.id}", **form)
    before = factories.reload(stored).title
    kept = post(browser, f"{URL}/{stored.id}", **form, confirmed=confirmed(asked.text))

    assert (asked.status_code, before) == (422, "Boda")
    assert 'value="Boda de Lucía"' in asked.text
    assert kept.status_code == 303
    assert (factories.reload(stored).title, stored.event_on) == ("Boda de Lucía", DAY)


def test_an_impossible_phone_is_refused_and_not_asked_about(browser: SignedInClient) -> None:
    refused = post(browser, URL, **NEW, phone="11 9999-888")

    assert "Ese teléfono no parece válido." in words(refused.text)
    assert 'name="confirmed"' not in refused.text
    assert count() == 0


def test_programs_are_warned_and_what_they_send_is_kept(program: Any, factories: Factories, ana: User) -> None:
    other = factories.coordinacion(
        event_on=DAY, dj_id=ana.id, client_name="Lucía Ferreyra", event_kind="wedding", phone=None
    )

    new = program("POST", API, json=NEW | {"dj_id": ana.id, "phone": UNKNOWN})
    put = program("PUT", f"{API}/external/EV-1", json=NEW | {"dj_id": ana.id})
    calm = program("PATCH", f"{API}/{new.json['id']}", json={"notes": "Vals a las 23."})
    refused = program("POST", API, json=NEW | {"phone": "11 9999-888"})

    assert (new.status_code, new.json["phone"]) == (201, "+5491199998888")
    assert [(warning["code"], warning["coordinacion_ids"]) for warning in new.json["warnings"]] == [
        ("phone_unknown", []),
        ("dj_booked", [other.id]),
        ("same_event", [other.id]),
    ]
    assert put.status_code == 201
    assert [warning["code"] for warning in put.json["warnings"]] == ["dj_booked", "same_event"]
    assert "warnings" not in calm.json
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["phone"])
