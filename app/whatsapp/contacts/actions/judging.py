"""What staff say of a number from which another WhatsApp user id writes: the same person, or another one."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.extensions import utcnow
from app.whatsapp import party_queries, queries
from app.whatsapp.actions.conversation import fold_search_text, follow_event
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.contacts.actions.joining import remember_apart
from app.whatsapp.contacts.actions.merging import become, pour, recount, release, rewrite
from app.whatsapp.identity import Identity
from app.whatsapp.models import Contact, Conversation, Message
from app.whatsapp.window import window_after


def say_same_person(conversation_id: int) -> int:
    """Give a conversation back the names, event and joined thread that it had; return the id of its thread.

    What staff said of it meanwhile wins. One that nobody doubts stays as it is. Raises NotFound.
    """
    thread_id = conversation_id
    with changing() as (session, change):
        thread = queries.get_conversation(conversation_id)
        former, contact = thread.former, thread.contact
        if former is None:
            raise Unchanged
        thread.given_name = thread.given_name or former.given_name
        contact.profile_name = contact.profile_name or former.contact.profile_name
        if thread.coordinacion_id is None:
            _restore_event(session, thread, former, change)
        thread.former_id, thread.change = None, change
        joined_to_id = former.joined_to_id
        become(session, former.contact, contact, change)
        session.delete(former)
        session.flush()
        kept = _rejoin(session, thread, joined_to_id, change)
        thread_id = kept.id
        fold_search_text(kept, party_queries.list_joined(kept))
    return thread_id


def _restore_event(session: Session, thread: Conversation, former: Conversation, change: int) -> None:
    thread.coordinacion_id, thread.coordinacion_chosen = former.coordinacion_id, former.coordinacion_chosen
    session.flush()
    session.expire(thread, ["coordinacion"])
    follow_event(thread, utcnow())
    since = Message.conversation_id == thread.id, Message.sent_at >= thread.contact.created_at
    untied = Message.coordinacion_id.is_(None)
    rewrite(session, Message, *since, untied, coordinacion_id=thread.coordinacion_id, change=change)


def _rejoin(session: Session, row: Conversation, joined_to_id: int | None, change: int) -> Conversation:
    """Return the thread that `row` was joined to before the doubt, with `row` in it again; else `row` itself."""
    if joined_to_id is None:
        return row
    target = queries.follow(session.get_one(Conversation, joined_to_id))
    if target is row:
        return row
    pour(session, row, target, change)
    return target


def say_other_person(conversation_id: int) -> int:
    """Part what was said before another user id wrote from a number from what was said since; return the latter's id.

    The former one's messages, names, event and joined contacts become a conversation of their own, known by the user
    id that they had; the number and its new owner begin anew, about no event. Nothing is lost. Raises NotFound.
    """
    thread_id = conversation_id
    with changing() as (session, change):
        thread = queries.get_conversation(conversation_id)
        former = thread.former
        if former is None:
            raise Unchanged
        thread_id, joined_to_id = thread.id, former.joined_to_id
        thread.answer(thread.contact)
        thread.former_id = former.joined_to_id = None
        theirs = _find_former(session, thread, former, change)
        _part(session, thread, theirs, change)
        if theirs.home is former:
            _begin_conversation(session, thread, former)
        for row in {theirs.conversation, thread}:
            recount(session, row, change)
        kept = _rejoin(session, theirs.conversation, joined_to_id, change)
        for row in (kept, thread):
            fold_search_text(row, party_queries.list_joined(row))
        remember_apart(session, kept, thread)
    return thread_id


def _find_former(session: Session, thread: Conversation, former: Conversation, change: int) -> Contact:
    """Return whoever had the number before: as they write by now, else in the conversation that waits for them."""
    contact = former.contact
    known = queries.find_contact(Identity(None, None, contact.user_id))
    if known is not None and known is not thread.contact:
        if known.conversation is thread:  # Staff joined their new number to this one.
            release(session, known, change)
        _take_what_was_before(session, thread, contact)
        become(session, contact, known, change)
        former.joined_to_id = known.conversation_id
        return known
    if known is not None:  # They wrote from here once more: the user id is theirs, the number is in other hands.
        known.user_id = None
        session.flush()
    _take_what_was_before(session, thread, contact)
    contact.successor_id, contact.conversation_id, contact.opted_out = None, former.id, thread.opted_out
    session.flush()
    session.expire(contact)
    return contact


def _take_what_was_before(session: Session, thread: Conversation, contact: Contact) -> None:
    """Give the former one what a sync brought late, of the time before another wrote from the number."""
    late = Message.contact_id == thread.contact.id, Message.sent_at < thread.contact.created_at
    rewrite(session, Message, *late, contact_id=contact.id)


def _part(session: Session, thread: Conversation, former: Contact, change: int) -> None:
    """Move what the former one said, and whoever staff had joined, who was joined to them."""
    there, stays = former.conversation_id, thread.contact.id
    here = Message.conversation_id == thread.id, Message.contact_id != stays
    rewrite(session, Message, *here, conversation_id=there, change=change)
    joined = Contact.conversation_id == thread.id, Contact.id != stays
    rewrite(session, Contact, *joined, conversation_id=there)
    rewrite(session, Conversation, Conversation.joined_to_id == thread.id, joined_to_id=there)


def _begin_conversation(session: Session, thread: Conversation, former: Conversation) -> None:
    """Let the former one's conversation be like the one that it is parted from, up to where it parts."""
    inbound = Message.contact_id == former.contact.id, Message.direction == "inbound"
    last = session.scalar(select(func.max(Message.sent_at)).where(*inbound))
    former.window_expires_at, former.opted_out = window_after(last) if last else None, thread.opted_out
    former.last_message_at = last or thread.contact.created_at - timedelta(microseconds=1)
    former.assigned_to_id, former.done_at = thread.assigned_to_id, thread.done_at
    thread.assigned_to_id = thread.assigned_by_id = None
