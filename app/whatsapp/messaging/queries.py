"""What is read before something is sent: colleagues' answers, words said before, what sends a failed one again."""

from __future__ import annotations

from sqlalchemy import func, or_, select

from app.extensions import db, utcnow
from app.whatsapp import queries
from app.whatsapp.delivery import FAILED
from app.whatsapp.errors import NotRetriable, OptedOut, WindowClosed
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Message
from app.whatsapp.outcomes import goes_through, is_repeatable
from app.whatsapp.queries import select_messages

_MOST_ANSWERS = 5


def newest_id(conversation_id: int) -> int:
    """Return the id of the message that was stored last in a conversation, 0 for none."""
    newest = select(func.max(Message.id)).where(Message.conversation_id == conversation_id)
    return db.session.scalar(newest) or 0


def list_answers_after(conversation_id: int, known_id: int, author_id: int) -> list[Message]:
    """Return what others than `author_id` sent in a conversation after message `known_id`, as far as it went out."""
    others = or_(Message.author_id.is_(None), Message.author_id != author_id)
    sent = Message.direction == "outbound", Message.status.not_in(FAILED), Message.id > known_id, others
    statement = select_messages().where(Message.conversation_id == conversation_id, *sent)
    return list(db.session.scalars(statement.order_by(Message.id).limit(_MOST_ANSWERS)))


def _request_of(message: Message) -> SendRequest:
    """Return what was asked when `message` was sent, as far as it makes another of the same."""
    template = message.template or {}
    return SendRequest(
        body="" if template else message.body,
        conversation_id=message.conversation_id,
        content_sid=template.get("content_sid", ""),
        content_variables=template.get("variables") or None,
        media_id=message.media[0].file_id if message.media else None,
        retry_of=message.id,
    )


def _check(message: Message) -> None:
    if not is_repeatable(message):
        raise NotRetriable
    contact = message.party
    if not goes_through(message, contact, utcnow()):
        raise OptedOut if contact.opted_out else WindowClosed


def request_again(message_id: int) -> SendRequest:
    """Return what sends again what the failed message `message_id` said, to whom it was for.

    Raises NotFound, NotRetriable, WindowClosed or OptedOut.
    """
    message = queries.get_message(message_id)
    _check(message)
    return _request_of(message)
