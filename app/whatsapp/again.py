"""What is asked for when a message that failed is sent again: a new one that knows which it tries again."""

from __future__ import annotations

from app.extensions import db, utcnow
from app.whatsapp import parties, queries
from app.whatsapp.errors import NotRetriable, OptedOut, WindowClosed
from app.whatsapp.models import Message
from app.whatsapp.outcomes import goes_through, is_repeatable
from app.whatsapp.request import SendRequest


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
    party = parties.party_of_message(db.session(), message)
    if not goes_through(message, party, utcnow()):
        raise OptedOut if party.opted_out else WindowClosed


def request_again(message_id: int) -> SendRequest:
    """Return what sends again what the failed message `message_id` said, to whom it was for.

    Raises NotFound, NotRetriable, WindowClosed or OptedOut.
    """
    message = queries.get_message(message_id)
    _check(message)
    return _request_of(message)
