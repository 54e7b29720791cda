from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest

from app.auth.models import User
from app.coordinaciones import queries
from app.coordinaciones.filters import Filters, parse_filters
from app.errors import NotFound
from app.extensions import db, utcnow
from tests.factories import Factories

TODAY = date(2026, 11, 22)
KEY = "541155550101"


def filters(**args: str) -> Filters:
    found, errors = parse_filters(args | {"from": args.pop("from_", "")}, today=TODAY, region="AR")
    assert not errors
    return found


def titles(limit: int = 50, **args: str) -> list[str]:
    return [coordinacion.title for coordinacion in queries.list_coordinaciones(filters(**args), limit=limit).items]


@pytest.fixture
def event(factories: Factories) -> Any:
    def store(title: str, days: int | None = 10, **fields: Any) -> Any:
        day = None if days is None else TODAY + timedelta(days=days)
        return factories.coordinacion(title=title, event_on=day, **fields)

    return store


@pytest.mark.parametrize("coordinacion_id", [0, -1, 1, 2**31, 2**63, 10**40])
def test_an_id_that_nobody_has_is_not_found(app: Any, coordinacion_id: int) -> None:
    with pytest.raises(NotFound):
        queries.get_coordinacion(coordinacion_id)


def test_one_is_found_by_another_programs_reference(event: Any) -> None:
    stored = event("Fiesta", external_ref="EV-1")

    assert queries.find_coordinacion_by_ref("EV-1") is stored
    assert queries.find_coordinacion_by_ref("ev-1") is None


def test_what_comes_up_is_listed_from_today_on_the_nearest_first_and_undated_ones_last(event: Any) -> None:
    for title, days in (("sin fecha", None), ("ayer", -1), ("en un mes", 30), ("hoy", 0), ("mañana", 1)):
        event(title, days)

    assert titles() == ["hoy", "mañana", "en un mes", "sin fecha"]


def test_two_events_of_one_day_come_by_their_hour_and_without_one_last(event: Any) -> None:
    event("sin hora")
    event("de noche", start_time=time(22, 0))
    event("de tarde", start_time=time(15, 30))

    assert titles() == ["de tarde", "de noche", "sin hora"]


def test_what_is_past_is_listed_newest_first(event: Any) -> None:
    for title, days in (("hace un año", -365), ("hoy", 0), ("ayer", -1), ("sin fecha", None)):
        event(title, days)

    assert titles(when="past") == ["ayer", "hace un año"]


def test_all_of_them_are_listed_newest_first_and_undated_ones_last(event: Any) -> None:
    for title, days in (("sin fecha", None), ("ayer", -1), ("mañana", 1)):
        event(title, days)

    assert titles(when="all") == ["mañana", "ayer", "sin fecha"]


def test_a_range_includes_both_of_its_days_and_either_may_be_open(event: Any) -> None:
    for title, days in (("a", -2), ("b", 0), ("c", 2), ("sin fecha", None)):
        event(title, days)

    assert titles(from_="2026-11-20", to="2026-11-22") == ["a", "b"]
    assert titles(from_="2026-11-22") == ["b", "c"]
    assert titles(to="2026-11-21") == ["a"]
    assert titles(when="range") == ["a", "b", "c"]


def test_days_count_only_for_a_range(event: Any) -> None:
    event("mañana", 1)

    assert titles(when="upcoming", from_="2030-01-01") == ["mañana"]


def test_archived_ones_are_hidden_until_asked_for(event: Any) -> None:
    event("a la vista", 1)
    event("archivada", 2, archived_at=utcnow())

    assert titles() == ["a la vista"]
    assert titles(archived="1") == ["a la vista", "archivada"]


def test_a_state_narrows_the_list(event: Any) -> None:
    event("confirmada", state="confirmed")
    event("presupuesto")

    assert titles(state="confirmed") == ["confirmada"]


@pytest.mark.parametrize(
    "q",
    [
        "lucia",
        "LUCÍA tomas",
        "ferreyra aromos",
        "ñandu",
        "nandú",
        "5555-0101",
        "11 5555 0101",
        "+54 9 11 5555-0101",
        "(011) 15-5555-0101",
        "15 5555-0101",
        "15 5555-010",
        "\u202a+54 9 11 5555\u20110101\u202c",
        "quinta \u201clos aromos\u201d",
        'quinta "los',
        "maquina de humo",
        "ev_1",
        "100%",
    ],
)
def test_a_search_finds_every_word_wherever_it_stands_without_accents(event: Any, q: str) -> None:
    event(
        "Casamiento de Lucía y Tomás 100%",
        client_name="Lucía Ferreyra Ñandú",
        place="Quinta \u201cLos Aromos\u201d",
        phone="+5491155550101",
        external_ref="EV_1",
        notes="Llevar máquina de humo.",
    )
    event("15 de Martina", client_name="Sergio Paz", place="Salón Madero", phone="+5491155550199", external_ref="EVX1")

    assert titles(q=q) == ["Casamiento de Lucía y Tomás 100%"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("20/12", ["la del 20"]),
        ("20-12", ["la del 20"]),
        ("20.12.2026", ["la del 20"]),
        ("2026-12-20", ["la del 20"]),
        ("20 de diciembre", ["la del 20"]),
        ("20 dic", ["la del 20"]),
        ("Domingo 20 de Diciembre", ["la del 20"]),
        ("dom 20", ["la del 20"]),
        ("20 de diciembre de 2025", []),
        ("lunes 20", []),
        ("sábado 12", ["la del 12"]),
        ("sábado", ["la del 12"]),
        ("diciembre", ["la del 12", "la del 20"]),
        ("12/2026", ["la del 12", "la del 20"]),
        ("mañana", ["la de mañana"]),
        ("quinta 20/12", ["la del 20"]),
        ("salon 20/12", []),
        ("2/12", []),
        ("enero", ["la de Enero Paz"]),
        ("bruno diciembre", ["la del 12"]),
        ("BRUNO", ["la del 12"]),
    ],
)
def test_a_search_finds_by_date_and_by_dj(event: Any, bruno: User, q: str, found: list[str]) -> None:
    event("la de mañana", 1)
    event("la del 12", 20, place="Salón Madero", dj_id=bruno.id)
    event("la del 20", 28, place="Quinta Los Aromos")
    event("la de Enero Paz", None)

    assert titles(q=q) == found


@pytest.mark.parametrize("q", ["lucia martina", "%", "_", "\\", "/", "'"])
def test_a_search_finds_nothing_where_a_word_is_missing_and_wildcards_are_letters(event: Any, q: str) -> None:
    event("Casamiento de Lucía")

    assert titles(q=q) == []


def test_pages_that_go_on_from_the_last_one_hold_every_row_once(event: Any) -> None:
    expected = set()
    for number in range(9):
        hour = time(20 + number % 3, 0) if number % 2 else None
        expected.add(event(f"Fiesta {number}", None if number % 4 == 3 else number % 2, start_time=hour).title)
    for when in ("upcoming", "all"):
        seen, after = [], None
        while True:
            page = queries.list_coordinaciones(filters(when=when), limit=2, after=after)
            seen += [coordinacion.title for coordinacion in page.items]
            if page.next_cursor is None:
                break
            after = queries.find_place(page.next_cursor)

        assert seen == titles(when=when)
        assert set(seen) == expected


def test_a_page_knows_whether_another_one_follows(event: Any) -> None:
    event("uno")
    event("dos")

    assert queries.list_coordinaciones(filters(), limit=1).next_cursor is not None
    assert queries.list_coordinaciones(filters(), limit=2).next_cursor is None
    assert queries.list_coordinaciones(filters(), limit=1, offset=1).next_cursor is None


def test_a_list_with_its_djs_is_one_statement(event: Any, ana: User, bruno: User, statements: list[str]) -> None:
    event("uno", dj_id=ana.id)
    event("dos", dj_id=bruno.id)
    db.session.expunge_all()
    statements.clear()

    page = queries.list_coordinaciones(filters(), limit=25)

    assert [coordinacion.dj.name for coordinacion in page.items if coordinacion.dj] == ["Ana", "Bruno"]
    assert len(statements) == 1


def test_a_message_belongs_to_the_nearest_event_to_come(event: Any) -> None:
    event("en un mes", 30, phone="+5491155550101")
    nearest = event("hoy", 0, phone="+541155550101")
    event("ayer", -1, phone="+5491155550101")
    event("de otro cliente", 0, phone="+5491155550102")

    assert queries.find_nearest(KEY, TODAY) is nearest


def test_cancelled_and_archived_events_are_passed_over(event: Any) -> None:
    event("cancelada", 1, phone="+5491155550101", state="cancelled")
    event("archivada", 2, phone="+5491155550101", archived_at=utcnow())
    nearest = event("la que vale", 3, phone="+5491155550101")

    assert queries.find_nearest(KEY, TODAY) is nearest


def test_without_an_event_to_come_it_is_the_latest_past_one_and_then_an_undated_one(event: Any) -> None:
    undated = event("sin fecha", None, phone="+5491155550101")
    assert queries.find_nearest(KEY, TODAY) is undated

    event("hace un año", -365, phone="+5491155550101")
    latest = event("ayer", -1, phone="+5491155550101")

    assert queries.find_nearest(KEY, TODAY) is latest


def test_a_client_without_coordinaciones_has_no_nearest_one(event: Any) -> None:
    event("archivada", phone="+5491155550101", archived_at=utcnow())

    assert queries.find_nearest(KEY, TODAY) is None


def test_the_coordinaciones_of_a_client_come_nearest_first(event: Any) -> None:
    events = {"ayer": -1, "sin fecha": None, "en un mes": 30, "hace un año": -365, "mañana": 1}
    for title, days in events.items():
        event(title, days, phone="+5491155550101")
    event("cancelada", 0, phone="+5491155550101", state="cancelled")

    found = [coordinacion.title for coordinacion in queries.list_by_phone_key(KEY, TODAY)]

    assert found == ["mañana", "en un mes", "ayer", "hace un año", "sin fecha", "cancelada"]


def test_only_active_people_are_offered_and_whoever_is_in_charge_already(
    factories: Factories, ana: User, carla: User
) -> None:
    gone = factories.user("dario@example.com", name="Darío", active=False)

    assert queries.list_djs() == [ana, carla]
    assert queries.list_djs(keep=gone.id) == [ana, carla, gone]
