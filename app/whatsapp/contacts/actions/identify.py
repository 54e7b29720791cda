"""Who wrote: the contact of a message, found or made, and how WhatsApp itself writes it. Nothing here commits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.whatsapp import party_queries
from app.whatsapp.actions.conversation import (
    fold_search_text,
)
from app.whatsapp.contacts.actions.doubts import begin_doubt, is_doubtful
from app.whatsapp.contacts.actions.merging import absorb
from app.whatsapp.identity import Contact
from app.whatsapp.joined import Party
from app.whatsapp.models import Conversation


def find_or_make_party(session: Session, contact: Contact, now: datetime) -> Party:
    """Return `contact` and its thread, both new if need be; the change counter lets in one writer at a time."""
    party = party_queries.find_party(contact)
    if party is None:
        conversation = Conversation(
            phone_number=contact.phone,
            phone_key=contact.key,
            user_id=contact.user_id,
            profile_name="",
            last_message_at=now,
            unread_count=0,
        )
        session.add(conversation)
        party = Party(conversation, conversation)
    return party


def learn(session: Session, party: Party, contact: Contact, at: datetime, change: int) -> Party:
    """Keep how WhatsApp itself writes a contact who just wrote, since answers go there; return where it is now.

    Where Twilio gives phone and user id together, and both wrote before as if they were two, they become one: that is
    WhatsApp's own word, and nobody has to decide it. Another user id than this number had is perhaps another person.
    """
    if is_doubtful(party.member, contact.phone, contact.user_id):
        before = party.thread
        party = begin_doubt(session, party, at, change)
        fold_search_text(before, party_queries.list_joined(before))
    if contact.user_id and contact.user_id != party.member.user_id:
        party = absorb(session, party, contact.user_id, change)
    answered = party.answered
    if contact.phone:
        party.member.phone_number, party.member.phone_key = contact.phone, contact.key
    if answered and not party.own:
        party.thread.answer_to = party.member.own_address
    return party
