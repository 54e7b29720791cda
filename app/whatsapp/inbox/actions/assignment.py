"""Who looks after a conversation: given, seen by whom it was given to, and nobody's again when a person leaves."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from app.auth.models import User
from app.auth.queries import get_user
from app.errors import Invalid
from app.extensions import db
from app.jobs.actions import enqueue
from app.push import queries as push
from app.whatsapp import queries
from app.whatsapp.alerts.actions.assigned import ASSIGNED, is_unseen_by
from app.whatsapp.changes import changing, next_change
from app.whatsapp.models import Conversation


def hand_to(conversation_id: int, user_id: int | None, by_id: int | None = None) -> None:
    """Say who looks after a conversation from now on, None for nobody, and tell that person if `by_id` is another.

    Raises NotFound, or Invalid for who is gone.
    """
    with changing() as (session, change):
        # Asked behind the counter's lock, which whoever shuts a person out takes as well: one sees what the other did.
        if user_id is not None and not get_user(user_id).active:
            raise Invalid(_("Esa persona ya no está en el equipo."))
        conversation = queries.get_conversation(conversation_id)
        conversation.change = change
        if user_id is not None and user_id == conversation.assigned_to_id:
            return  # They were told when it became theirs.
        conversation.assigned_to_id = user_id
        conversation.assigned_by_id = by_id if user_id not in (None, by_id) else None
        if conversation.assigned_by_id is not None and push.is_on():
            enqueue(session, ASSIGNED, {"conversation_id": conversation.id, "user_id": user_id})


def mark_assignments_seen(user_id: int, conversation_ids: Collection[int] | None = None) -> None:
    """Note that a person knows of what was given to them: of some conversations, or of all when None."""
    unseen = is_unseen_by(user_id)
    if conversation_ids is not None:
        unseen.append(Conversation.id.in_(conversation_ids))
    if db.session.scalar(select(Conversation.id).where(*unseen).limit(1)) is None:
        db.session.rollback()
        return
    with changing() as (session, change):
        _change(session, unseen, assigned_by_id=None, change=change)


def release_assigned(user: User, session: Session) -> None:
    """Make nobody's what `user` looks after, who leaves the office, in the transaction that shuts them out."""
    session.flush()
    change = next_change(session)
    theirs = Conversation.assigned_to_id == user.id
    _change(session, [theirs], assigned_to_id=None, assigned_by_id=None, change=change)


def _change(session: Session, which: list[ColumnElement[bool]], **values: Any) -> None:
    session.execute(update(Conversation).where(*which).values(**values).execution_options(synchronize_session="fetch"))
