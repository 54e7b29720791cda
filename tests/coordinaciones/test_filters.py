from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from app.coordinaciones.filters import Filters, parse_filters

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _in_the_app(app: Flask) -> None:
    """Sentences need the language of the app."""


def parse(**args: str) -> tuple[Filters, dict[str, str]]:
    return parse_filters({name.rstrip("_"): value for name, value in args.items()}, today=TODAY, region="AR")


def test_nothing_asked_for_is_what_comes_up_and_leads_to_a_bare_address() -> None:
    filters, errors = parse()

    assert filters == Filters(today=TODAY)
    assert (filters.query(), filters.narrowed, errors) == ({}, False, {})


def test_the_address_of_a_search_leads_back_to_the_same_search() -> None:
    args = {"q": "lucía", "when": "range", "state": "quote", "from": "2026-12-01", "to": "2026-12-31", "archived": "1"}

    filters, _errors = parse_filters(args, today=TODAY, region="AR")

    assert filters.query() == args
    assert parse_filters(filters.query(), today=TODAY, region="AR")[0] == filters


def test_days_alone_mean_a_range() -> None:
    assert parse(from_="2026-12-01")[0].when == "range"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("when", "soon"),
        ("state", "lost"),
        ("archived", "yes"),
        ("from_", "hoy"),
        ("to", "2026-13-01"),
        ("q", "x" * 101),
    ],
)
def test_a_value_that_is_no_good_is_named_and_counts_as_absent(name: str, value: str) -> None:
    filters, errors = parse(**{name: value})

    assert list(errors) == [name.rstrip("_")]
    assert filters.when == "upcoming"
    assert (filters.state, filters.archived, filters.from_on, filters.to_on) == (None, False, None, None)
