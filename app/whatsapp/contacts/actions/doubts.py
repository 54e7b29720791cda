"""One number, another WhatsApp user id: a recycled number perhaps, or the same person under a new id.

Twilio tells both with every message. Until staff say which it is (actions/judging.py), the conversation shows nothing
of who had the number before: what was known of them waits in `former`. Nothing here commits.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.whatsapp.contacts.actions.merging import release
from app.whatsapp.joined import Party
from app.whatsapp.models import Conversation


def is_doubtful(member: Conversation, phone: str | None, user_id: str | None) -> bool:
    """Tell whether somebody else may write from the number of `member`: its user id was another until now."""
    changed = bool(phone and member.user_id and user_id) and user_id != member.user_id
    return changed and member.former is None


def begin_doubt(session: Session, party: Party, at: datetime, change: int) -> Party:
    """Put away what is known of whoever had this number, and return the contact with a thread of its own.

    Whether it belongs into a thread with others is part of what nobody knows now. `at` is when the first message of the
    other user id was sent.
    """
    member, joined_to_id = party.member, party.member.joined_to_id
    if not party.own:
        release(session, member, party.thread, change)
    member.former = {
        "at": at.isoformat(),
        "user_id": member.user_id,
        "profile_name": member.profile_name,
        "given_name": member.given_name,
        "coordinacion_id": member.coordinacion_id,
        "coordinacion_chosen": member.coordinacion_chosen,
        "joined_to_id": joined_to_id,
    }
    member.profile_name = member.given_name = ""
    # None, and held to it: the number alone would lead back to the former one's event.
    member.coordinacion = member.coordinacion_id = None
    member.coordinacion_chosen = True
    return Party(member, member)


def doubt_began(member: Conversation, at: datetime) -> bool:
    """Tell whether the doubt about `member` began with the message of `at`."""
    return member.former is not None and member.former["at"] == at.isoformat()
