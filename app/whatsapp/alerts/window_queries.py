"""Windows that close soon with a client's message still unanswered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db, utcnow
from app.whatsapp.models import Conversation
from app.whatsapp.waiting import is_waiting
from app.whatsapp.window import CLOSING_SOON, told_of


def list_unanswered(now: datetime) -> Sequence[Conversation]:
    """Return the conversations whose window closes within two hours and whose client waits for us, soonest first."""
    return db.session.scalars(
        select(Conversation)
        .options(joinedload(Conversation.coordinacion))
        .where(
            Conversation.window_expires_at > now,
            Conversation.window_expires_at <= now + CLOSING_SOON,
            Conversation.joined_to_id.is_(None),
            is_waiting(),
        )
        .order_by(Conversation.window_expires_at, Conversation.id)
    ).all()


def is_told(conversation: Conversation) -> bool:
    """Tell whether staff were told that the present window of `conversation` closes."""
    expires_at = conversation.window_expires_at
    return expires_at is not None and told_of(conversation.closing_told_at, expires_at)


def notice_key(conversations: Sequence[Conversation]) -> str:
    """Return what tells one notice from another: the conversations in it, and which of their windows it is."""
    closing = ((row.id, row.window_expires_at) for row in conversations)
    return " ".join(f"{row_id}:{int(expires_at.timestamp())}" for row_id, expires_at in closing if expires_at)


def list_told() -> list[Conversation]:
    """Return the conversations that open pages tell of now: told of, still open, still unanswered."""
    return [conversation for conversation in list_unanswered(utcnow()) if is_told(conversation)]
