"""Which events a conversation may be about, and where else the messages of an event's client are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import current_app
from sqlalchemy import func, select

from app.coordinaciones import queries as coordinaciones
from app.coordinaciones.filters import LONGEST_SEARCH, Filters, parse_filters
from app.coordinaciones.models import Coordinacion
from app.extensions import db
from app.formats import fold, today
from app.whatsapp import party_queries, queries
from app.whatsapp.models import Contact, Conversation, Message

# As many as are read at a glance; who looks for another one writes what it is called.
NEAREST = 8
FOUND = 20


@dataclass(frozen=True)
class Elsewhere:
    """How many messages with a client belong to another `coordinacion` (None: to none), and the chat they are in."""

    coordinacion: Coordinacion | None
    count: int
    conversation_id: int


def search(q: str) -> list[Coordinacion]:
    """Return the events that `q` finds, archived ones too: those to come first, nearest first, then the latest past.

    Up to FOUND + 1, so that whoever shows FOUND of them can say that there are more. None for an empty text.
    """
    region = current_app.config["DEFAULT_REGION"]
    filters = replace(parse_filters({"q": q}, today=today(), region=region)[0], archived=True)
    if not fold(filters.q).split():
        return []
    found: list[Coordinacion] = []
    for when in ("upcoming", "past"):
        more = FOUND + 1 - len(found)
        found += coordinaciones.list_coordinaciones(replace(filters, when=when), limit=more).items if more else []
    return found


def choices_of(conversation: Conversation, q: str = "") -> dict[str, Any]:
    """Return what there is to choose from: the client's own events, and those that `q` finds among everybody's.

    Without `q` the nearest of the others': somebody may write from another phone.
    """
    rows = (conversation, *party_queries.list_joined(conversation))
    keys = [row.contact.phone_key for row in rows if row.contact.phone_key]
    own = [event for key in keys for event in coordinaciones.list_by_phone_key(key)]
    q = q.replace("\x00", "").strip()[:LONGEST_SEARCH]
    found = search(q)
    upcoming = [] if q else coordinaciones.list_coordinaciones(Filters(today=today()), limit=NEAREST).items
    return {
        "conversation": conversation,
        "choosing": True,
        "own": own,
        "event_q": q,
        "found": found[:FOUND] if q else [event for event in upcoming if event not in own],
        "more_found": len(found) > FOUND,
    }


def list_elsewhere(coordinacion: Coordinacion) -> list[Elsewhere]:
    """Return where the messages with the client of `coordinacion` are that are not its own, the most first."""
    if not coordinacion.phone_key:
        return []
    threads = select(Contact.conversation_id).where(Contact.phone_key == coordinacion.phone_key)
    count = func.count()
    statement = (
        select(Message.coordinacion_id, count, func.max(Message.conversation_id))
        .where(Message.conversation_id.in_(threads), queries.has_a_bubble())
        .where(Message.coordinacion_id.is_distinct_from(coordinacion.id))
        .group_by(Message.coordinacion_id)
        .order_by(count.desc())
    )
    rows = list(db.session.execute(statement))
    ids = [row[0] for row in rows if row[0] is not None]
    events = {event.id: event for event in db.session.scalars(select(Coordinacion).where(Coordinacion.id.in_(ids)))}
    return [Elsewhere(events[event_id] if event_id else None, *counted) for event_id, *counted in rows]
