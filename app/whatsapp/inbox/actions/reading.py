"""Reading a conversation, and leaving it for later."""

from __future__ import annotations

from sqlalchemy import or_, select

from app.extensions import utcnow
from app.whatsapp import queries
from app.whatsapp.actions.conversation import mark_read_where, recount_unread
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.messaging.actions.typing import note_seen
from app.whatsapp.models import Message


def mark_read(conversation_id: int, until: int | None = None) -> bool:
    """Count as read what had come when change `until` was the newest (all when None); return whether any was unread.

    What arrives between the look and this call has a later number, and stays unread.
    """
    if queries.get_conversation(conversation_id).unread_count == 0:
        return False
    now = utcnow()
    with changing() as (session, change):
        conversation = queries.get_conversation(conversation_id)
        mark_read_where(session, conversation, Message.change <= (change if until is None else until), now)
        conversation.change = change
        note_seen(conversation)
    return True


def mark_unread(conversation_id: int) -> None:
    """Count the client's last message as unread again, for whoever looks next; nothing is told to the client.

    A reaction that was taken back is nothing to read. Changes nothing where something is unread already, or the client
    never wrote. Raises NotFound.
    """
    with changing() as (session, change):
        conversation = queries.get_conversation(conversation_id)
        readable = or_(Message.type != "reaction", Message.body != "")
        theirs = select(Message).where(Message.conversation_id == conversation.id, Message.direction == "inbound")
        last = session.scalar(theirs.where(readable).order_by(Message.sent_at.desc(), Message.id.desc()).limit(1))
        if last is None or conversation.unread_count:
            raise Unchanged
        last.read_at = None
        session.flush()
        recount_unread(session, conversation)
        conversation.change = change
