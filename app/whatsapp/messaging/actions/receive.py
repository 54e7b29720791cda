"""A client's message, stored in its conversation; webhooks and the sync share how."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.extensions import db, utcnow
from app.twilio.payloads import Inbound, MediaItem
from app.whatsapp import party_queries
from app.whatsapp.actions.conversation import (
    fold_message,
    fold_search_text,
    follow_event,
    names_of,
    place_last,
)
from app.whatsapp.alerts.actions.push_alerts import tell_of
from app.whatsapp.attachments.actions.queue import want_all
from app.whatsapp.changes import changing
from app.whatsapp.contacts.actions.doubts import doubt_began
from app.whatsapp.contacts.actions.identify import find_or_make_contact, learn
from app.whatsapp.identity import identity_of
from app.whatsapp.messaging.actions.opt_out import follow_opt_out
from app.whatsapp.models import Contact, Media, Message
from app.whatsapp.window import later, window_after


def receive(inbound: Inbound) -> Message | None:
    """Store a client's message, once; one that is here already changes nothing, and gives None."""
    now = utcnow()
    try:
        with changing() as (session, change):
            return store_inbound(session, inbound, now, change, now)
    except IntegrityError:
        here = select(Message.id).where(Message.message_sid == inbound.message_sid)
        if db.session.scalar(here) is None:
            raise
        return None


def is_taken_back(inbound: Inbound) -> bool:
    """Tell whether a client took a reaction back, which is nothing to read."""
    return inbound.type == "reaction" and not inbound.body


def redraw_original(session: Session, inbound: Inbound, change: int) -> None:
    """Give the message that a reaction answers a new number: the reaction stands under it, in open threads too."""
    if inbound.type == "reaction" and inbound.reply_to_sid:
        original = update(Message).where(Message.message_sid == inbound.reply_to_sid).values(change=change)
        session.execute(original.execution_options(synchronize_session=False))


def _message_of(inbound: Inbound, contact: Contact, sent_at: datetime, change: int, now: datetime) -> Message:
    return Message(
        conversation_id=contact.conversation_id,
        contact_id=contact.id,
        coordinacion_id=contact.conversation.coordinacion_id,
        direction="inbound",
        type=inbound.type,
        body=inbound.body,
        from_number=inbound.from_number,
        to_number=inbound.to_number,
        status="received",
        message_sid=inbound.message_sid,
        location=inbound.location,
        reply_to_sid=inbound.reply_to_sid,
        payload=inbound.payload,
        began_doubt=doubt_began(contact, sent_at),
        sent_at=sent_at,
        read_at=now if is_taken_back(inbound) else None,
        created_at=now,
        change=change,
        media=rows_of(inbound.media),
    )


def store_inbound(session: Session, inbound: Inbound, sent_at: datetime, change: int, now: datetime) -> Message:
    """Store a client's message of `sent_at`: one more unread, and the window open again for a day.

    Raises IntegrityError when its sid is stored already.
    """
    identity = identity_of(inbound.sender)
    contact = find_or_make_contact(session, identity, now)
    if contact in session.new:
        contact.profile_name = inbound.profile_name or ""
        known = names_of(contact)
        fold_search_text(contact.conversation)
        session.flush()
    else:
        known = names_of(contact)
        contact = learn(session, contact, identity, sent_at, change)
    thread = contact.conversation
    follow_event(thread, sent_at, contact.phone_key)
    message = _message_of(inbound, contact, sent_at, change, now)
    redraw_original(session, inbound, change)
    fold_message(message)
    session.add(message)
    session.flush()
    # What the conversation learns comes after its message, so that it is written once.
    contact.profile_name = inbound.profile_name or contact.profile_name
    if names_of(contact) != known:
        fold_search_text(thread, party_queries.list_joined(thread))
    newest = thread.window_expires_at is None or window_after(sent_at) >= thread.window_expires_at
    contact.set_window(later(contact.window_expires_at, window_after(sent_at)))
    follow_opt_out(contact, message, inbound.opt_out)
    if newest:
        thread.answer(contact)
    thread.unread_count += 0 if is_taken_back(inbound) else 1
    place_last(session, thread, message, change)
    want_all(session, message)
    if not is_taken_back(inbound):
        tell_of(session, message, now)
    return message


def rows_of(items: Iterable[MediaItem]) -> list[Media]:
    """Return the rows of the files that a message came with, in their order."""
    return [
        Media(position=position, url=item.url, content_type=item.content_type, filename=item.filename, state="remote")
        for position, item in enumerate(items)
    ]
