"""Values of a query string."""

from __future__ import annotations

import pytest

from app.args import cut_text_arg, find_number, list_numbers, refused_into
from app.errors import Invalid


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", " 1", "\u0661", "²", "9" * 19])
def test_what_is_no_number_is_none(text: str) -> None:
    assert find_number(text) is None


def test_numbers_have_a_largest_one() -> None:
    assert (find_number("0"), find_number("12", 12), find_number("13", 12)) == (0, 12, None)


def test_numbers_are_picked_from_among_what_is_none() -> None:
    assert list_numbers(["3", "x", "", "7", "8"], 7) == [3, 7]


def test_a_text_is_cut_and_holds_no_nul() -> None:
    assert cut_text_arg({"q": "a\x00bcd"}, "q", 3) == "abc"
    assert cut_text_arg({}, "q", 3) == ""


def test_every_refused_field_comes_into_one_answer() -> None:
    errors = {"q": "one"}

    with refused_into(errors):
        raise Invalid(fields={"limit": "two"})

    assert errors == {"q": "one", "limit": "two"}
