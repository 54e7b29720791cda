"""Opening the conversation with a contact, which begins where there is none."""

from __future__ import annotations

from app.coordinaciones.queries import get_coordinacion
from app.extensions import utcnow
from app.whatsapp import queries
from app.whatsapp.actions.conversation import fold_search_text, tie_event
from app.whatsapp.changes import changing
from app.whatsapp.contacts.actions.identify import find_or_make_party
from app.whatsapp.contacts.actions.joining import LONGEST_NAME, clean_name
from app.whatsapp.errors import NoPhone
from app.whatsapp.identity import parse_contact


def open_for_coordinacion(coordinacion_id: int) -> int:
    """Return the id of the chat with a coordinación's client, which is about that coordinación from now on.

    Raises NotFound, or NoPhone when there is nobody to write to.
    """
    phone = get_coordinacion(coordinacion_id).phone
    contact = parse_contact(phone) if phone else None
    if contact is None:
        raise NoPhone
    known = queries.find_conversation(contact)
    if known is not None and known.coordinacion_id == coordinacion_id:
        return known.id
    with changing() as (session, change):
        conversation = queries.find_conversation(contact)
        if conversation is None:
            conversation = find_or_make_party(session, contact, utcnow()).thread
            fold_search_text(conversation)
        tie_event(conversation, get_coordinacion(coordinacion_id))
        conversation.change = change
        session.flush()
        return conversation.id


def open_with(phone: str, name: str) -> int:
    """Return the id of the chat with `phone` (E.164); one that is new is called `name`, as if staff had said so.

    It is nothing that WhatsApp says, and stays when that says another.
    """
    contact = parse_contact(phone)
    if contact is None:
        raise NoPhone
    known = queries.find_conversation(contact)
    if known is not None:
        return known.id
    with changing() as (session, change):
        party = find_or_make_party(session, contact, utcnow())
        if party.member in session.new:
            party.member.given_name, party.member.change = clean_name(name)[:LONGEST_NAME].rstrip(), change
            fold_search_text(party.member)
            session.flush()
        return party.thread.id
