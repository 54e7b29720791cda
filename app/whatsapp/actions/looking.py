"""Keeping who has which conversation open."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.extensions import writing
from app.whatsapp.models import Conversation, Presence


def note_looking(session_id: str, user_id: int, here: Collection[int], typing: int | None, now: datetime) -> None:
    """Keep that a browser has the conversations `here` open now, and no others; in `typing` somebody writes.

    Never in anybody's way: two polls of one browser that meet leave what the first of them said.
    """
    try:
        with writing() as session:
            session.execute(delete(Presence).where(Presence.session_id == session_id))
            known = session.scalars(select(Conversation.id).where(Conversation.id.in_(here))).all() if here else []
            session.add_all(
                Presence(
                    session_id=session_id,
                    conversation_id=conversation_id,
                    user_id=user_id,
                    seen_at=now,
                    typed_at=now if conversation_id == typing else None,
                )
                for conversation_id in known
            )
    except IntegrityError:
        return
