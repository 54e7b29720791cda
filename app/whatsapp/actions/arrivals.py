"""Putting a message into its conversation: what webhooks and the sync share. Nothing here commits."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from app.coordinaciones.models import Coordinacion
from app.coordinaciones.queries import find_nearest
from app.formats import fold, to_local
from app.twilio.payloads import Inbound
from app.whatsapp import queries
from app.whatsapp.identity import Contact, contact_of
from app.whatsapp.models import Conversation, Media, Message
from app.whatsapp.window import later, window_after

# People still talk about an event in the days after it; then the next one is what they write about.
_AFTER_THE_EVENT = timedelta(days=7)
# What lifts Twilio's own block; only accounts with Advanced Opt-Out are told so beside it (OptOutType).
_START_WORDS = ("START", "YES", "UNSTOP")


def find_or_make_conversation(session: Session, contact: Contact, now: datetime) -> Conversation:
    """Return the conversation with `contact`, new if need be; the change counter lets in one writer at a time."""
    conversation = queries.find_conversation(contact)
    if conversation is None:
        conversation = Conversation(
            phone_number=contact.phone,
            phone_key=contact.key,
            user_id=contact.user_id,
            profile_name="",
            last_message_at=now,
            unread_count=0,
        )
        session.add(conversation)
    return conversation


def _learn(conversation: Conversation, contact: Contact) -> None:
    """Keep how WhatsApp itself writes a contact who just wrote: answers go there."""
    if contact.phone:
        conversation.phone_number, conversation.phone_key = contact.phone, contact.key
    if contact.user_id and conversation.user_id is None:
        # The same person may already have written under the user id alone; joining the two is for staff to decide.
        other = queries.find_conversation(Contact(None, None, contact.user_id))
        conversation.user_id = contact.user_id if other is None else None


def _follow_opt_out(conversation: Conversation, inbound: Inbound, sent_at: datetime) -> None:
    if inbound.opt_out == "STOP":
        conversation.opted_out = True
    elif sent_at < conversation.last_message_at:
        return  # A "yes" that a sync brings late was said before whatever stopped us.
    elif inbound.opt_out == "START" or inbound.body.strip().upper() in _START_WORDS:
        conversation.opted_out = False


def fold_search_text(conversation: Conversation) -> None:
    """Bring up to date what a search looks into."""
    parts = (conversation.profile_name, conversation.phone_number, conversation.user_id)
    conversation.search_text = fold(" ".join(part for part in parts if part))


def _is_current(coordinacion: Coordinacion, on: date) -> bool:
    over = coordinacion.event_on is not None and coordinacion.event_on < on - _AFTER_THE_EVENT
    return coordinacion.archived_at is None and coordinacion.state != "cancelled" and not over


def choose_event(conversation: Conversation, coordinacion_id: int | None) -> None:
    """Hold the conversation to the coordinación that staff chose, or to none."""
    conversation.coordinacion_id, conversation.coordinacion_chosen = coordinacion_id, True


def follow_event(conversation: Conversation, now: datetime) -> int | None:
    """Return the coordinación of a new message: what it was about while that lasts, else the client's nearest event."""
    on, current = to_local(now).date(), conversation.coordinacion
    if _is_current(current, on) if current is not None else conversation.coordinacion_chosen:
        return conversation.coordinacion_id
    nearest = find_nearest(conversation.phone_key, on) if conversation.phone_key else None
    if nearest is not None:
        conversation.coordinacion_id, conversation.coordinacion_chosen = nearest.id, False
    return conversation.coordinacion_id


def place_last(conversation: Conversation, message: Message, change: int) -> None:
    """Make `message` the conversation's last line, unless a newer one is there already."""
    conversation.change = change
    if conversation.last_message_id is None or message.sent_at >= conversation.last_message_at:
        conversation.last_message_id, conversation.last_message_at = message.id, message.sent_at


def _message_of(inbound: Inbound, conversation: Conversation, sent_at: datetime, change: int, now: datetime) -> Message:
    return Message(
        conversation_id=conversation.id,
        coordinacion_id=conversation.coordinacion_id,
        direction="inbound",
        type=inbound.type,
        body=inbound.body,
        search_text=fold(inbound.body),
        from_number=inbound.from_number,
        to_number=inbound.to_number,
        status="received",
        message_sid=inbound.message_sid,
        location=inbound.location,
        reply_to_sid=inbound.reply_to_sid,
        payload=inbound.payload,
        sent_at=sent_at,
        created_at=now,
        change=change,
        media=[
            Media(position=position, url=item.url, content_type=item.content_type, filename=item.filename)
            for position, item in enumerate(inbound.media)
        ],
    )


def store_inbound(session: Session, inbound: Inbound, sent_at: datetime, change: int, now: datetime) -> Message:
    """Store a client's message of `sent_at`: one more unread, and the window open again for a day.

    Raises IntegrityError when its sid is stored already.
    """
    contact = contact_of(inbound.sender)
    conversation = find_or_make_conversation(session, contact, now)
    follow_event(conversation, now)
    if conversation in session.new:
        session.flush()
    message = _message_of(inbound, conversation, sent_at, change, now)
    session.add(message)
    session.flush()
    # All that the conversation learns comes after its message, so that it is written once.
    _learn(conversation, contact)
    conversation.profile_name = inbound.profile_name or conversation.profile_name or ""
    fold_search_text(conversation)
    conversation.window_expires_at = later(conversation.window_expires_at, window_after(sent_at))
    _follow_opt_out(conversation, inbound, sent_at)
    conversation.unread_count += 1
    place_last(conversation, message, change)
    return message


def mark_read_where(session: Session, conversation: Conversation, seen: ColumnElement[bool], now: datetime) -> None:
    """Count as read the client's messages for which `seen` holds, and count anew what is left."""
    unread = (Message.conversation_id == conversation.id, Message.direction == "inbound", Message.read_at.is_(None))
    session.execute(
        update(Message).where(*unread, seen).values(read_at=now).execution_options(synchronize_session=False)
    )
    conversation.unread_count = session.scalars(select(func.count(Message.id)).where(*unread)).one()
