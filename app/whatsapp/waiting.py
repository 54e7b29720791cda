"""Who waits for an answer: a client whose message nobody has answered, nor called done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, not_, or_, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.elements import ColumnElement

from app.coordinaciones.models import Coordinacion
from app.extensions import db
from app.formats import office_day
from app.whatsapp.delivery import FAILED
from app.whatsapp.models import Conversation, Message

_BEFORE = timedelta(days=7)


def asks(message: Message) -> bool:
    """Tell whether a message wants an answer: a client's own words, and not a reaction to ours."""
    return message.inbound and message.type != "reaction"


def answers(message: Message) -> bool:
    """Tell whether a message is an answer: whatever we sent, unless it did not arrive."""
    return not message.inbound and message.status not in FAILED


def find_waiting_since(session: Session, conversation: Conversation) -> datetime | None:
    """Return when the client wrote what nobody has answered since, or None when nothing waits."""
    ours = Message.conversation_id == conversation.id
    answered = select(func.max(Message.sent_at)).where(
        ours, Message.direction == "outbound", Message.status.not_in(FAILED)
    )
    asked = [ours, Message.direction == "inbound", Message.type != "reaction"]
    if conversation.done_at is not None:
        asked.append(Message.sent_at > conversation.done_at)
    after = answered.scalar_subquery()
    since = select(func.min(Message.sent_at)).where(*asked, or_(after.is_(None), Message.sent_at > after))
    return session.scalar(since)


def is_waiting() -> ColumnElement[bool]:
    """Return the condition that a conversation waits for us. Whoever asked for no messages waits for none."""
    return Conversation.waiting_since.is_not(None) & not_(Conversation.opted_out)


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


def is_untold() -> ColumnElement[bool]:
    """Return the condition that nobody was told again of the present wait."""
    told_at = Conversation.unanswered_told_at
    return Conversation.waiting_since.is_not(None) & (told_at.is_(None) | (told_at < Conversation.waiting_since))


def wait_no_more(conversation: Conversation) -> None:
    """Note that nothing waits in a conversation; should an answer not arrive, people are told again of that wait."""
    conversation.waiting_since = conversation.unanswered_told_at = None


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
