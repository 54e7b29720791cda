"""One person, as Twilio may tell of them: by number, by its other form, by user id, or by both."""

from __future__ import annotations

import pytest

from simulator.records import Client, other_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5491155550101", "+541155550101"),
        ("+5215512345678", "+525512345678"),
        ("+5541988887777", "+554188887777"),
        ("+14155550100", "+14155550100"),
        ("+551134445555", "+551134445555"),
    ],
)
def test_a_number_has_its_other_form(one: str, other: str) -> None:
    assert (other_form(one), other_form(other)) == (other, one)


@pytest.mark.parametrize(
    ("writes_as", "address"),
    [
        ("both", "whatsapp:+5491155550101"),
        ("phone", "whatsapp:+5491155550101"),
        ("variant", "whatsapp:+541155550101"),
        ("user_id", "whatsapp:AR.1"),
    ],
)
def test_every_address_reaches_who_writes_from_one(writes_as: str, address: str) -> None:
    client = Client("Ana", "+5491155550101", "AR.1", writes_as=writes_as)

    assert client.address == address
    assert client.addresses == {"whatsapp:+5491155550101", "whatsapp:+541155550101", "whatsapp:AR.1"}
