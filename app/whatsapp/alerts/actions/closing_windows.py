"""Telling staff, once for each window, that it closes in two hours with a message still unanswered."""

from __future__ import annotations

from app.extensions import db, utcnow
from app.whatsapp.alerts.actions.push_alerts import tell_of_closing
from app.whatsapp.alerts.window_queries import is_told, list_unanswered
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.models import Conversation


def tell_closing() -> list[int]:
    """Mark what closes within two hours and nobody was told of yet; return the ids of those conversations.

    Open pages see it with their next poll, and people's devices are told; each window once, even when two runners come
    at the same time.
    """
    if all(is_told(conversation) for conversation in list_unanswered(utcnow())):
        db.session.rollback()
        return []
    ids: list[int] = []
    with changing() as (session, change):
        now = utcnow()
        untold: list[Conversation] = [waiting for waiting in list_unanswered(now) if not is_told(waiting)]
        if not untold:
            raise Unchanged
        for conversation in untold:
            conversation.closing_told_at, conversation.change = now, change
            tell_of_closing(session, conversation)
            ids.append(conversation.id)
    return ids
