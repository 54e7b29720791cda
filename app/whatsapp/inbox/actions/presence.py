"""Keeping who has which conversation open."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.auth.models import LoginSession
from app.extensions import writing
from app.whatsapp.models import Conversation
from app.whatsapp.presence_queries import Presence

log = logging.getLogger(__name__)


def note_looking(session_id: str, user_id: int, here: Collection[int], typing: int | None, now: datetime) -> None:
    """Keep that a browser has the conversations `here` open now, and no others; in `typing` somebody writes.

    Never in the way of the poll that says so: what cannot be kept is lost, and said again by the next one.
    """
    try:
        with writing() as session:
            _take_turn(session, session_id)
            session.execute(delete(Presence).where(Presence.session_id == session_id))
            known = select(Conversation.id).where(Conversation.id.in_(here)).order_by(Conversation.id)
            session.add_all(
                Presence(
                    session_id=session_id,
                    conversation_id=conversation_id,
                    user_id=user_id,
                    seen_at=now,
                    typed_at=now if conversation_id == typing else None,
                )
                for conversation_id in (session.scalars(known).all() if here else [])
            )
    except DBAPIError as error:
        log.info("Presence not stored", extra={"error": type(error.orig).__name__})


def _take_turn(session: Session, session_id: str) -> None:
    """Wait for the other polls of the same browser: their rows are each other's, and two would wait for each other."""
    # Not the lock that a row which refers to the session would have to wait for.
    own = select(LoginSession.id).where(LoginSession.id == session_id)
    session.execute(own.with_for_update(key_share=True))
