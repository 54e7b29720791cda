"""Which conversations a search finds: by names, numbers, events, and what was written."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.coordinaciones.models import Coordinacion
from app.formats import fold
from app.phones import parse_possible_phone, parts_of_number, phone_key
from app.whatsapp.models import Contact, Conversation, Message

MAX_SEARCH = 200  # Letters.


def _like_words(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """Return the condition that `column` holds every word of `text`, which a search without accents folded."""
    return and_(*(column.contains(word, autoescape=True) for word in fold(text).split()[:8]))


def _of_phone(text: str) -> list[ColumnElement[bool]]:
    """Return the conditions that a contact's number is the one in `text`, or holds its digits, if it is one."""
    region = current_app.config["DEFAULT_REGION"]
    parts = parts_of_number(text, region)
    if not parts:
        return []
    phone = parse_possible_phone(text, region)

    # The key is the number without the 9 that people leave out.
    holds = [column.contains(digits) for digits in parts for column in (Contact.phone_number, Contact.phone_key)]
    whole = [Contact.phone_key == phone_key(phone)] if phone else []
    return [Conversation.id.in_(select(Contact.conversation_id).where(or_(*holds, *whole)))]


def _of_event(text: str) -> list[ColumnElement[bool]]:
    """Return the conditions that `text` is found in an event of the client: any that has their number, or messages."""
    found = _like_words(Coordinacion.search_text, text)
    events = select(Coordinacion.id).where(found)
    numbers = select(Coordinacion.phone_key).where(Coordinacion.phone_key.is_not(None), found)
    return [
        Conversation.coordinacion_id.in_(events),
        Conversation.id.in_(select(Contact.conversation_id).where(Contact.phone_key.in_(numbers))),
        Conversation.id.in_(select(Message.conversation_id).where(Message.coordinacion_id.in_(events))),
    ]


def finds(text: str) -> ColumnElement[bool]:
    """Return the condition that a conversation is what `text` looks for, which has at least one word."""
    bodies = select(Message.id).where(
        Message.conversation_id == Conversation.id, _like_words(Message.search_text, text)
    )
    return or_(_like_words(Conversation.search_text, text), *_of_phone(text), *_of_event(text), bodies.exists())
