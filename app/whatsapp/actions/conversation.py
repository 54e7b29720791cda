"""What a message does to its conversation: its event, its last line, what is unread, what a search finds.

Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from app.coordinaciones.models import Coordinacion
from app.coordinaciones.queries import find_nearest
from app.formats import fold, office_day
from app.whatsapp import party_queries
from app.whatsapp.delivery import FAILED
from app.whatsapp.models import Contact, Conversation, Message
from app.whatsapp.names import shown_words
from app.whatsapp.waiting import answers, asks, wait_no_more

# People still talk about an event in the days after it; then the next one is what they write about.
_AFTER_THE_EVENT = timedelta(days=7)


def names_of(contact: Contact) -> tuple[str | None, ...]:
    """Return what a search for a contact looks into."""
    return contact.home.given_name, contact.profile_name, contact.phone_number, contact.user_id


def fold_search_text(conversation: Conversation, joined: Iterable[Conversation] = ()) -> None:
    """Bring up to date what a search looks into: names and numbers, those of `joined` conversations included."""
    parts = [part for row in (conversation, *joined) for part in names_of(row.contact)]
    conversation.search_text = fold(" ".join(dict.fromkeys(part for part in parts if part)))


def _is_current(coordinacion: Coordinacion, on: date) -> bool:
    over = coordinacion.event_on is not None and coordinacion.event_on < on - _AFTER_THE_EVENT
    return coordinacion.archived_at is None and coordinacion.state != "cancelled" and not over


def choose_event(conversation: Conversation, coordinacion_id: int | None) -> None:
    """Hold the conversation to the coordinación that staff chose, or to none."""
    conversation.coordinacion_id, conversation.coordinacion_chosen = coordinacion_id, True


def tie_event(conversation: Conversation, coordinacion: Coordinacion) -> None:
    """Let a conversation be about the coordinación that somebody wrote to its client from.

    Where the number is that coordinación's, the tie is the number's, and goes when that is corrected. Where it is
    another's, or staff had chosen the same in the chat, it is a person's word and stays. While nobody knows whose the
    number is (`former`), it ties nothing.
    """
    by_number = coordinacion.phone_key in party_queries.phone_keys(conversation)
    chosen = conversation.coordinacion_chosen and conversation.coordinacion_id == coordinacion.id
    if chosen or (by_number and conversation.former_id is not None):
        return
    conversation.coordinacion_id, conversation.coordinacion_chosen = coordinacion.id, not by_number


def follow_event(conversation: Conversation, at: datetime, phone_key: str | None = None) -> int | None:
    """Return the coordinación of a message of `at`: the thread's while that lasts, else the client's nearest event.

    Nearest as it was then: what a sync brings in the morning may be of the party's night. `phone_key` is the number's
    that it came from, where that was joined to `conversation`.
    """
    on, current = office_day(at), conversation.coordinacion
    if _is_current(current, on) if current is not None else conversation.coordinacion_chosen:
        return conversation.coordinacion_id
    keys = dict.fromkeys(key for key in (phone_key, conversation.contact.phone_key) if key)
    nearest = next((found for key in keys if (found := find_nearest(key, on))), None)
    # What staff chose, be it over, gives way only to an event that lasts: the client's own older ones are no better.
    if nearest is not None and (not conversation.coordinacion_chosen or _is_current(nearest, on)):
        conversation.coordinacion_id, conversation.coordinacion_chosen = nearest.id, False
    return conversation.coordinacion_id


def place_last(session: Session, conversation: Conversation, message: Message, change: int) -> None:
    """Make `message` the conversation's last line, unless a newer one is there already; see whether it waits then."""
    conversation.change = change
    if conversation.last_message_id is not None and message.sent_at < conversation.last_message_at:
        conversation.waiting_since = find_waiting_since(session, conversation)
        return
    conversation.last_message_id, conversation.last_message_at = message.id, message.sent_at
    if answers(message):
        wait_no_more(conversation)
    elif asks(message) and conversation.waiting_since is None:
        conversation.waiting_since = message.sent_at


def fold_message(message: Message) -> None:
    """Bring up to date what a search finds of a message: its words, and what else its bubble shows."""
    message.search_text = fold(" ".join((message.body, *shown_words(message))))


def mark_read_where(session: Session, conversation: Conversation, seen: ColumnElement[bool], now: datetime) -> None:
    """Count as read the client's messages for which `seen` holds, and count anew what is left."""
    read = update(Message).where(*unread_in(conversation), seen).values(read_at=now)
    session.execute(read.execution_options(synchronize_session=False))
    recount_unread(session, conversation)


def unread_in(thread: Conversation) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a message is one of `thread`'s that nobody has read."""
    return Message.conversation_id == thread.id, Message.direction == "inbound", Message.read_at.is_(None)


def recount_unread(session: Session, thread: Conversation) -> None:
    """Count anew what nobody has read of a thread."""
    thread.unread_count = session.scalars(select(func.count(Message.id)).where(*unread_in(thread))).one()


def find_waiting_since(session: Session, conversation: Conversation) -> datetime | None:
    """Return when the client wrote what nobody has answered since, or None when nothing waits."""
    ours = Message.conversation_id == conversation.id
    answered = select(func.max(Message.sent_at)).where(
        ours, Message.direction == "outbound", Message.status.not_in(FAILED)
    )
    unanswered = [ours, Message.direction == "inbound", Message.type != "reaction"]
    if conversation.done_at is not None:
        unanswered.append(Message.sent_at > conversation.done_at)
    after = answered.scalar_subquery()
    since = select(func.min(Message.sent_at)).where(*unanswered, or_(after.is_(None), Message.sent_at > after))
    return session.scalar(since)
