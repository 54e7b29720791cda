"""Who talks in a thread."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.extensions import db
from app.whatsapp.models import Contact, Conversation, Message


def list_rows(thread: Conversation) -> Sequence[Conversation]:
    """Return whatever leads to `thread`: conversations that staff joined, and what gave its contact up to another."""
    joined = select(Conversation).where(Conversation.joined_to_id == thread.id)
    return db.session.scalars(joined.order_by(Conversation.id)).all()


def shape_of(thread: Conversation, rows: Sequence[Conversation]) -> str:
    """Return what tells one make-up of a thread from another, given its `list_rows`; a doubt about who it is counts."""
    return "-".join(str(row.id) for row in (thread, *rows)) + ("-doubt" if thread.former_id else "")


def joined_of(thread: Conversation, rows: Sequence[Conversation]) -> list[Conversation]:
    """Return those of a thread's `list_rows` whose contact talks in it."""
    return [row for row in rows if row.contact is not None and row.contact.conversation_id == thread.id]


def list_joined(thread: Conversation) -> list[Conversation]:
    """Return the conversations that staff joined to a thread, in the order in which they began."""
    return joined_of(thread, list_rows(thread))


def phone_keys(thread: Conversation) -> set[str]:
    """Return the keys of the phones that talk in a thread."""
    contacts = [row.contact for row in (thread, *list_joined(thread)) if row.contact is not None]
    return {contact.phone_key for contact in contacts if contact.phone_key}


def find_last_contact(thread: Conversation) -> Contact:
    """Return who of a thread wrote last; its own contact where nobody did."""
    newest = (
        select(Message)
        .where(Message.conversation_id == thread.id, Message.direction == "inbound")
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(1)
    )
    message = db.session.scalars(newest).first()
    return message.party if message is not None else thread.contact
