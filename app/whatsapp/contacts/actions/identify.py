"""Who wrote: the contact of a message, found or made, and how WhatsApp itself writes it. Nothing here commits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.whatsapp import party_queries, queries
from app.whatsapp.actions.conversation import fold_search_text
from app.whatsapp.contacts.actions.doubts import begin_doubt, is_doubtful
from app.whatsapp.contacts.actions.merging import absorb
from app.whatsapp.identity import Identity
from app.whatsapp.models import Contact, Conversation


def find_or_make_contact(session: Session, identity: Identity, now: datetime) -> Contact:
    """Return the contact with `identity`, new with its conversation if need be.

    The change counter lets in one writer at a time.
    """
    contact = queries.find_contact(identity)
    if contact is None:
        conversation = Conversation(phone_number=identity.phone, last_message_at=now, unread_count=0)
        contact = Contact(
            home=conversation,
            conversation=conversation,
            phone_number=identity.phone,
            phone_key=identity.key,
            user_id=identity.user_id,
            profile_name="",
        )
        session.add(contact)
    return contact


def learn(session: Session, contact: Contact, identity: Identity, at: datetime, change: int) -> Contact:
    """Keep how WhatsApp itself writes a contact who just wrote, since answers go there; return who that is now.

    Where Twilio gives phone and user id together, and both wrote before as if they were two, they become one: that is
    WhatsApp's own word, and nobody has to decide it. Another user id than this number had is perhaps another person.
    """
    if is_doubtful(contact, identity):
        before = contact.conversation
        contact = begin_doubt(session, contact, at, change)
        fold_search_text(before, party_queries.list_joined(before))
    if identity.user_id and identity.user_id != contact.user_id:
        absorb(session, contact, identity.user_id, change)
    if identity.phone:
        contact.write_phone(identity.phone, identity.key)
    return contact
