"""Saying that what a client wrote wants no answer, and taking that back."""

from __future__ import annotations

from sqlalchemy import func, select

from app.extensions import utcnow
from app.whatsapp import queries
from app.whatsapp.actions.conversation import find_waiting_since
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.models import Message
from app.whatsapp.waiting import wait_no_more


def mark_done(conversation_id: int, until: int | None = None, user_id: int | None = None) -> None:
    """Say as `user_id` that what the client wrote up to the message with id `until` (None: all) wants no answer.

    What came after it, which whoever says so has not seen, still waits. Said already, by a second click or a colleague,
    nothing changes: who said it first did. Raises NotFound.
    """
    with changing() as (session, change):
        conversation = queries.get_conversation(conversation_id)
        seen = select(func.max(Message.sent_at)).where(Message.conversation_id == conversation.id)
        done, before = session.scalar(seen if until is None else seen.where(Message.id == until)), conversation.done_at
        # Whoever has an old page takes back nothing that a colleague has said since.
        if done is None or (before is not None and done <= before):
            raise Unchanged
        conversation.done_at, conversation.done_before_at = done, before
        conversation.done_by_id, conversation.done_marked_at = user_id, utcnow()
        conversation.change = change
        wait_no_more(conversation)
        conversation.waiting_since = find_waiting_since(session, conversation)


def undo_done(conversation_id: int, marked: str) -> None:
    """Take back that nothing has to be answered, which was said at `marked` (ISO 8601, as the page showed it).

    Who waits is counted anew from the messages, so whatever came or was answered meanwhile counts as well. What was
    taken back already, or said again since, stays as it is. Raises NotFound.
    """
    with changing() as (session, change):
        conversation = queries.get_conversation(conversation_id)
        if conversation.done_marked_at is None or conversation.done_marked_at.isoformat() != marked:
            raise Unchanged
        conversation.done_at = conversation.done_before_at
        conversation.forget_who_settled()
        conversation.change = change
        conversation.waiting_since = find_waiting_since(session, conversation)
