"""Whose conversation is this? One contact is one conversation, however the number is written."""

from __future__ import annotations

from dataclasses import dataclass

from app.phones import phone_key
from app.twilio.payloads import Address, parse_address


@dataclass(frozen=True)
class Identity:
    """Who is on the other side: `phone` as WhatsApp writes it and the key that compares it, or a user id, or both."""

    phone: str | None
    key: str | None
    user_id: str | None


def identity_of(address: Address) -> Identity:
    """Return who is at an address that Twilio gave."""
    return Identity(address.phone, phone_key(address.phone) if address.phone else None, address.user_id)


def same_contact(one: Address, other: Address) -> bool:
    """Tell whether `other` is the contact at `one`: by user id where that has one, else by phone, however written."""
    if one.user_id:
        return one.user_id == other.user_id
    return bool(one.phone and other.phone and phone_key(one.phone) == phone_key(other.phone))


def parse_identity(text: str) -> Identity | None:
    """Return whom an API path names: +549..., 549... or a user id like AR.123; None when it names none."""
    address = parse_address(text)
    return identity_of(address) if address.phone or address.user_id else None
