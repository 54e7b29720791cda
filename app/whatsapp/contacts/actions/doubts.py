"""One number, another WhatsApp user id: a recycled number perhaps, or the same person under a new id.

Twilio tells both with every message. Whoever writes under the new one is another contact, which inherits nothing but
what WhatsApp counts by number: window and opt-out. Until staff say which it is (actions/judging.py), their conversation
shows nothing of who had the number before: what was known of them waits in a conversation of its own (`former_id`),
which is theirs when they turn out to be another person. Nothing here commits.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.whatsapp.contacts.actions.merging import release, rewrite
from app.whatsapp.identity import Identity
from app.whatsapp.models import Contact, Conversation, Message


def is_doubtful(contact: Contact, identity: Identity) -> bool:
    """Tell whether somebody else may write from the number of `contact`: its user id was another until now."""
    changed = bool(identity.phone and contact.user_id and identity.user_id) and identity.user_id != contact.user_id
    return changed and contact.home.former_id is None


def begin_doubt(session: Session, former: Contact, at: datetime, change: int) -> Contact:
    """Put away what is known of whoever had this number, and return the contact that has it now.

    Whether it belongs into a thread with others is part of what nobody knows now. `at` is when the first message of the
    other user id was sent.
    """
    home, joined_to_id = former.home, former.home.joined_to_id
    if not former.own:
        release(session, former, change)
    answered, phone, key = former.answered, former.phone_number, former.phone_key
    kept = Conversation(
        given_name=home.given_name,
        coordinacion_id=home.coordinacion_id,
        coordinacion_chosen=home.coordinacion_chosen,
        joined_to_id=joined_to_id,
        last_message_at=at,
    )
    session.add(kept)
    former.home, former.phone_number, former.phone_key = kept, None, None
    session.flush()
    contact = Contact(
        home=home,
        conversation=home,
        phone_number=phone,
        phone_key=key,
        kept_window_expires_at=None if answered else former.kept_window_expires_at,
        opted_out=former.opted_out,
        created_at=at,
    )
    session.add(contact)
    session.flush()
    former.successor_id, former.kept_window_expires_at, home.former_id = contact.id, None, kept.id
    home.given_name = ""
    # None, and held to it: the number alone would lead back to the former one's event.
    home.coordinacion = home.coordinacion_id = None
    home.coordinacion_chosen = True
    rewrite(session, Message, Message.contact_id == former.id, Message.sent_at >= at, contact_id=contact.id)
    return contact


def doubt_began(contact: Contact, at: datetime) -> bool:
    """Tell whether the doubt about the number of `contact` began with the message of `at`."""
    return contact.home.former_id is not None and contact.created_at == at
