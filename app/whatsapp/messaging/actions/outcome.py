"""What became of a message that we sent: its state, its sid, and what depends on them. Only a callback commits."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import db, utcnow
from app.twilio.codes import OPTED_OUT, WINDOW_CLOSED
from app.twilio.payloads import StatusUpdate, find_new_sid, parse_address
from app.whatsapp.actions.conversation import find_waiting_since
from app.whatsapp.alerts.actions.notices import follow_trouble
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.delivery import FAILED, RANK, advances
from app.whatsapp.identity import same_contact
from app.whatsapp.models import Conversation, Message
from app.whatsapp.window import WINDOW

log = logging.getLogger(__name__)


def record_outcome(message: Message, sid: str | None, status: str, error_code: int | None, error: str) -> bool:
    """Write what is known of an outbound message now; return whether that is anything new. States never go back.

    Where Twilio says in an error's text that it sent the same anew under another sid, that is kept, and news under it
    are this message's too.
    """
    changed = False
    if sid and sid == message.other_sid:
        if not _is_resent(message, status):
            return False
        message.message_sid, message.other_sid, message.status = sid, message.message_sid, "unconfirmed"
        changed = True
    elif sid and message.message_sid is None:
        message.message_sid = sid
        if message.status in FAILED:
            message.status = "unconfirmed"  # It was we who gave it up, and Twilio has it after all.
        changed = True
    if advances(message.status, status):
        message.status = status
        message.error_code, message.error_message = error_code, error
        new_sid = find_new_sid(error) if status in FAILED else None
        message.other_sid = new_sid if new_sid not in (None, message.message_sid) else message.other_sid
        changed = True
    return changed


def is_news(message: Message, sid: str, status: str) -> bool:
    """Tell whether `status`, told of a message under `sid`, moves it on."""
    return _is_resent(message, status) if sid == message.other_sid else advances(message.status, status)


def _is_resent(message: Message, status: str) -> bool:
    """Tell whether `status`, told of a message under its other sid, says that what failed went out anew after all.

    Once it did, the other sid is the failed one's, whose news are over.
    """
    return message.status in FAILED and status in RANK and status not in FAILED


def _take_over(session: Session, message: Message, change: int) -> None:
    """Make one of a failed message and the row that a sync had already made of what Twilio sent in its place."""
    row = session.scalar(
        select(Message).where(
            Message.direction == "outbound",
            Message.id != message.id,
            Message.message_sid == message.other_sid,
            Message.idempotency_key.is_(None),
        )
    )
    if row is not None and message.other_sid is not None:
        status, code, error = row.status, row.error_code, row.error_message
        claim_sid(session, message, message.other_sid, change)
        record_outcome(message, message.other_sid, status, code, error)


def claim_sid(session: Session, message: Message, sid: str, change: int) -> None:
    """Make way for `message` to take the `sid` that Twilio itself says is its own.

    A sync that came in between can only guess whose a message is: it made a row of its own of it, or gave the sid to
    another message with the same words.
    """
    ours = select(Message).where(Message.direction == "outbound", Message.id != message.id)
    holder = session.scalar(ours.where(Message.message_sid == sid))
    if holder is None:
        return
    if holder.idempotency_key is not None:
        holder.message_sid, holder.status, holder.change = None, "unconfirmed", change
    else:
        conversation = session.get_one(Conversation, holder.conversation_id)
        if conversation.last_message_id == holder.id:
            conversation.last_message_id, conversation.last_message_at = message.id, message.sent_at
        session.delete(holder)
    session.flush()


def follow_outcome(session: Session, message: Message, change: int, now: datetime) -> None:
    """Carry a message's new state to what depends on it: the list's last line, the window, the opt-out."""
    message.change = change
    if message.other_sid and message.status in FAILED:
        _take_over(session, message, change)
    if message.status == "read" and message.read_at is None:
        message.read_at = now
    thread, contact = message.conversation, message.party
    thread.change = change
    expires_at = contact.window_expires_at
    # News of an old message must not close the window that the client has opened since.
    if message.error_code == WINDOW_CLOSED and expires_at and expires_at - WINDOW <= message.sent_at:
        contact.set_window(min(expires_at, now))
    if message.error_code == OPTED_OUT:
        contact.set_opted_out(True)
    # It was an answer, and is none; or is one again.
    since = thread.waiting_since
    if message.status in FAILED or message.status == "unconfirmed" or (since and since <= message.sent_at):
        thread.waiting_since = find_waiting_since(session, thread)
    follow_trouble(session, message, change)


def _find(session: Session, update: StatusUpdate) -> Message | None:
    """Return the message of a callback: by Twilio's sid, else by our id in its URL when that one has no sid yet.

    The second is how a send heals whose answer was lost; a row that a sync made of it meanwhile gives way to ours.
    """
    ours = select(Message).where(Message.direction == "outbound")
    found = session.scalar(ours.where(Message.message_sid == update.message_sid))
    if found is None:
        found = session.scalar(ours.where(Message.other_sid == update.message_sid).limit(1))
    if update.message_id is None or (found is not None and found.idempotency_key is not None):
        return found
    mine = session.get(Message, update.message_id)
    # It may have got that very sid since the first look: its send was answered in between.
    if mine is None or mine.inbound or mine.message_sid not in (None, update.message_sid):
        return found
    return mine if same_contact(parse_address(mine.to_number), parse_address(update.to_number)) else found


def apply_status(update: StatusUpdate) -> bool:
    """Move our message on to what a callback says; return whether anything changed.

    Late, doubled and out-of-order callbacks change nothing, and take no number of the sequence.
    """
    known = _find(db.session(), update)
    to_claim = known is not None and known.message_sid is None and known.other_sid != update.message_sid
    if known is None or not (to_claim or is_news(known, update.message_sid, update.status)):
        if known is None:
            log.info("Status callback for an unknown message", extra={"message_sid": update.message_sid})
        return False
    changed = False
    with changing() as (session, change):
        message = session.get(Message, known.id, populate_existing=True)
        sids = (None, update.message_sid)
        if message is None or (message.message_sid not in sids and message.other_sid not in sids[1:]):
            raise Unchanged  # It gave way to another between the look and the lock.
        if message.message_sid is None or message.other_sid == update.message_sid:
            claim_sid(session, message, update.message_sid, change)
        status = update.status if update.status in RANK else message.status
        changed = record_outcome(message, update.message_sid, status, update.error_code, update.error_message)
        if not changed:
            raise Unchanged
        follow_outcome(session, message, change, utcnow())
    return changed
