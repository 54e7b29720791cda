"""Who talks in a thread, and who else may be the same person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.elements import ColumnElement

from app.extensions import db
from app.formats import fold, has_ink
from app.phones import how_alike
from app.whatsapp import opting, queries
from app.whatsapp.identity import Contact
from app.whatsapp.joined import Party
from app.whatsapp.models import Conversation, Distinct, Message

_END = 8  # Digits: what how_alike compares at least.


@dataclass(frozen=True)
class Likely:
    """A conversation that may be with the same person, and why: `area`, `country` or `name`."""

    conversation: Conversation
    why: str


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


def _candidates(conversation: Conversation) -> list[ColumnElement[bool]]:
    """Return the conditions under which another conversation is looked at more closely."""
    conditions: list[ColumnElement[bool]] = []
    if conversation.phone_key and len(conversation.phone_key) >= _END:
        conditions.append(Conversation.phone_key.endswith(conversation.phone_key[-_END:]))
    if _tells(conversation.profile_name):
        # Only where a number is missing: two people of one name have two numbers.
        unknown = Conversation.phone_key.is_(None) if conversation.phone_key else Conversation.id.is_not(None)
        conditions.append((Conversation.profile_name == conversation.profile_name) & unknown)
    return conditions


def _tells(name: str) -> bool:
    """Tell whether a name is more than a first name, which many people share."""
    return len([word for word in fold(name).split() if has_ink(word)]) >= 2


def _why(one: Conversation, other: Conversation) -> str:
    if one.phone_key and other.phone_key:
        return how_alike(one.phone_key, other.phone_key)
    return "name" if one.profile_name == other.profile_name else ""


def find_likely(conversation: Conversation) -> Likely | None:
    """Return the conversation that may be with the same person as `conversation`, which staff have not judged yet.

    Few rules, each of which can be said in a sentence: the numbers end alike (app.phones.how_alike), or the whole name
    at WhatsApp is the same and one of the two has no number. Of several the one that was active last.
    """
    conditions = _candidates(conversation)
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
        .options(joinedload(Conversation.coordinacion))
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
    likely = (Likely(other, _why(conversation, other)) for other in found)
    return next((one for one in likely if one.why), None)


def find_words_before(message: Message) -> str:
    """Return the words of our last message before a client's."""
    return (
        db.session.scalars(
            select(Message.body)
            .where(
                Message.conversation_id == message.conversation_id,
                Message.direction == "outbound",
                Message.sent_at <= message.sent_at,
            )
            .order_by(Message.sent_at.desc(), Message.id.desc())
            .limit(1)
        ).first()
        or ""
    )


def chose_later(message: Message) -> bool:
    """Tell whether the same contact asked for messages, or for no more of them, after `message`."""
    later = db.session.scalars(
        select(Message).where(
            Message.conversation_id == message.conversation_id,
            Message.direction == "inbound",
            Message.type == "text",
            Message.sent_at > message.sent_at,
        )
    )
    return any(
        opting.choice_of(one.type, one.body, one.payload.get("OptOutType", ""), "")
        for one in later
        if one.joined_from_id == message.joined_from_id
    )


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
