"""Contact cards of every age are read, and hostile ones do no harm."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.whatsapp.contacts.vcards import read_cards, read_details

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


def card(*lines: bytes, end: bytes = b"\r\n") -> dict[str, Any]:
    """The one person in a card of these lines and a phone, as it is read."""
    found = read_cards(end.join([b"BEGIN:VCARD", b"VERSION:2.1", *lines, b"TEL:11 5555-0101", b"END:VCARD", b""]))
    assert found is not None
    (person,) = found["contacts"]
    assert [phone["number"] for phone in person["phones"]] == ["11 5555-0101"]
    return cast(dict[str, Any], person)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_a_card_is_parted_at_line_ends_alone(end: bytes) -> None:
    looks = "Ana\u2028Paz\x0bde\x0cla\x85Vega\x1dy\u2029Ríos"

    person = card(f"FN:{looks}".encode(), b"ORG:Salones", end=end)

    assert (person["name"], person["org"]) == ("Ana Paz de la Vega y Ríos", "Salones")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"FN;ENCODING=QUOTED-PRINTABLE:Jos=C3=A9=\r\n Luis", "José Luis"),
        (b"FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=\r\n=4A=75=61=6E=20=50=C3=A9=\r\n=72=65=7A", "Juan Pérez"),
        (b"FN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Jos=E9", "José"),
        (b"FN;CHARSET=windows-1252;ENCODING=QUOTED-PRINTABLE:Jos=E9 =93El DJ=94", "José “El DJ”"),
        (b"FN;CHARSET=ISO-8859-5;ENCODING=QUOTED-PRINTABLE:=B0=DD=DD=D0", "Анна"),
        (b"FN;CHARSET=none-such;ENCODING=QUOTED-PRINTABLE:Jos=C3=A9", "José"),
        (b"FN;CHARSET=rot13;ENCODING=QUOTED-PRINTABLE:Jos=C3=A9", "José"),
        (b"FN;QUOTED-PRINTABLE:Jos=C3=A9", "José"),
        (b"FN;ENCODING=BASE64;CHARSET=UTF-8:QW5hIFDDqXJleg==", "Ana Pérez"),
        (b"FN;ENCODING=b:QW5hIFDD\r\n qXJleg==", "Ana Pérez"),
        (b"FN;CHARSET=ISO-8859-1;ENCODING=BASE64:QW5hIFDpcmV6", "Ana Pérez"),
        (b"FN;ENCODING=b:no base64!", "no base64!"),
        (b"FN:Ana\\, la de\\nsiempre\\; y \\\\n", "Ana, la de siempre; y \\n"),
        (b"N:Paz\\;Vega;Ana;;;", "Ana Paz;Vega"),
        (b"N:Paz\\\\;Ana;;;", "Ana Paz\\"),
        (b"N;ENCODING=QUOTED-PRINTABLE:P=C3=A9=3Brez;Jos=C3=A9", "José Pé;rez"),
        (b"N;ENCODING=BASE64:UGF6O0FuYTs7Ow==", "Ana Paz"),
        (b"FN:\xe3\x85\xa4\r\nN:Paz;Ana", "Ana Paz"),
        (b"FN:\xe2\x80\x8b\xe2\xa0\x80", ""),
    ],
)
def test_what_a_name_is_written_in_is_read(line: bytes, name: str) -> None:
    assert card(line)["name"] == name


@pytest.mark.parametrize("data", [b"", b"BEGIN:VCARD\n" * 9000, b"TEL" + b";x=" * 300_000, b"\xff\xfe" * 500_000])
def test_a_megabyte_of_nothing_is_nobody(data: bytes) -> None:
    assert read_cards(data) is None


@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes) -> None:
    read_cards(b"BEGIN:VCARD\n" + data + b"\nEND:VCARD\n")
