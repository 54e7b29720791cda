"""Who waits for an answer, and since which message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import ColumnElement

from app.coordinaciones.models import Coordinacion
from app.extensions import db
from app.formats import office_day
from app.whatsapp.models import Conversation, Message
from app.whatsapp.waiting import is_waiting

_BEFORE = timedelta(days=7)


def find_first_waiting(conversation_id: int) -> Message | None:
    """Return the first of a client's messages that nobody has answered since, or None when nothing waits."""
    waiting = (
        select(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .options(joinedload(Message.conversation).joinedload(Conversation.coordinacion))
        .where(
            Conversation.id == conversation_id,
            is_waiting(),
            Message.direction == "inbound",
            Message.type != "reaction",
            Message.sent_at >= Conversation.waiting_since,
        )
        .order_by(Message.sent_at, Message.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return db.session.scalar(waiting)


def _in_the_week(now: datetime) -> ColumnElement[bool]:
    # Until the event's night is over: its day ends some hours after midnight.
    today = office_day(now)
    soon = Coordinacion.event_on.between(today, today + _BEFORE)
    return soon & Coordinacion.archived_at.is_(None) & (Coordinacion.state != "cancelled")


def list_waiting_in_the_week(now: datetime, wait: timedelta) -> Sequence[Conversation]:
    """Return the conversations whose event is within a week and whose client has waited for `wait`, longest first."""
    return db.session.scalars(
        select(Conversation)
        .join(Coordinacion, Conversation.coordinacion_id == Coordinacion.id)
        .options(joinedload(Conversation.coordinacion))
        .where(
            _in_the_week(now),
            Conversation.joined_to_id.is_(None),
            is_waiting(),
            Conversation.waiting_since <= now - wait,
        )
        .order_by(Conversation.waiting_since, Conversation.id)
    ).all()
