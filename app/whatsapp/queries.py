"""What whatsapp reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload, selectinload
from sqlalchemy.sql.elements import ColumnElement

from app.cursors import Page, Place, page_of, parse_cursor
from app.errors import Invalid, NotFound
from app.extensions import LARGEST_ID, db
from app.formats import fold
from app.whatsapp.identity import Identity
from app.whatsapp.models import Contact, Conversation, Media, Message
from app.whatsapp.search import finds
from app.whatsapp.waiting import is_waiting
from app.whatsapp.window import CLOSING_SOON

_UNASSIGNED = Conversation.assigned_to_id.is_(None)


@dataclass(frozen=True)
class ConversationFilter:
    """Which conversations are asked for. `closing` are those whose window closes within two hours of `now`.

    `waiting` are those whose client waits for an answer; `assigned` the id of whom they are assigned to, 0 for nobody.
    """

    now: datetime
    q: str = ""
    unread: bool = False
    closing: bool = False
    waiting: bool = False
    assigned: int | None = None
    coordinacion_id: int | None = None


# What a conversation shows of other tables, in the statement that reads it.
_SHOWN = (
    joinedload(Conversation.contact),
    joinedload(Conversation.other_answered),
    joinedload(Conversation.coordinacion),
    joinedload(Conversation.last_message),
    joinedload(Conversation.assigned_to),
)


def _conversations() -> Select[Conversation]:
    return select(Conversation).options(*_SHOWN)


def matching(criteria: ConversationFilter) -> list[ColumnElement[bool]]:
    """Return the conditions under which a conversation is asked for."""
    conditions: list[ColumnElement[bool]] = [
        Conversation.last_message_id.is_not(None),
        Conversation.joined_to_id.is_(None),
    ]
    if criteria.unread:
        conditions.append(Conversation.unread_count > 0)
    if criteria.closing:
        conditions.append(Conversation.window_expires_at > criteria.now)
        conditions.append(Conversation.window_expires_at <= criteria.now + CLOSING_SOON)
    if criteria.waiting:
        conditions.append(is_waiting())
    if criteria.assigned is not None:
        conditions.append(Conversation.assigned_to_id == criteria.assigned if criteria.assigned else _UNASSIGNED)
    if criteria.coordinacion_id is not None:
        messages = select(Message.id).where(Message.conversation_id == Conversation.id)
        conditions.append(messages.where(Message.coordinacion_id == criteria.coordinacion_id).exists())
    if fold(criteria.q).split():
        conditions.append(finds(criteria.q))
    return conditions


def list_newly_assigned(user_id: int, here: Collection[int] = ()) -> Sequence[Conversation]:
    """Return what colleagues gave to a person who has not seen so yet, the newest first; none of those `here`."""
    return db.session.scalars(
        select(Conversation)
        .options(joinedload(Conversation.coordinacion), joinedload(Conversation.assigned_by))
        .where(
            Conversation.assigned_to_id == user_id,
            Conversation.assigned_by_id.is_not(None),
            Conversation.joined_to_id.is_(None),
            Conversation.id.not_in(here),
        )
        .order_by(Conversation.change.desc())
    ).all()


def _moment_of(criteria: ConversationFilter) -> InstrumentedAttribute[Any]:
    """Return the column that conversations are ordered by."""
    if criteria.closing:
        return Conversation.window_expires_at
    return Conversation.waiting_since if criteria.waiting else Conversation.last_message_at


def list_conversations(criteria: ConversationFilter, limit: int, cursor: str = "") -> Page[Conversation]:
    """Return conversations that have messages, newest first.

    Those that close soon begin with the soonest, and those that wait for an answer with who has waited longest.

    Raises Invalid for a foreign cursor.
    """
    with_names = joinedload(Conversation.last_message).selectinload(Message.media)
    statement = _conversations().options(with_names).where(*matching(criteria))
    moment, urgent = _moment_of(criteria), criteria.closing or criteria.waiting
    place = tuple_(moment, Conversation.id)
    if cursor:
        here = _place(cursor)
        statement = statement.where(place > here if urgent else place < here)
    order = [column if urgent else column.desc() for column in place]
    rows = db.session.scalars(statement.order_by(*order).limit(limit + 1)).all()
    return page_of(rows, limit, lambda row: (getattr(row, moment.key) or criteria.now, row.id))


def _place(cursor: str) -> Place:
    """Return the place in an order by moment and id that `cursor` tells. Raises Invalid."""
    place = parse_cursor(cursor, datetime, int)
    if place is None:
        raise Invalid(fields={"cursor": _("Ese cursor no es de esta lista.")})
    return place


def select_unread() -> Select[int]:
    """Return a statement for how many messages nobody has read."""
    return select(func.coalesce(func.sum(Conversation.unread_count), 0)).where(Conversation.unread_count > 0)


def unread_count() -> int:
    """Return how many messages nobody has read."""
    return int(db.session.scalars(select_unread()).one())


def unread_by_coordinacion(ids: Iterable[int]) -> dict[int, int]:
    """Return how many unread messages each coordinación of `ids` has; those with none are absent."""
    statement = (
        select(Message.coordinacion_id, func.count())
        .where(Message.direction == "inbound", Message.read_at.is_(None), Message.coordinacion_id.in_(list(ids)))
        .group_by(Message.coordinacion_id)
    )
    return {int(row[0]): int(row[1]) for row in db.session.execute(statement) if row[0] is not None}


def get_conversation(conversation_id: int) -> Conversation:
    """Return a conversation with its coordinación, or the one that it was joined to. Raises NotFound."""
    conversation = None
    if 0 < conversation_id <= LARGEST_ID:
        conversation = db.session.scalar(_conversations().where(Conversation.id == conversation_id))
    if conversation is None:
        raise NotFound
    return follow(conversation)


def follow(conversation: Conversation) -> Conversation:
    """Return the conversation that holds the messages of `conversation`: itself, or what it was joined to."""
    if conversation.joined_to_id is None:
        return conversation
    return db.session.scalars(_conversations().where(Conversation.id == conversation.joined_to_id)).one()


def find_contact(identity: Identity) -> Contact | None:
    """Return the contact with an identity and its conversation: by phone first, however it is written, else by user id.

    Nothing is found by the user id of somebody whose number another one writes from now, while that is in doubt.
    """
    by_user_id = and_(Contact.user_id == identity.user_id, Contact.successor_id.is_(None))
    for condition in (
        Contact.phone_key == identity.key if identity.key else None,
        by_user_id if identity.user_id else None,
    ):
        if condition is not None:
            with_thread = joinedload(Contact.conversation).options(*_SHOWN)
            found = db.session.scalar(select(Contact).options(with_thread).where(condition))
            if found is not None:
                return found
    return None


def find_conversation(identity: Identity) -> Conversation | None:
    """Return the conversation that a contact talks in."""
    found = find_contact(identity)
    return found.conversation if found is not None else None


def select_messages() -> Select[Message]:
    """Return a statement for messages with all that their bubbles show."""
    files = selectinload(Message.media).options(joinedload(Media.file), joinedload(Media.thumbnail))
    return select(Message).options(joinedload(Message.author), joinedload(Message.contact), files)


def has_a_bubble() -> ColumnElement[bool]:
    """Return the condition that a message is shown by itself: a reaction is not, where its original is here."""
    original = aliased(Message)
    here = select(original.id).where(original.message_sid == Message.reply_to_sid).exists()
    return or_(Message.type != "reaction", ~here)


def list_messages(
    *,
    limit: int,
    cursor: str = "",
    conversation_id: int | None = None,
    coordinacion_id: int | None = None,
    bubbles: bool = False,
) -> Page[Message]:
    """Return messages of a conversation, a coordinación, or both, newest first. Raises Invalid for a bad cursor.

    With `bubbles` only those that a thread shows by themselves.
    """
    statement = select_messages().where(has_a_bubble()) if bubbles else select_messages()
    if conversation_id is not None:
        statement = statement.where(Message.conversation_id == conversation_id)
    if coordinacion_id is not None:
        statement = statement.where(Message.coordinacion_id == coordinacion_id)
    if cursor:
        statement = statement.where(tuple_(Message.sent_at, Message.id) < _place(cursor))
    rows = db.session.scalars(statement.order_by(Message.sent_at.desc(), Message.id.desc()).limit(limit + 1)).all()
    return page_of(rows, limit, lambda message: (message.sent_at, message.id))


def list_changes(conversation_id: int, since: int, limit: int = 200) -> list[Message]:
    """Return the messages of a conversation that changed after `since`, in the order of their changes."""
    changed = (Message.conversation_id == conversation_id, Message.change > since)
    statement = select_messages().where(*changed, has_a_bubble())
    return list(db.session.scalars(statement.order_by(Message.change).limit(limit)))


def with_old(messages: Sequence[Message], ids: Sequence[int], **scope: int) -> list[Message]:
    """Return `messages`, and those of `ids` whose words hold no longer, though nothing changed in them.

    Only such as belong to the `conversation_id` or the `coordinacion_id` that is given; no statement for no ids.
    """
    missing = set(ids) - {message.id for message in messages}
    statement = select_messages().where(Message.id.in_(missing)).filter_by(**scope)
    return [*messages, *(db.session.scalars(statement) if missing else ())]


def get_media(media_id: int) -> Media:
    """Return a file of a message. Raises NotFound."""
    media = db.session.get(Media, media_id) if 0 < media_id <= LARGEST_ID else None
    if media is None:
        raise NotFound
    return media


def get_message(message_id: int) -> Message:
    """Return a message as it is now, whatever was loaded before. Raises NotFound."""
    statement = select_messages().where(Message.id == message_id).execution_options(populate_existing=True)
    message = db.session.scalar(statement) if 0 < message_id <= LARGEST_ID else None
    if message is None:
        raise NotFound
    return message


def find_message_by_sid(sid: str) -> Message | None:
    """Return the message that Twilio knows as `sid`, or one of ours that it sent anew under it."""
    for known in (Message.message_sid == sid, Message.other_sid == sid):
        found = db.session.scalar(select_messages().where(known).limit(1))
        if found is not None:
            return found
    return None


def find_message_by_key(key: str) -> Message | None:
    """Return the message that was sent under an idempotency key."""
    return db.session.scalar(select_messages().where(Message.idempotency_key == key))
