"""The office's day ends some hours after midnight, on every night of the year, and in one place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.formats import format_days_away, format_thread_day, format_when, next_day_change, office_day, today
from tests.night import move_office

BUENOS_AIRES = "America/Argentina/Buenos_Aires"


@pytest.fixture(autouse=True)
def _in_a_request(migrated_app: Flask) -> Iterator[None]:
    with migrated_app.test_request_context("/"):
        yield


def office(app: Flask, monkeypatch: pytest.MonkeyPatch, zone: str, ends: time) -> None:
    monkeypatch.setitem(app.config, "APP_TIMEZONE", zone)
    monkeypatch.setitem(app.config, "DAY_ENDS_AT", ends)


def moment(text: str, zone: str = BUENOS_AIRES, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


@pytest.mark.parametrize(
    ("clock", "day"),
    [
        ("2026-11-28T05:59:59.999999", 27),
        ("2026-11-28T06:00", 28),
        ("2026-11-28T21:30", 28),
        ("2026-11-29T00:00", 28),
        ("2026-11-29T01:59", 28),
        ("2026-11-29T05:59", 28),
        ("2026-11-29T06:00", 29),
    ],
)
def test_the_small_hours_belong_to_the_evening_before(clock: str, day: int) -> None:
    for zone in (ZoneInfo(BUENOS_AIRES), UTC):  # The same moment, whoever says it.
        assert office_day(moment(clock).astimezone(zone)) == date(2026, 11, day)


def test_an_office_may_end_its_day_at_midnight(migrated_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    office(migrated_app, monkeypatch, BUENOS_AIRES, time(0))

    assert office_day(moment("2026-11-28T23:59:59")) == date(2026, 11, 28)
    assert office_day(moment("2026-11-29T00:00")) == date(2026, 11, 29)


@pytest.mark.parametrize(
    ("clock", "change"),
    [
        ("2026-11-28T21:30", "2026-11-29T09:00"),
        ("2026-11-29T01:59", "2026-11-29T09:00"),
        ("2026-11-29T06:00", "2026-11-30T09:00"),
    ],
)
def test_the_next_change_of_the_day_is_told_in_utc(clock: str, change: str) -> None:
    assert next_day_change(moment(clock)) == datetime.fromisoformat(change).replace(tzinfo=UTC)
    assert next_day_change(moment(clock)).tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "ends", "night"),
    [
        ("America/New_York", time(6), "2026-11-01T00:00"),  # Two o'clock becomes one.
        ("America/New_York", time(1, 30), "2026-11-01T00:00"),  # 1:30 comes twice.
        ("America/New_York", time(2, 30), "2026-03-08T00:00"),  # 2:30 does not come.
        ("America/Santiago", time(0), "2026-09-05T22:00"),  # Midnight does not come.
        ("America/Santiago", time(0), "2026-04-04T22:00"),  # Eleven in the evening comes twice.
        ("Australia/Lord_Howe", time(2), "2026-04-04T22:00"),  # Half an hour comes twice.
    ],
)
def test_a_day_comes_once_though_the_clock_is_changed(
    migrated_app: Flask, monkeypatch: pytest.MonkeyPatch, zone: str, ends: time, night: str
) -> None:
    office(migrated_app, monkeypatch, zone, ends)
    begin = moment(night, zone).astimezone(UTC)

    days = [office_day(begin + timedelta(minutes=minutes)) for minutes in range(12 * 60)]

    assert days == sorted(days)
    assert len(set(days)) == 2
    change = next_day_change(begin)
    assert begin + timedelta(minutes=days.index(days[-1])) == change
    assert office_day(change - timedelta(microseconds=1)) == days[0]
    assert next_day_change(change) > change


def test_at_night_hoy_and_ayer_are_those_of_the_evening(migrated_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    move_office(migrated_app, monkeypatch, 1)
    now = datetime.now(ZoneInfo(migrated_app.config["APP_TIMEZONE"]))
    evening = now.date() - timedelta(days=1)
    at_half_past_nine = datetime.combine(evening, time(21, 30), now.tzinfo)

    assert today() == evening
    assert format_when(at_half_past_nine) == "21:30"
    assert format_when(at_half_past_nine - timedelta(days=1)) == "ayer"
    assert [format_days_away(evening + timedelta(days=away)) for away in (-1, 0, 1)] == ["ayer", "hoy", "mañana"]
    assert [format_thread_day(evening - timedelta(days=ago)) for ago in (0, 1)] == ["hoy", "ayer"]


def test_in_the_morning_the_party_is_over(migrated_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    move_office(migrated_app, monkeypatch, 6)
    now = datetime.now(ZoneInfo(migrated_app.config["APP_TIMEZONE"]))

    assert today() == now.date()
    assert format_days_away(now.date() - timedelta(days=1)) == "ayer"
