"""Who talks in a thread, and who else may be the same person."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import db
from app.whatsapp import queries
from app.whatsapp.identity import Contact
from app.whatsapp.joined import Party
from app.whatsapp.models import Conversation, Message


def party_of(row: Conversation) -> Party:
    """Return a contact with the thread that it talks in."""
    return Party(queries.follow(row), row)


def party_of_message(session: Session, message: Message) -> Party:
    """Return with whom a message was exchanged, and its thread."""
    thread = session.get_one(Conversation, message.conversation_id)
    member = session.get_one(Conversation, message.joined_from_id) if message.joined_from_id else thread
    return Party(thread, member)


def answered_party(thread: Conversation) -> Party:
    """Return to whom answers in `thread` go."""
    parties = [Party(thread, thread), *(Party(thread, row) for row in list_joined(thread))]
    return next((party for party in parties if party.answered), parties[0])


def find_party(contact: Contact) -> Party | None:
    """Return `contact` with its thread, where we know it."""
    row = queries.find_contact(contact)
    return party_of(row) if row is not None else None


def list_rows(thread: Conversation) -> Sequence[Conversation]:
    """Return whatever leads to `thread`: contacts that staff joined, and what gave its contact up to another."""
    joined = select(Conversation).where(Conversation.joined_to_id == thread.id)
    return db.session.scalars(joined.order_by(Conversation.id)).all()


def shape_of(thread: Conversation, rows: Sequence[Conversation]) -> str:
    """Return what tells one make-up of a thread from another, given its `list_rows`; a doubt about who it is counts."""
    return "-".join(str(row.id) for row in (thread, *rows)) + ("-doubt" if thread.former else "")


def list_joined(thread: Conversation) -> list[Conversation]:
    """Return the contacts that staff joined to a thread, in the order in which they first came."""
    return [row for row in list_rows(thread) if row.own_address]


def phone_keys(thread: Conversation) -> set[str]:
    """Return the keys of the phones that talk in a thread."""
    return {row.phone_key for row in (thread, *list_joined(thread)) if row.phone_key}


def last_party(thread: Conversation) -> Party:
    """Return who of a thread wrote last; itself where nobody did."""
    newest = (
        select(Message)
        .where(Message.conversation_id == thread.id, Message.direction == "inbound")
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(1)
    )
    message = db.session.scalars(newest).first()
    return party_of_message(db.session(), message) if message is not None else Party(thread, thread)
