"""Telling people's devices of a client: one job for the news, stored with what makes it one, then one for each device.

There are three kinds of news: a message that came; the same again, to everybody, when nobody answered it in the week of
its event; and a window that closes with a message unanswered.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased, joinedload

from app.extensions import db, utcnow, writing
from app.formats import format_badge, format_left
from app.jobs.actions import enqueue
from app.push import queries as push
from app.push.actions import TTL, Notice, notify
from app.whatsapp import queries
from app.whatsapp.alerts.waiting_queries import find_first_waiting, list_waiting_in_the_week
from app.whatsapp.models import Conversation, Message
from app.whatsapp.names import conversation_name, last_line
from app.whatsapp.presence_queries import who_is_looking
from app.whatsapp.waiting import is_untold

TELL, DEVICE, AGAIN = "whatsapp.tell", "whatsapp.tell_device", "whatsapp.unanswered"
WATCH, MAIL = "whatsapp.watch_unanswered", "whatsapp.mail_unanswered"
NEWS, UNANSWERED, CLOSING = "news", "unanswered", "closing"
# What a sync finds later than this is in the list, and no news that anybody should be called for.
_LATE = timedelta(hours=1)
_MOST_WAITS = 10
# Where all who could be told want to be left in peace, they are asked again and again, for a day at the most.
_QUIET_PAUSE, _LONGEST_QUIET = timedelta(minutes=15), timedelta(days=1)


def unanswered_after() -> timedelta | None:
    """Return how long a client waits before everybody is told again, or None where nobody ever is."""
    minutes: int = current_app.config["UNANSWERED_MINUTES"]
    return timedelta(minutes=minutes) if minutes and (push.is_on() or current_app.config["SMTP_URL"]) else None


def tell_of(session: Session, message: Message, now: datetime) -> None:
    """Have people told of a `message` that just came, in the transaction that stores it."""
    if message.type == "reaction" or message.sent_at <= now - _LATE:
        return
    if push.is_on():
        enqueue(session, TELL, {"message_id": message.id})
    wait = unanswered_after()
    if wait is not None and message.sent_at == message.conversation.waiting_since:
        enqueue(session, AGAIN, run_at=message.sent_at + wait)


def tell_of_closing(session: Session, conversation: Conversation) -> None:
    """Have people told that the window of `conversation` closes, in the transaction that marks it as told."""
    if push.is_on():
        enqueue(session, TELL, {"conversation_id": conversation.id, "kind": CLOSING})


def _find_news(message_id: int, now: datetime) -> Message | None:
    """Return a message unless somebody has read it, a newer one is told instead, or it is long ago."""
    later = aliased(Message)
    newer = select(later.id).where(
        later.conversation_id == Message.conversation_id,
        later.direction == "inbound",
        later.type != "reaction",
        later.read_at.is_(None),
        later.id > Message.id,
    )
    news = (
        select(Message)
        .options(joinedload(Message.conversation).joinedload(Conversation.coordinacion))
        .where(Message.id == message_id, Message.read_at.is_(None), Message.sent_at > now - TTL, ~newer.exists())
    )
    return db.session.scalar(news)


def _find_told(payload: dict[str, Any], now: datetime) -> Message | None:
    """Return the message that a job tells of, or None when there is nothing to tell any more."""
    if "until" in payload and datetime.fromisoformat(payload["until"]) <= now:
        return None
    if "conversation_id" not in payload:
        return _find_news(payload["message_id"], now)
    message = find_first_waiting(payload["conversation_id"])
    if message is None or message.conversation.opted_out:
        return None
    closed = payload["kind"] == CLOSING and not message.conversation.window_open(now)
    return None if closed else message


def tell_everyone(payload: dict[str, Any]) -> None:
    """Store one job for each device that wants to be told; done twice, the notification only renews itself."""
    now = utcnow()
    message = _find_told(payload, now)
    if message is None:
        return
    conversation, coordinacion = message.conversation, message.conversation.coordinacion
    theirs = (conversation.assigned_to_id, coordinacion.dj_id if coordinacion else None)
    owners = [user_id for user_id in theirs if user_id is not None]
    looking = who_is_looking(conversation.id, now)
    unanswered = payload.get("kind") == UNANSWERED
    devices = push.list_audience(owners, looking, now, everybody=unanswered)
    until = (now + TTL).isoformat()  # A service that cannot take it by then is asked no more, whatever it is of.
    with writing() as session:
        if unanswered and not devices:
            enqueue(session, TELL, payload, run_at=now + _QUIET_PAUSE)
        for device in devices:
            enqueue(session, DEVICE, {**payload, "subscription_id": device, "until": until})


def tell_unanswered() -> None:
    """Tell everybody of the clients whom nobody answered in time, in the week of their event; the admins by mail later.

    Each wait is told of once, even when two runners come at the same time. A wait may be older than what makes it one
    to tell of: its event came near or was found, or an answer turned out not to have arrived.
    """
    now, wait = utcnow(), unanswered_after()
    late = [conversation.id for conversation in list_waiting_in_the_week(now, wait)] if wait is not None else []
    if wait is None or not late:
        return
    reachable = push.is_on() and push.anybody_reachable(now)
    untold = update(Conversation).where(Conversation.id.in_(late), is_untold()).values(unanswered_told_at=now)
    untold = untold.execution_options(synchronize_session=False)
    until = (now + _LONGEST_QUIET).isoformat()
    with writing() as session:
        alerted = session.scalars(untold.returning(Conversation.id)).all()
        for conversation_id in alerted if reachable else ():
            enqueue(session, TELL, {"conversation_id": conversation_id, "kind": UNANSWERED, "until": until})
        if alerted and current_app.config["SMTP_URL"]:
            # One mail for all who wait by then; at once where no device tells anybody anything.
            enqueue(session, MAIL, key=MAIL, run_at=now + wait if reachable else now)


def _title(message: Message, kind: str, now: datetime) -> str:
    conversation = message.conversation
    name, count, expires_at = conversation_name(conversation), conversation.unread_count, conversation.window_expires_at
    if kind == UNANSWERED:
        waited = format_left(now - message.sent_at)
        return str(gettext("%(name)s espera respuesta hace %(waited)s", name=name, waited=waited))
    if kind == CLOSING and expires_at is not None:
        return str(gettext("La ventana de %(name)s cierra en %(left)s", name=name, left=format_left(expires_at - now)))
    return name + (f" ({format_badge(count)})" if count > 1 else "")


def _notice(message: Message, kind: str, now: datetime) -> Notice:
    conversation = message.conversation
    about = conversation.coordinacion.title if conversation.coordinacion else ""
    with force_locale(current_app.config["APP_LANGUAGE"]):
        return Notice(
            title=_title(message, kind, now),
            text=last_line(message) or gettext("Mensaje nuevo"),
            about=about,
            url=f"/whatsapp/conversations/{conversation.id}",
            tag=f"conversation-{conversation.id}",
            unread=queries.unread_count(),
            at=message.sent_at,
            lasting=kind != NEWS,
            change=message.change,
        )


def tell_device(payload: dict[str, Any]) -> None:
    """Tell one device. Raises PushFailed, and then the durable table tries it again, later each time."""
    now = utcnow()
    message = _find_told(payload, now)
    if message is None:
        return
    wait = notify(payload["subscription_id"], _notice(message, payload.get("kind", NEWS), now))
    waits = payload.get("waits", 0) + 1
    if wait is not None and waits <= _MOST_WAITS:
        with writing() as session:
            enqueue(session, DEVICE, {**payload, "waits": waits}, run_at=utcnow() + wait)
