"""Sending again what failed: a new message that knows which one it tries again, once for everybody."""

from __future__ import annotations

from app.extensions import db, utcnow
from app.whatsapp import parties, queries
from app.whatsapp.actions.send import Sending, send
from app.whatsapp.errors import NotRetriable, OptedOut, WindowClosed
from app.whatsapp.models import Message
from app.whatsapp.outcomes import goes_through, is_repeatable
from app.whatsapp.request import SendRequest, retry_key


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


def retry(message_id: int, author_id: int) -> Sending:
    """Send again what the failed message `message_id` said, to whom it was for.

    Whoever asks again gets the message of the first time. Raises NotFound, NotRetriable, WindowClosed, OptedOut or
    NotConfigured, and then nothing was stored.
    """
    message = queries.get_message(message_id)
    key = retry_key(message.id)
    known = queries.find_message_by_key(key)
    if known is not None:
        return Sending(known.id, repeated=True)
    _check(message)
    return send(_request_of(message), key, author_id)
