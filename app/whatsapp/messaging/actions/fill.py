"""What the webhook of a message tells that a sync had brought first: a list knows no place, quote, name or choice."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import utcnow, writing
from app.twilio.payloads import Inbound
from app.whatsapp import party_queries
from app.whatsapp.actions.conversation import (
    find_waiting_since,
    fold_message,
    fold_search_text,
    names_of,
    recount_unread,
)
from app.whatsapp.attachments.actions.queue import want
from app.whatsapp.changes import lock_changes, next_change
from app.whatsapp.contacts.actions.doubts import doubt_began
from app.whatsapp.contacts.actions.identify import learn
from app.whatsapp.identity import identity_of
from app.whatsapp.messaging.actions.opt_out import follow_opt_out
from app.whatsapp.messaging.actions.receive import is_taken_back, redraw_original, rows_of
from app.whatsapp.models import Message

log = logging.getLogger(__name__)


def fill_up(inbound: Inbound) -> bool:
    """Add to a stored message what its webhook tells beyond what a list did; return whether that was anything.

    Its place in the thread, and whether it was read, stay. A message that came by webhook is whole already: then no
    number of the sequence is taken.
    """
    with writing() as session:
        lock_changes(session)
        message = session.scalars(select(Message).where(Message.message_sid == inbound.message_sid)).one()
        more = message.inbound and not _is_whole(message) and _tells_more(message, inbound)
        if more:
            _fill(session, message, inbound, next_change(session))
    if more:
        log.info("Webhook completed a synced message", extra={"message_sid": inbound.message_sid})
    else:
        log.info("Webhook repeated", extra={"message_sid": inbound.message_sid})
    return more


def _is_whole(message: Message) -> bool:
    """Tell whether a message came by webhook: only that brings parameters that no column takes."""
    return bool(message.payload)


def _tells_more(message: Message, inbound: Inbound) -> bool:
    kept = message.type, message.body, message.location, message.reply_to_sid, len(message.media)
    sent = inbound.type, inbound.body, inbound.location, inbound.reply_to_sid, len(inbound.media)
    return bool(inbound.payload) or kept != sent


def _fill(session: Session, message: Message, inbound: Inbound, change: int) -> None:
    contact, identity = message.party, identity_of(inbound.sender)
    known = names_of(contact)
    # Who wrote later has told who they are; what is older would put the clock back.
    newest = not _wrote_later(session, message)
    if identity.user_id and newest:
        contact = learn(session, contact, identity, message.sent_at, change)
    thread = contact.conversation
    if doubt_began(contact, message.sent_at):
        message.began_doubt, message.coordinacion_id = True, None
    message.payload = inbound.payload
    message.type, message.body = inbound.type, inbound.body
    message.location, message.reply_to_sid = inbound.location, inbound.reply_to_sid
    _fill_files(session, message, inbound)
    fold_message(message)
    # In a doubt an older name is the former one's.
    if newest or not (contact.profile_name or contact.home.former_id):
        contact.profile_name = inbound.profile_name or contact.profile_name
    if inbound.opt_out and not message.opt_out_choice:
        follow_opt_out(contact, message, inbound.opt_out)
    if names_of(contact) != known:
        fold_search_text(thread, party_queries.list_joined(thread))
    if is_taken_back(inbound):
        message.read_at = message.read_at or utcnow()
    message.change = thread.change = change
    session.flush()
    redraw_original(session, inbound, change)
    recount_unread(session, thread)
    thread.waiting_since = find_waiting_since(session, thread)  # A reaction asks nothing.


def _wrote_later(session: Session, message: Message) -> bool:
    later = select(Message.id).where(
        Message.conversation_id == message.conversation_id,
        Message.direction == "inbound",
        Message.sent_at > message.sent_at,
    )
    return session.scalar(later.limit(1)) is not None


def _fill_files(session: Session, message: Message, inbound: Inbound) -> None:
    """Add the files, and their names, that the list did not tell; what is being fetched already goes on."""
    files = rows_of(inbound.media)
    for media, named in zip(message.media, files, strict=False):
        media.filename = media.filename or named.filename
        media.content_type = media.content_type or named.content_type
    missing = files[len(message.media) :]
    message.media.extend(missing)
    session.flush()
    for media in missing:
        want(session, media)
