"""What the bubbles of messages show of other messages: neighbours in an album, reactions, quotes, other attempts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from app.extensions import db, utcnow
from app.whatsapp.alerts.notice_queries import list_reported
from app.whatsapp.delivery import FAILED
from app.whatsapp.inbox.thread import REACH, build_rows
from app.whatsapp.messaging.request import retry_key
from app.whatsapp.models import Message
from app.whatsapp.outcomes import goes_through, is_repeatable
from app.whatsapp.queries import has_a_bubble, select_messages

_MOST_NEIGHBOURS = 60


def with_neighbours(messages: Sequence[Message]) -> list[Message]:
    """Return `messages` and what was said around the photos among them, whose album has to be laid out anew."""
    # One whose file was not to be had has left its album, which closes behind it.
    photos = [message for message in messages if message.type == "image"]
    if not photos:
        return list(messages)
    begin, end = min(photo.sent_at for photo in photos), max(photo.sent_at for photo in photos)
    around = select_messages().where(
        Message.conversation_id == photos[0].conversation_id,
        Message.sent_at.between(begin - REACH, end + REACH),
        has_a_bubble(),
    )
    known = {message.id for message in messages}
    found = db.session.scalars(around.order_by(Message.sent_at.desc(), Message.id.desc()).limit(_MOST_NEIGHBOURS))
    return [*messages, *(message for message in found if message.id not in known)]


def list_reactions(messages: Iterable[Message]) -> dict[str, list[str]]:
    """Return the emojis under `messages`, by their sid: of each person the last, unless it was taken back."""
    sids = {message.message_sid for message in messages if message.message_sid}
    if not sids:
        return {}
    found = select(Message.reply_to_sid, Message.from_number, Message.body).where(
        Message.type == "reaction", Message.reply_to_sid.in_(sids)
    )
    newest = {(row[0], row[1]): row[2] for row in db.session.execute(found.order_by(Message.sent_at, Message.id))}
    reactions: dict[str, list[str]] = {}
    for (sid, _sender), emoji in newest.items():
        if emoji:
            reactions.setdefault(str(sid), []).append(emoji)
    return reactions


def list_quoted(messages: Iterable[Message]) -> dict[str, Message]:
    """Return the messages that `messages` reply to, by their sid; those that we never had are absent."""
    sids = {message.reply_to_sid for message in messages if message.reply_to_sid}
    if not sids:
        return {}
    found = db.session.scalars(select_messages().where(Message.message_sid.in_(sids)))
    return {message.message_sid: message for message in found if message.message_sid}


def list_retried(messages: Iterable[Message]) -> dict[int, int]:
    """Return those failed `messages` that staff have sent again since: their ids, and the id of the new one of each."""
    keys = {retry_key(message.id): message.id for message in messages if message.status in FAILED}
    if not keys:
        return {}
    found = db.session.execute(select(Message.idempotency_key, Message.id).where(Message.idempotency_key.in_(keys)))
    return {keys[key]: message_id for key, message_id in found if key}


def thread_context(messages: Sequence[Message], *, mark_new: int = 0, days: Iterable[date] = ()) -> dict[str, Any]:
    """Return what `_rows.html` shows of `messages`: their rows, and what their bubbles ask of other messages."""
    now, retried = utcnow(), list_retried(messages)
    return {
        "rows": build_rows(messages, mark_new=mark_new, days=days),
        "quoted": list_quoted(messages),
        "reactions": list_reactions(messages),
        "chats": {message.id: message.conversation for message in messages if message.status in FAILED},
        "retried": retried,
        "repeatable": {message.id for message in messages if message.id not in retried and may_retry(message, now)},
        "reported": list_reported(messages),
        "newest": max((message.id for message in messages), default=0),
        "now": now,
    }


def may_retry(message: Message, now: datetime) -> bool:
    """Tell whether sending the same again can help, and WhatsApp would let it through at `now`."""
    return is_repeatable(message) and goes_through(message, message.party, now)
