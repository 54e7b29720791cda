"""Which conversations a search finds: by names, numbers, events, and what was written."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.orm.util import AliasedClass

from app.coordinaciones.models import Coordinacion
from app.formats import fold
from app.phones import parse_possible_phone, parts_of_number, phone_key
from app.whatsapp.models import Conversation, Message


def _like_words(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """Return the condition that `column` holds every word of `text`, which a search without accents folded."""
    return and_(*(column.contains(word, autoescape=True) for word in fold(text).split()[:8]))


def _of_phone(text: str) -> list[ColumnElement[bool]]:
    """Return the conditions that a contact's number is the one in `text`, or holds its digits, if it is one.

    The number of one that was joined to another leads to that other.
    """
    region = current_app.config["DEFAULT_REGION"]
    parts = parts_of_number(text, region)
    if not parts:
        return []
    phone = parse_possible_phone(text, region)

    def has(row: type[Conversation] | AliasedClass[Conversation]) -> ColumnElement[bool]:
        # The key is the number without the 9 that people leave out.
        holds = (column.contains(digits) for digits in parts for column in (row.phone_number, row.phone_key))
        return or_(*holds, *([row.phone_key == phone_key(phone)] if phone else []))

    joined = aliased(Conversation)
    via = select(joined.joined_to_id).where(joined.joined_to_id.is_not(None), has(joined))
    return [has(Conversation), Conversation.id.in_(via)]


def _of_event(text: str) -> list[ColumnElement[bool]]:
    """Return the conditions that `text` is found in an event of the client: any that has their number, or messages."""
    found = _like_words(Coordinacion.search_text, text)
    events = select(Coordinacion.id).where(found)
    numbers = select(Coordinacion.phone_key).where(Coordinacion.phone_key.is_not(None), found)
    joined = aliased(Conversation)
    return [
        Conversation.coordinacion_id.in_(events),
        Conversation.phone_key.in_(numbers),
        Conversation.id.in_(select(joined.joined_to_id).where(joined.joined_to_id > 0, joined.phone_key.in_(numbers))),
        Conversation.id.in_(select(Message.conversation_id).where(Message.coordinacion_id.in_(events))),
    ]


def finds(text: str) -> ColumnElement[bool]:
    """Return the condition that a conversation is what `text` looks for, which has at least one word."""
    said = select(Message.id).where(Message.conversation_id == Conversation.id, _like_words(Message.search_text, text))
    return or_(_like_words(Conversation.search_text, text), *_of_phone(text), *_of_event(text), said.exists())


MAX_SEARCH = 200
