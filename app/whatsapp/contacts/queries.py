"""Which other conversation may be with the same person."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import contains_eager, joinedload
from sqlalchemy.sql.elements import ColumnElement

from app.extensions import db
from app.formats import fold, has_ink
from app.phones import how_alike
from app.whatsapp.models import Contact, Conversation, Distinct

_END = 8  # Digits: what how_alike compares at least.


@dataclass(frozen=True)
class Likely:
    """A conversation that may be with the same person, and why: `area`, `country` or `name`."""

    conversation: Conversation
    why: str


def _candidates(contact: Contact) -> list[ColumnElement[bool]]:
    """Return the conditions under which the conversation of another contact is looked at more closely."""
    conditions: list[ColumnElement[bool]] = []
    if contact.phone_key and len(contact.phone_key) >= _END:
        conditions.append(Contact.phone_key.endswith(contact.phone_key[-_END:]))
    if _tells(contact.profile_name):
        # Only where a number is missing: two people of one name have two numbers.
        unknown = Contact.phone_key.is_(None) if contact.phone_key else Contact.id.is_not(None)
        conditions.append((Contact.profile_name == contact.profile_name) & unknown)
    return conditions


def _tells(name: str) -> bool:
    """Tell whether a name is more than a first name, which many people share."""
    return len([word for word in fold(name).split() if has_ink(word)]) >= 2


def _why(first: Contact, second: Contact) -> str:
    if first.phone_key and second.phone_key:
        return how_alike(first.phone_key, second.phone_key)
    return "name" if first.profile_name == second.profile_name else ""


def find_likely(conversation: Conversation) -> Likely | None:
    """Return the conversation that may be with the same person as `conversation`, which staff have not judged yet.

    Few rules, each of which can be said in a sentence: the numbers end alike (app.phones.how_alike), or the whole name
    at WhatsApp is the same and one of the two has no number. Of several the one that was active last.
    """
    conditions = _candidates(conversation.contact)
    if not conditions:
        return None
    judged = select(Distinct).where(
        or_(
            and_(Distinct.first_id == conversation.id, Distinct.second_id == Conversation.id),
            and_(Distinct.second_id == conversation.id, Distinct.first_id == Conversation.id),
        )
    )
    found = db.session.scalars(
        select(Conversation)
        .join(Conversation.contact)
        .options(contains_eager(Conversation.contact), joinedload(Conversation.coordinacion))
        .where(
            Conversation.id != conversation.id,
            Conversation.joined_to_id.is_(None),
            Conversation.last_message_id.is_not(None),
            ~judged.exists(),
            or_(*conditions),
        )
        .order_by(Conversation.last_message_at.desc())
        .limit(20)
    )
    likely = (Likely(candidate, _why(conversation.contact, candidate.contact)) for candidate in found)
    return next((pair for pair in likely if pair.why), None)


_WHY_LIKELY = {
    "area": _l("Los números terminan igual; solo cambia la característica."),
    "country": _l("Los números son iguales, con otro código de país."),
    "name": _l("Tienen el mismo nombre en WhatsApp, y una no tiene número."),
}


def why_likely(likely: Likely) -> str:
    """Return in a sentence why two conversations may be with one person."""
    return str(_WHY_LIKELY[likely.why])
