"""Making one thread of two: what staff's joining and WhatsApp's own word share. Nothing here commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from app.extensions import Base
from app.whatsapp import party_queries, queries
from app.whatsapp.actions.conversation import find_waiting_since, recount_unread
from app.whatsapp.identity import Identity
from app.whatsapp.models import Contact, Conversation, Message
from app.whatsapp.waiting import wait_no_more
from app.whatsapp.window import later


def rewrite(session: Session, model: type[Base], *where: ColumnElement[bool], **values: Any) -> None:
    """Write `values` into the rows of `model` for which `where` holds, in one statement, and read all anew."""
    session.flush()
    session.execute(update(model).where(*where).values(**values).execution_options(synchronize_session=False))
    session.expire_all()


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _done_together(source: Conversation, target: Conversation) -> datetime | None:
    """Return until when nothing has to be answered in two threads that become one: what waits in either still does."""
    done, waiting = _latest(source.done_at, target.done_at), [source.waiting_since, target.waiting_since]
    first = min((since for since in waiting if since is not None), default=None)
    return done if done is None or first is None or done < first else None


def pour(session: Session, source: Conversation, target: Conversation, change: int) -> None:
    """Join the thread `source`, and whoever was joined to it, to the thread `target`, which holds all of it then."""
    source.answer_nobody()
    rewrite(session, Message, Message.conversation_id == source.id, conversation_id=target.id, change=change)
    rewrite(session, Contact, Contact.conversation_id == source.id, conversation_id=target.id)
    # Those that gave their contact up lead on as well.
    leading = or_(Conversation.id == source.id, Conversation.joined_to_id == source.id)
    rewrite(session, Conversation, leading, joined_to_id=target.id, change=change)
    target.done_at = _done_together(source, target)
    target.forget_who_settled()  # It was said of another thread.
    source.last_message_id, source.unread_count = None, 0
    wait_no_more(source)
    if target.assigned_to_id is None:
        target.assigned_to_id, target.assigned_by_id = source.assigned_to_id, source.assigned_by_id
    if target.coordinacion_id is None and not target.coordinacion_chosen:
        target.coordinacion_id = source.coordinacion_id
    recount(session, target, change)


def release(session: Session, contact: Contact, change: int) -> None:
    """Give a contact back the conversation that is its own, with all that came from it and went to it.

    Whoever had its number before goes along, while nobody knows whether that is the same person.
    """
    thread, home = contact.conversation, contact.home
    thread.answer(thread.contact)
    gone = [contact.id, *((home.former.contact.id,) if home.former else ())]
    came = Message.conversation_id == thread.id, Message.contact_id.in_(gone)
    rewrite(session, Message, *came, conversation_id=home.id, change=change)
    rewrite(session, Contact, Contact.id.in_(gone), conversation_id=home.id)
    home.joined_to_id = None
    home.take_state(contact)
    home.done_at = _latest(home.done_at, thread.done_at)
    home.forget_who_settled()
    recount(session, home, change)
    recount(session, thread, change)


def recount(session: Session, thread: Conversation, change: int) -> None:
    """Find anew what follows from a thread's messages: its last line, what is unread, and who is answered."""
    session.flush()
    own = Message.conversation_id == thread.id
    last = session.scalars(select(Message).where(own).order_by(Message.sent_at.desc(), Message.id.desc())).first()
    thread.last_message_id = last.id if last else None
    thread.last_message_at = last.sent_at if last else thread.last_message_at
    recount_unread(session, thread)
    thread.waiting_since = find_waiting_since(session, thread)
    thread.answer(party_queries.find_last_contact(thread))
    thread.change = change


def absorb(session: Session, contact: Contact, user_id: str, change: int) -> None:
    """Give `contact` the user id that Twilio says is its own.

    Whoever wrote under the user id alone becomes part of it for good. Whoever holds it with another phone has it no
    more: WhatsApp gives one to one number at a time, and this is where it is now.
    """
    gone = queries.find_contact(Identity(None, None, user_id))
    if gone is not None and gone is not contact:
        if gone.phone_key:
            gone.user_id = None
        else:
            _swallow(session, contact, gone, change)
        session.flush()
    contact.user_id = user_id


def _swallow(session: Session, contact: Contact, gone: Contact, change: int) -> None:
    home = gone.home
    if contact.conversation is home:  # Staff had joined the two the other way round.
        release(session, contact, change)
    thread = contact.conversation
    window, answered = gone.window_expires_at, gone.answered
    if gone.conversation is not thread:
        pour(session, gone.conversation, thread, change)
        answered = gone.answered
    if window is not None:
        contact.set_window(later(contact.window_expires_at, window))
    contact.set_opted_out(contact.opted_out or gone.opted_out)
    contact.home.given_name = contact.home.given_name or home.given_name
    if answered:
        thread.answer(contact)
    become(session, gone, contact, change)
    home.joined_to_id, home.change = thread.id, change
    session.flush()
    recount(session, thread, change)


def become(session: Session, gone: Contact, contact: Contact, change: int) -> None:
    """Make `gone` part of `contact`, wherever its messages are."""
    rewrite(session, Message, Message.contact_id == gone.id, contact_id=contact.id, change=change)
    session.delete(gone)
    session.flush()
    session.expire_all()
