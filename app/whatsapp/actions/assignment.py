"""Who looks after a conversation: given, seen by whom it was given to, and nobody's again when a person leaves."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from app.auth.models import User
from app.auth.queries import get_user
from app.errors import Invalid
from app.extensions import db, utcnow, writing
from app.jobs.actions import enqueue
from app.push import queries as push
from app.push.actions import TTL, Notice, notify
from app.whatsapp import queries
from app.whatsapp.changes import changing, next_change
from app.whatsapp.looking import who_is_looking
from app.whatsapp.models import Conversation
from app.whatsapp.names import conversation_name, last_line

ASSIGNED, ASSIGNED_DEVICE = "whatsapp.tell_assigned", "whatsapp.tell_assigned_device"
_MOST_WAITS = 10


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


def _unseen_by(user_id: int) -> list[ColumnElement[bool]]:
    return [Conversation.assigned_to_id == user_id, Conversation.assigned_by_id.is_not(None)]


def mark_assignments_seen(user_id: int, conversation_ids: Collection[int] | None = None) -> None:
    """Note that a person knows of what was given to them: of some conversations, or of all when None."""
    unseen = _unseen_by(user_id)
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


def tell_assigned(payload: dict[str, Any]) -> None:
    """Store one job for each device of the person whom a conversation was given to, unless they have it open."""
    now = utcnow()
    conversation = _find_assigned(payload)
    if conversation is None:
        return
    user_id: int = payload["user_id"]
    devices = [] if user_id in who_is_looking(conversation.id, now) else push.list_devices_to_alert(user_id, now)
    until = (now + TTL).isoformat()
    with writing() as session:
        for device in devices:
            enqueue(session, ASSIGNED_DEVICE, {**payload, "subscription_id": device, "until": until})


def _find_assigned(payload: dict[str, Any]) -> Conversation | None:
    """Return the conversation that a job tells of, or None where it is somebody else's by now, or was seen."""
    unseen = _unseen_by(payload["user_id"])
    return db.session.scalar(
        select(Conversation)
        .where(Conversation.id == payload["conversation_id"], *unseen)
        .execution_options(populate_existing=True)
    )


def _notice(conversation: Conversation, now: datetime) -> Notice:
    by, message = conversation.assigned_by, conversation.last_message
    with force_locale(current_app.config["APP_LANGUAGE"]):
        name = conversation_name(conversation)
        return Notice(
            title=gettext("%(who)s te pasó la conversación con %(name)s", who=by.name if by else "", name=name),
            text=last_line(message) if message else "",
            about=conversation.coordinacion.title if conversation.coordinacion else "",
            url=f"/whatsapp/conversations/{conversation.id}",
            tag=f"assigned-{conversation.id}",
            unread=queries.unread_count(),
            at=now,
            lasting=True,
            change=conversation.change,
        )


def tell_assigned_device(payload: dict[str, Any]) -> None:
    """Tell one device. Raises PushFailed, and then the durable table tries it again, later each time."""
    now = utcnow()
    conversation = _find_assigned(payload)
    if conversation is None or datetime.fromisoformat(payload["until"]) <= now:
        return
    wait = notify(payload["subscription_id"], _notice(conversation, now))
    waits = payload.get("waits", 0) + 1
    if wait is not None and waits <= _MOST_WAITS:
        with writing() as session:
            enqueue(session, ASSIGNED_DEVICE, {**payload, "waits": waits}, run_at=utcnow() + wait)
