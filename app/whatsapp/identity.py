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


def same_contact(first: Address, second: Address) -> bool:
    """Tell whether both are one contact: by user id where `first` has one, else by phone, however written."""
    if first.user_id:
        return first.user_id == second.user_id
    return bool(first.phone and second.phone and phone_key(first.phone) == phone_key(second.phone))


def parse_identity(text: str) -> Identity | None:
    """Return whom an API path names: +549..., 549... or a user id like AR.123; None when it names none."""
    address = parse_address(text)
    return identity_of(address) if address.phone or address.user_id else None
