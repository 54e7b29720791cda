"""Phone numbers: read as people write them, one contact however they are written."""

from __future__ import annotations

import pytest

from app.phones import format_phone, parse_phone, parse_possible_phone, parts_of_number, phone_key

MOBILE = "+5491123456789"


@pytest.mark.parametrize(
    "text",
    [
        "+54 9 11 2345-6789",
        "+5491123456789",
        "5491123456789",
        "+54 11 2345-6789",
        "011 15-2345-6789",
        "11 15 2345 6789",
        "11 2345-6789",
        "1123456789",
        "(011) 2345 6789",
        "0 11 2345 6789",
        "00 54 9 11 2345-6789",
        "  +54 9 11 2345-6789  ",
        "tel:+5491123456789",
        "whatsapp +54 9 11 2345 6789",
        "15 2345-6789",
        "15-23456789",
        "015 2345 6789",
        "+54 15 2345-6789",
        "54 9 15 2345 6789",
        "+54 9 11 15 2345-6789",
        "+54 9 (011) 15-2345-6789",
        "０１１ 15 ２３４５ ６７８９",
        "+54\u00a09\u00a011\u00a02345\u20116789",
        "+54 9 11 2345 \u2013 6789",
        "\ufeff+54\u200b9\u200b11\u200b2345-6789\u200b",
    ],
)
def test_a_mobile_of_buenos_aires_is_one_however_it_is_written(text: str) -> None:
    assert parse_phone(text, "AR") == MOBILE


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("0351 15 612-3456", "AR", "+5493516123456"),
        ("02901 15 412345", "AR", "+5492901412345"),
        ("+598 94 123 456", "AR", "+59894123456"),
        ("094 123 456", "UY", "+59894123456"),
        ("+1 415 523 8886", "AR", "+14155238886"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("+52 55 1234 5678", "AR", "+525512345678"),
        ("+52 1 55 1234 5678", "AR", "+525512345678"),
        ("+54 11 15 2345-6789", "AR", "+5491123456789"),
        ("+55 11 98765-4321", "AR", "+5511987654321"),
        ("+55 11 8765-4321", "AR", "+5511987654321"),
        ("+55 (11) 3765-4321", "AR", "+551137654321"),
        ("+54 9 351 15 612-3456", "AR", "+5493516123456"),
    ],
)
def test_other_places_are_read_too(text: str, region: str, e164: str) -> None:
    assert parse_phone(text, region) == e164


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "hola",
        "123",
        "911",
        "+54",
        "+54 9 11",
        "+54 9 11 2345-67890123",
        "+999 123 456 789",
        "+",
        "9" * 300,
        "+54 9 11 2345\x006789x",
        "١٢٣",
        "AR.123",
    ],
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert parse_phone(text, "AR") is None


@pytest.mark.parametrize("bare", ["+54 9 11 2345-6789", "+52 1 55 1234 5678", "+55 11 8765-4321", "+1 415 523 8886"])
def test_a_number_that_was_copied_with_marks_that_nobody_sees_is_the_same_one(bare: str) -> None:
    # As WhatsApp Web copies one, and as a page or a word processor hands it over.
    copied = ("\u202a" + bare + "\u202c", bare.replace(" ", "\u00a0") + "\u200e", "\ufeff" + "\u200b".join(bare))

    for region in ("AR", "UY", "MX", "BR", "US"):
        assert {parse_phone(text, region) for text in copied} == {parse_phone(bare, region)} != {None}


def test_a_number_that_the_tables_do_not_know_yet_is_possible_and_not_sure() -> None:
    for text in ("+54 9 11 9999-8888", "11 9999-8888", "15 9999-8888", "+54 9 11 15 9999-8888"):
        assert parse_phone(text, "AR") is None
        assert parse_possible_phone(text, "AR") == "+5491199998888"
    assert parse_possible_phone("+1 555 123 4567", "AR") == "+15551234567"
    assert parse_possible_phone("011 15-2345-6789", "AR") == MOBILE


@pytest.mark.parametrize(
    "text",
    ["9999-8888", "11 9999-888", "11 9999-88888", "+54 9 11 9999-88889", "+54 9 99 9999-8888", "+999 12", "hola"],
)
def test_what_can_be_no_number_is_none_either_way(text: str) -> None:
    assert parse_possible_phone(text, "AR") is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("5555-01", "555501"),
        ("15 5555", "5555"),
        ("155555", "5555"),
        ("011 15 5555", "115555"),
        ("0351 15 612", "351612"),
        ("+54 9 11 55", "5491155"),
        ("\u202a11 5555\u202c", "115555"),
    ],
)
def test_a_part_of_a_number_is_known_as_it_is_dialled(text: str, part: str) -> None:
    assert part in parts_of_number(text, "AR")


@pytest.mark.parametrize("text", ["", "15", "15 5", "Ana 5555", "20/12/2026", "-.-"])
def test_too_little_of_a_number_tells_nothing(text: str) -> None:
    assert parts_of_number(text, "AR") == ()


def test_an_unknown_country_reads_only_whole_numbers() -> None:
    assert parse_phone("11 2345-6789", "ZZ") is None
    assert parse_phone("+54 9 11 2345-6789", "ZZ") == MOBILE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5491123456789", "+541123456789"),
        ("+5493516123456", "+543516123456"),
        ("+5215512345678", "+525512345678"),
        ("+54 9 11 2345-6789", "541123456789"),
        ("whatsapp:+5491123456789", "+5491123456789"),
        ("+5541988887777", "+554188887777"),
    ],
)
def test_two_writings_of_one_number_are_one_contact(one: str, other: str) -> None:
    assert phone_key(one) == phone_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5491123456789", "+5491123456780"),
        ("+5491123456789", "+5211123456789"),
        ("+14155238886", "+4155238886"),
        ("+59894123456", "+5989412345"),
        # A nine or a one that belongs to the number itself.
        ("+549112345678", "+54112345678"),
        ("+521551234567", "+52551234567"),
        # A landline of Brazil has no ninth digit that could come and go.
        ("+5511934445555", "+551134445555"),
    ],
)
def test_two_people_stay_two(one: str, other: str) -> None:
    assert phone_key(one) != phone_key(other)


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        ("+5491123456789", "+54 9 11 2345-6789"),
        ("+14155238886", "+1 415-523-8886"),
        ("+59894123456", "+598 94 123 456"),
        ("+525512345678", "+52 55 1234 5678"),
        ("AR.4566546130240823", "AR.4566546130240823"),
        ("", ""),
        ("hola", "hola"),
    ],
)
def test_a_number_is_shown_as_people_read_it(e164: str, shown: str) -> None:
    assert format_phone(e164) == shown


def test_a_number_shown_can_be_typed_back() -> None:
    for e164 in (MOBILE, "+5493516123456", "+14155238886", "+59894123456"):
        assert parse_phone(format_phone(e164), "AR") == e164
