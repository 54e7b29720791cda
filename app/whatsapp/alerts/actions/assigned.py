"""Telling a person on their devices that a conversation is theirs now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import select
from sqlalchemy.sql.elements import ColumnElement

from app.extensions import db, utcnow, writing
from app.jobs.actions import enqueue
from app.push import queries as push
from app.push.actions import TTL, Notice, notify
from app.whatsapp import queries
from app.whatsapp.models import Conversation
from app.whatsapp.names import conversation_name, last_line
from app.whatsapp.presence_queries import who_is_looking

ASSIGNED = "whatsapp.tell_assigned"


ASSIGNED_DEVICE = "whatsapp.tell_assigned_device"


_MOST_WAITS = 10


def is_unseen_by(user_id: int) -> list[ColumnElement[bool]]:
    """Return the conditions that a conversation was given to a person who has not seen so yet."""
    return [Conversation.assigned_to_id == user_id, Conversation.assigned_by_id.is_not(None)]


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
    unseen = is_unseen_by(payload["user_id"])
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
