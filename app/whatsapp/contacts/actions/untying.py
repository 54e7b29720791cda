"""Conversations that an event had only by its phone, once that phone turns out to be somebody else's."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.coordinaciones.models import Coordinacion
from app.extensions import utcnow
from app.whatsapp import party_queries
from app.whatsapp.actions.conversation import follow_event
from app.whatsapp.changes import next_change
from app.whatsapp.models import Conversation, Message


def let_go(coordinacion: Coordinacion, session: Session) -> None:
    """Take a coordinación, whose phone just became another, from the conversations of whoever has the old number.

    What staff chose in the chat stays, and so does a thread in which the new number talks too. With the tie go the
    name and the values that came from it, and the messages leave its history; they stay in their conversation, and are
    about what that is about now. Does not commit; the lock of the change counter is taken before (lock_changes).
    """
    session.flush()  # The nearest event is looked up by the phone as it is now.
    _let_go_in_doubt(session, coordinacion)
    tied = select(Conversation).where(
        Conversation.coordinacion_id == coordinacion.id, Conversation.coordinacion_chosen.is_(False)
    )
    strangers = [row for row in session.scalars(tied) if _is_strange(row, coordinacion.phone_key)]
    if not strangers:
        return
    change, now = next_change(session), utcnow()
    for row in strangers:
        row.coordinacion = row.coordinacion_id = None
        row.change = change
        if row.joined_to_id is None:
            follow_event(row, now)
            _take_along(session, row, coordinacion.id, change)


def _let_go_in_doubt(session: Session, coordinacion: Coordinacion) -> None:
    """Take a coordinación also from what is known of whoever had a number that is in doubt (actions/doubts.py)."""
    doubted = session.scalars(select(Conversation).where(Conversation.former_id.is_not(None)))
    for row in doubted:
        former = row.former
        tied = former is not None and former.coordinacion_id == coordinacion.id and not former.coordinacion_chosen
        if former is not None and tied and _is_strange(row, coordinacion.phone_key):
            former.coordinacion = former.coordinacion_id = None
            row.change = change = next_change(session)
            _take_along(session, row, coordinacion.id, change)


def _is_strange(row: Conversation, key: str | None) -> bool:
    """Tell whether nobody in a conversation has the number `key`, of those who have numbers at all."""
    keys = party_queries.phone_keys(row)
    return bool(keys) and key not in keys


def _take_along(session: Session, thread: Conversation, coordinacion_id: int, change: int) -> None:
    wrong = Message.conversation_id == thread.id, Message.coordinacion_id == coordinacion_id
    moved = update(Message).where(*wrong).values(coordinacion_id=thread.coordinacion_id, change=change)
    session.execute(moved.execution_options(synchronize_session=False))
