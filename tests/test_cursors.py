"""Where a page of a list ended, as a program carries it from one request to the next."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from app.cursors import Page, Place, page_of, parse_cursor, write_cursor

GARBAGE = ["", "a", "ñ", "AAAA", "MjAyNi0xMy0wMSAyMTozMDowMCA3", "=" * 9, "\x00", "x" * 5000]


@pytest.mark.parametrize(
    "position",
    [
        (date(2026, 12, 12), time(21, 30), 7),
        (date.max, time.max, 2**31 - 1),
        (date.min, time.min, 1),
    ],
)
def test_a_cursor_leads_back_to_its_position(position: Place) -> None:
    assert parse_cursor(write_cursor(*position), date, time, int) == position


@pytest.mark.parametrize("cursor", [*GARBAGE, "20261301-213000.000000-7", "20261212-213000.000000-7-7"])
def test_a_cursor_that_nobody_wrote_is_none(cursor: str) -> None:
    assert parse_cursor(cursor, date, time, int) is None
    assert parse_cursor(cursor, datetime, int) is None


def test_a_moment_is_written_in_utc_and_comes_back_aware() -> None:
    moment = datetime(2026, 12, 12, 21, 30, 0, 250, tzinfo=timezone(timedelta(hours=-3)))

    cursor = write_cursor(moment, 7)

    assert cursor == "20261213T003000.000250-7"
    assert parse_cursor(cursor, datetime, int) == (moment, 7)
    assert moment.astimezone(UTC) == moment


def test_an_id_that_no_column_holds_is_of_no_list() -> None:
    assert parse_cursor(f"20261212-213000.000000-{2**31}", date, time, int, largest_id=2**31 - 1) is None
    assert parse_cursor("20261212T213000.000000-" + "9" * 19, datetime, int) is None


def test_a_page_goes_on_only_where_a_row_follows() -> None:
    assert page_of([3, 2, 1], 2, lambda row: (row,)) == Page([3, 2], "2")
    assert page_of([3, 2], 2, lambda row: (row,)) == Page([3, 2], None)
    assert page_of([], 2, lambda row: (row,)) == Page([], None)
