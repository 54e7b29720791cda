"""Words that depend on now say until when they hold; those that do not, say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from markupsafe import Markup

from app.extensions import utcnow
from app.formats import next_day_change, today
from app.holds import (
    hold_days_away,
    hold_remaining,
    hold_since,
    hold_thread_day,
    hold_waiting,
    hold_when,
)


@pytest.fixture(autouse=True)
def _in_a_request(migrated_app: Flask) -> Iterator[None]:
    with migrated_app.test_request_context("/"):
        yield


def until(words: Markup) -> datetime:
    found = re.fullmatch(r'<span data-holds-until="([0-9]+)">[^<]+</span>', words)
    assert found is not None, words
    return datetime.fromtimestamp(int(found[1]), UTC)


def test_words_of_a_day_hold_until_the_day_of_the_office_changes() -> None:
    ends = next_day_change(utcnow())

    for words in (
        hold_thread_day(today()),
        hold_thread_day(today() - timedelta(days=1)),
        hold_days_away(today() + timedelta(days=20)),
        hold_days_away(today() - timedelta(days=2)),
        hold_when(utcnow()),
        hold_when(utcnow() - timedelta(days=5)),
    ):
        assert until(words) == ends


def test_what_reads_the_same_tomorrow_says_nothing() -> None:
    assert "span" not in hold_thread_day(today() - timedelta(days=2))
    assert "span" not in hold_when(utcnow() - timedelta(days=30))


@pytest.mark.parametrize(
    ("left", "holds"),
    [
        (timedelta(hours=22, minutes=10), timedelta(minutes=10)),
        (timedelta(minutes=40, seconds=20), timedelta(seconds=20)),
        (timedelta(seconds=30), timedelta(seconds=30)),
    ],
)
def test_what_is_left_holds_until_it_is_one_less(left: timedelta, holds: timedelta) -> None:
    now = utcnow()

    assert abs(until(hold_remaining(now + left)) - (now + holds)) < timedelta(seconds=2)


def test_two_answers_that_say_the_same_are_the_same() -> None:
    ends_at = (utcnow() + timedelta(hours=22, minutes=30)).replace(microsecond=0)

    assert {until(hold_remaining(ends_at)) for _answer in range(20)} == {ends_at - timedelta(hours=22)}


@pytest.mark.parametrize(
    ("ago", "more"),
    [
        (timedelta(minutes=5), timedelta(minutes=1)),
        (timedelta(hours=3), timedelta(hours=1)),
        (timedelta(days=3), timedelta(days=1)),
    ],
)
def test_how_long_ago_holds_until_the_full_minute_after_it_is_one_more(ago: timedelta, more: timedelta) -> None:
    since = utcnow() - ago - timedelta(seconds=1)

    for words in (hold_since(since), hold_waiting(since)):
        assert until(words).second == 0
        assert timedelta() <= until(words) - (since + more + ago) < timedelta(minutes=1)


def test_every_such_filter_of_the_templates_says_it(migrated_app: Flask) -> None:
    now = utcnow()
    said = {
        "format_thread_day": today(),
        "format_when": now,
        "format_days_away": today(),
        "format_remaining": now + timedelta(hours=1, minutes=1),
        "format_since": now,
        "format_waiting": now,
        "moment_words": now,
    }

    for name, value in said.items():
        assert "data-holds-until" in migrated_app.jinja_env.filters[name](value), name
    assert "data-holds-until" in migrated_app.jinja_env.filters["from_when"](now + timedelta(days=1), now)
