"""What staff do with a conversation besides writing: read it, say which event it is about."""

from __future__ import annotations

from sqlalchemy import or_, select, update

from app.coordinaciones.queries import get_coordinacion
from app.extensions import utcnow
from app.whatsapp import queries
from app.whatsapp.actions.conversation import choose_event, fold_search_text, mark_read_where, recount_unread, tie_event
from app.whatsapp.actions.identify import find_or_make_party
from app.whatsapp.actions.joining import LONGEST_NAME, clean_name
from app.whatsapp.actions.typing_indicator import note_seen
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.errors import NoPhone
from app.whatsapp.identity import parse_contact
from app.whatsapp.models import Message


def mark_read(conversation_id: int, until: int | None = None) -> bool:
    """Count as read what had come when change `until` was the newest (all when None); return whether any was unread.

    What arrives between the look and this call has a later number, and stays unread.
    """
    if queries.get_conversation(conversation_id).unread_count == 0:
        return False
    now = utcnow()
    with changing() as (session, change):
        conversation = queries.get_conversation(conversation_id)
        mark_read_where(session, conversation, Message.change <= (change if until is None else until), now)
        conversation.change = change
        note_seen(conversation)
    return True


def assign(conversation_id: int, coordinacion_id: int | None) -> None:
    """Say which coordinación a conversation is about from now on (None: no coordinación).

    What was said before anyone knew belongs to it as well. Raises NotFound.
    """
    if coordinacion_id is not None:
        get_coordinacion(coordinacion_id)
    with changing() as (session, change):
        conversation = queries.get_conversation(conversation_id)
        choose_event(conversation, coordinacion_id)
        conversation.change = change
        if coordinacion_id is not None:
            session.execute(
                update(Message)
                .where(Message.conversation_id == conversation.id, Message.coordinacion_id.is_(None))
                .values(coordinacion_id=coordinacion_id)
                .execution_options(synchronize_session=False)
            )


def mark_unread(conversation_id: int) -> None:
    """Count the client's last message as unread again, for whoever looks next; nothing is told to the client.

    A reaction that was taken back is nothing to read. Changes nothing where something is unread already, or the client
    never wrote. Raises NotFound.
    """
    with changing() as (session, change):
        conversation = queries.get_conversation(conversation_id)
        readable = or_(Message.type != "reaction", Message.body != "")
        theirs = select(Message).where(Message.conversation_id == conversation.id, Message.direction == "inbound")
        last = session.scalar(theirs.where(readable).order_by(Message.sent_at.desc(), Message.id.desc()).limit(1))
        if last is None or conversation.unread_count:
            raise Unchanged
        last.read_at = None
        session.flush()
        recount_unread(session, conversation)
        conversation.change = change


def open_for_coordinacion(coordinacion_id: int) -> int:
    """Return the id of the chat with a coordinación's client, which is about that coordinación from now on.

    Raises NotFound, or NoPhone when there is nobody to write to.
    """
    phone = get_coordinacion(coordinacion_id).phone
    contact = parse_contact(phone) if phone else None
    if contact is None:
        raise NoPhone
    known = queries.find_conversation(contact)
    if known is not None and known.coordinacion_id == coordinacion_id:
        return known.id
    with changing() as (session, change):
        conversation = queries.find_conversation(contact)
        if conversation is None:
            conversation = find_or_make_party(session, contact, utcnow()).thread
            fold_search_text(conversation)
        tie_event(conversation, get_coordinacion(coordinacion_id))
        conversation.change = change
        session.flush()
        return conversation.id


def open_with(phone: str, name: str) -> int:
    """Return the id of the chat with `phone` (E.164); one that is new is called `name`, as if staff had said so.

    It is nothing that WhatsApp says, and stays when that says another.
    """
    contact = parse_contact(phone)
    if contact is None:
        raise NoPhone
    known = queries.find_conversation(contact)
    if known is not None:
        return known.id
    with changing() as (session, change):
        party = find_or_make_party(session, contact, utcnow())
        if party.member in session.new:
            party.member.given_name, party.member.change = clean_name(name)[:LONGEST_NAME].rstrip(), change
            fold_search_text(party.member)
            session.flush()
        return party.thread.id
