"""Letters that nobody sees and marks that look alike: a search finds what people read, however it was typed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.letters import BLANK, fold, has_ink, visible


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("D\u2019Angelo", "D'Angelo"),
        ("D\u00b4Angelo", "d'angelo"),
        ("D`Angelo", "D\u2018angelo"),
        ("O\u02bcHiggins", "O'Higgins"),
        ("\u201cLa Quinta\u201d", '"La Quinta"'),
        ("\u00abLa Quinta\u00bb", '"la quinta"'),
        ("20\u201312", "20-12"),
        ("ida \u2014 vuelta", "ida - vuelta"),
        ("2345\u20116789", "2345-6789"),
        ("\u22125", "-5"),
        ("Lu\u200dci\u00ada", "Lucia"),
        ("\u202aLucía\u202c", "Lucia"),
        ("\ufeffLucía", "lucia"),
        ("\u2764\ufe0f", "\u2764"),
        ("\U0001d4db\U0001d4fe\U0001d4ec\U0001d4f2\U0001d4ea", "Lucia"),  # Fancy letters, as in WhatsApp's names.
        ("ﬁesta", "FIESTA"),
        ("Ｌｕｃｉａ", "lucía"),
        ("Søren Łukasz", "soren lukasz"),
        ("STRASSE", "straße"),
    ],
)
def test_what_looks_alike_is_found_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2003", "\u3164", "\u2800", "\u3000"])
def test_whatever_is_seen_as_a_space_parts_words(space: str) -> None:
    assert fold(f"Ana{space}Paz").split() == ["ana", "paz"]


@given(st.text())
def test_what_was_folded_stays_as_it_is(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_the_form_in_which_letters_came_makes_no_difference(text: str) -> None:
    forms = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))

    assert {fold(form) for form in forms} == {fold(text)}


BLANKS = [
    "",
    "   ",
    "\u00a0",
    "\u3164",
    "\u2800\u2800",
    "\u115f",
    "\u1160",
    "\uffa0",
    "\u200b\u200c\u200d",
    "\u202e\u202c",
    "\ufeff",
    "\u00ad",
    "\u0301\u0308",
    "\ufe0f",
    "\u180e",
    "\u061c",
    "\u2063",
    "\U000e0041\U000e007f",
    "\U0001d159",
    "\x00\x07",
]


@pytest.mark.parametrize("text", BLANKS)
def test_what_shows_nothing_has_no_ink(text: str) -> None:
    assert not has_ink(text)


@pytest.mark.parametrize(
    "text", [".", "ñ", "🎉", "❤️", "👨‍👩‍👧", "🏴\U000e0067\U000e007f", "한", "n\u0303", "\U0001fae8"]
)
def test_what_shows_something_has_ink(text: str) -> None:
    assert has_ink(text)
    assert visible(text) == text.translate(dict.fromkeys(map(ord, "\u200d\ufe0f\U000e0067\U000e007f")))


def test_a_blank_letter_beside_a_letter_takes_nothing_away() -> None:
    assert all(has_ink(f"{blank}a{blank}") for blank in BLANK)
