"""One contact is one contact, however it is written."""

from __future__ import annotations

import pytest

from app.twilio.payloads import Address
from app.whatsapp.identity import Identity, identity_of, parse_identity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+5491155550101", Identity("+5491155550101", "541155550101", None)),
        ("5491155550101", Identity("+5491155550101", "541155550101", None)),
        ("whatsapp:+541155550101", Identity("+541155550101", "541155550101", None)),
        ("+5215512345678", Identity("+5215512345678", "525512345678", None)),
        ("+525512345678", Identity("+525512345678", "525512345678", None)),
        ("+5511988887777", Identity("+5511988887777", "551188887777", None)),
        ("AR.123", Identity(None, None, "AR.123")),
        ("whatsapp:AR.123", Identity(None, None, "AR.123")),
    ],
)
def test_a_path_names_a_contact(text: str, expected: Identity) -> None:
    assert parse_identity(text) == expected


@pytest.mark.parametrize("text", ["", "+", "hola", "123", "ar.123", "AR.", "+549115555010112345", "AR.1/2", "٥٤٩١١"])
def test_anything_else_names_nobody(text: str) -> None:
    assert parse_identity(text) is None


def test_a_contact_may_have_both() -> None:
    assert identity_of(Address("+541155550101", "AR.1")) == Identity("+541155550101", "541155550101", "AR.1")
