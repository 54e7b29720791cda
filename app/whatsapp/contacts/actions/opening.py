"""Opening the conversation with a contact, which begins where there is none."""

from __future__ import annotations

from app.coordinaciones.queries import get_coordinacion
from app.extensions import utcnow
from app.whatsapp import queries
from app.whatsapp.actions.conversation import fold_search_text, tie_event
from app.whatsapp.changes import changing
from app.whatsapp.contacts.actions.identify import find_or_make_contact
from app.whatsapp.contacts.actions.joining import LONGEST_NAME, clean_name
from app.whatsapp.errors import NoPhone
from app.whatsapp.identity import parse_identity


def open_for_coordinacion(coordinacion_id: int) -> int:
    """Return the id of the chat with a coordinación's client, which is about that coordinación from now on.

    Raises NotFound, or NoPhone when there is nobody to write to.
    """
    phone = get_coordinacion(coordinacion_id).phone
    identity = parse_identity(phone) if phone else None
    if identity is None:
        raise NoPhone
    known = queries.find_conversation(identity)
    if known is not None and known.coordinacion_id == coordinacion_id:
        return known.id
    with changing() as (session, change):
        conversation = queries.find_conversation(identity)
        if conversation is None:
            conversation = find_or_make_contact(session, identity, utcnow()).conversation
            fold_search_text(conversation)
        tie_event(conversation, get_coordinacion(coordinacion_id))
        conversation.change = change
        session.flush()
        return conversation.id


def open_with(phone: str, name: str) -> int:
    """Return the id of the chat with `phone` (E.164); one that is new is called `name`, as if staff had said so.

    It is nothing that WhatsApp says, and stays when that says another.
    """
    identity = parse_identity(phone)
    if identity is None:
        raise NoPhone
    known = queries.find_conversation(identity)
    if known is not None:
        return known.id
    with changing() as (session, change):
        contact = find_or_make_contact(session, identity, utcnow())
        conversation = contact.conversation
        if contact in session.new:
            conversation.given_name, conversation.change = clean_name(name)[:LONGEST_NAME].rstrip(), change
            fold_search_text(conversation)
            session.flush()
        return conversation.id
