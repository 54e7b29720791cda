"""Moments, days, names and counts as people say them. "Today" is the office's, whatever day it is in London."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app import create_app
from app.extensions import db
from app.formats import (
    fold,
    format_badge,
    format_clock,
    format_day,
    format_day_long,
    format_days_away,
    format_left,
    format_remaining,
    format_thread_day,
    format_when,
    initials,
    to_local,
    today,
)
from config import TestConfig

BUENOS_AIRES = ZoneInfo("America/Argentina/Buenos_Aires")
DAYS = ("lun", "mar", "mié", "jue", "vie", "sáb", "dom")
MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic")
INSTANT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def _in_a_request(migrated_app: Flask) -> Iterator[None]:
    with migrated_app.test_request_context("/"):
        yield


def morning(days_ago: int = 0) -> datetime:
    """Return when the office's day began, so many days ago, as the database gives moments: in UTC."""
    day = today() - timedelta(days=days_ago)
    return datetime.combine(day, time(6), BUENOS_AIRES).astimezone(UTC)


def short(day: date, *, year: bool) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")


def test_today_is_the_day_of_the_office() -> None:
    assert today() == (datetime.now(BUENOS_AIRES) - timedelta(hours=6)).date()


def test_a_moment_of_today_is_an_hour() -> None:
    assert format_when(morning()) == "06:00"
    assert format_when(morning() + timedelta(hours=8, minutes=32, seconds=59)) == "14:32"
    assert format_when(morning() + timedelta(days=1) - INSTANT) == "05:59"


def test_the_last_instant_of_yesterday_is_yesterday_though_the_calendar_is_already_in_today() -> None:
    assert format_when(morning() - INSTANT) == "ayer"
    assert format_when(morning(1)) == "ayer"
    assert format_when(morning(1) - INSTANT) == DAYS[(today() - timedelta(days=2)).weekday()]


def test_within_the_week_a_day_has_a_name_and_then_a_date() -> None:
    six, seven = today() - timedelta(days=6), today() - timedelta(days=7)

    assert format_when(morning(6)) == DAYS[six.weekday()]
    assert format_when(morning(6) - INSTANT) == short(seven, year=seven.year != today().year)


def test_another_year_is_said() -> None:
    last = today().replace(year=today().year - 1, month=3, day=12)

    assert format_when(datetime.combine(last, time(12), BUENOS_AIRES)) == f"12 mar {last.year}"


def test_a_moment_yet_to_come_is_an_hour() -> None:
    # Clocks differ by seconds between machines.
    assert format_when(morning() + timedelta(days=1, hours=1)) == "07:00"


def test_the_separators_of_a_thread_say_today_and_yesterday() -> None:
    before = today() - timedelta(days=3)

    assert format_thread_day(today()) == "hoy"
    assert format_thread_day(today() - timedelta(days=1)) == "ayer"
    assert format_thread_day(before) == format_day(before)
    assert format_thread_day(before).startswith(DAYS[before.weekday()] + " ")


def test_a_day_has_its_year_only_when_it_is_another() -> None:
    this = date(today().year, 12, 12)

    assert format_day(this) == f"{DAYS[this.weekday()]} 12 dic"
    assert format_day(date(2024, 2, 29)) == "jue 29 feb 2024"
    assert format_day_long(date(2026, 12, 12)) == "sábado, 12 de diciembre de 2026"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-400, "hace 400 días"),
        (-2, "hace 2 días"),
        (-1, "ayer"),
        (0, "hoy"),
        (1, "mañana"),
        (2, "en 2 días"),
        (20, "en 20 días"),
        (365, "en 365 días"),
    ],
)
def test_how_far_a_day_is(days: int, words: str) -> None:
    assert format_days_away(today() + timedelta(days=days)) == words


def test_hours_are_the_offices() -> None:
    assert format_clock(datetime(2026, 6, 1, 2, 5, tzinfo=UTC)) == "23:05"
    assert format_clock(time(21, 30)) == "21:30"
    assert to_local(datetime(2026, 1, 1, 1, 0, tzinfo=UTC)).date() == date(2025, 12, 31)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(hours=24), "quedan 24 h"),
        (timedelta(hours=22, minutes=59), "quedan 22 h"),
        (timedelta(hours=1), "queda 1 h"),
        (timedelta(minutes=59, seconds=59), "quedan 59 min"),
        (timedelta(seconds=20), "queda 1 min"),
        (timedelta(0), "queda 1 min"),
        (timedelta(minutes=-5), "queda 1 min"),
    ],
)
def test_what_is_left_of_the_window_never_promises_too_much(left: timedelta, words: str) -> None:
    assert format_remaining(left) == words


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(hours=21, minutes=40, seconds=59), "21 h 40 min"),
        (timedelta(hours=1), "1 h 0 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(seconds=-5), "1 min"),
    ],
)
def test_a_clock_that_runs_down_says_hours_and_minutes(left: timedelta, words: str) -> None:
    assert format_left(left) == words


@pytest.mark.parametrize(("count", "shown"), [(0, "0"), (1, "1"), (99, "99"), (100, "99+"), (12345, "99+")])
def test_the_badge_stops_at_99(count: int, shown: str) -> None:
    assert format_badge(count) == shown


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Lucía Ferreyra", "LF"),
        ("ana", "A"),
        ("María de los Ángeles Gómez", "MG"),
        ("🎉 Ana López", "AL"),
        ("Ana 🎉", "A"),
        ("🎉", "·"),
        ("", "·"),
        ("   ", "·"),
        ("ñandú", "Ñ"),
        ("\u3164Ana", "A"),
        ("\u3164\u2800", "·"),
        ("\u202eAna\u202c \u200bPaz", "AP"),
        ("محمد علي", "مع"),
        ("李 小龙", "李小"),
    ],
)
def test_avatars_have_up_to_two_letters(name: str, letters: str) -> None:
    assert initials(name) == letters


@pytest.mark.parametrize("name", ["+54 9 11 2345-6789", "AR.123", "3 Amigos", "ß x", "(sin nombre)"])
def test_an_avatar_is_never_empty_nor_long(name: str) -> None:
    assert 1 <= len(initials(name)) <= 2


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Ángel ÑANDÚ", "angel nandu"), ("Straße", "strasse"), ("ＬＵＣＩＡ", "lucia"), ("Lucía", "lucia"), ("", "")],
)
def test_search_forgets_accents_and_case(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_today_is_the_offices_even_when_london_has_another_day(config: TestConfig) -> None:
    # Whatever the hour, one of these two is on another day than UTC.
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        app = create_app(replace(config, APP_TIMEZONE=zone))
        with app.app_context():
            assert today() == (datetime.now(ZoneInfo(zone)) - timedelta(hours=6)).date()
            db.engine.dispose()


def test_another_office_lives_at_its_own_hour(config: TestConfig) -> None:
    madrid = create_app(replace(config, APP_TIMEZONE="Europe/Madrid"))
    with madrid.app_context():
        shown = format_clock(datetime(2026, 7, 1, 12, 0, tzinfo=UTC))
        db.engine.dispose()

    assert shown == "14:00"
