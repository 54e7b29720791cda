"""Contact cards of every age are read, and hostile ones do no harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.whatsapp.vcards import read_cards, read_details

OLD = (
    b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:P=C3=A9rez;Jos=C3=A9=\r\n Luis;;;\r\n"
    b"TEL;CELL;PREF:+54 9 11 5555-0101\r\nitem1.EMAIL;INTERNET:a@b.example\r\nEND:VCARD\r\n"
)
NEW = (
    b'BEGIN:VCARD\nVERSION:4.0\nFN:Ana\\, la de\n  siempre\nORG:Salones;Norte\nitem1.TEL;type="cell,voice";'
    b"waid=5491155550101:+54 9 11 5555-0101\nPHOTO;ENCODING=b:" + b"\n ".join([b"A" * 74] * 2000) + b"\nEND:VCARD\n"
)


def test_a_card_of_an_old_phone_is_read() -> None:
    phone = {"number": "+54 9 11 5555-0101", "whatsapp": "", "label": "cell"}

    assert read_cards(OLD) == {
        "contacts": [{"name": "José Luis Pérez", "org": "", "phones": [phone], "emails": ["a@b.example"]}],
        "more": 0,
    }


def test_several_cards_with_folded_lines_and_pictures_are_read() -> None:
    found = read_details("contact", NEW + OLD)

    assert found is not None
    assert [contact["name"] for contact in found["contacts"]] == ["Ana, la de siempre", "José Luis Pérez"]
    assert found["contacts"][0]["phones"][0]["whatsapp"] == "5491155550101"
    assert found["contacts"][0]["org"] == "Salones, Norte"


def test_only_contacts_have_details() -> None:
    assert read_details("document", OLD) is None


def test_more_cards_than_are_shown_are_counted() -> None:
    found = read_cards(OLD * 25)

    assert found is not None
    assert (len(found["contacts"]), found["more"]) == (20, 5)


@pytest.mark.parametrize("data", [b"", b"BEGIN:VCARD\n" * 9000, b"TEL" + b";x=" * 300_000, b"\xff\xfe" * 500_000])
def test_a_megabyte_of_nothing_is_nobody(data: bytes) -> None:
    assert read_cards(data) is None


@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes) -> None:
    read_cards(b"BEGIN:VCARD\n" + data + b"\nEND:VCARD\n")
