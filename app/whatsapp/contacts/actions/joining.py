"""What staff say of who is who: two conversations are one person, or are not, and what that person is called."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid
from app.extensions import utcnow
from app.whatsapp import party_queries, queries
from app.whatsapp.actions.conversation import fold_search_text, follow_event
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.contacts.actions.merging import pour, release
from app.whatsapp.models import Conversation, Distinct

LONGEST_NAME = 80


def join(conversation_id: int, other_id: int) -> int:
    """Make one thread of two conversations, and return its id: the first's, which holds all messages from then on.

    Whoever is joined keeps their number, window and opt-out; joining what is joined already changes nothing. Raises
    NotFound, or Invalid for a conversation with itself.
    """
    with changing() as (session, change):
        thread, joined = queries.get_conversation(conversation_id), queries.get_conversation(other_id)
        thread_id = thread.id
        if conversation_id == other_id:
            raise Invalid(_("Es la misma conversación. Elegí otra."))
        if thread is joined:
            raise Unchanged
        pair = _distinct(session, thread, joined)
        if pair is not None:
            session.delete(pair)
        pour(session, joined, thread, change)
        fold_search_text(thread, party_queries.list_joined(thread))
    return thread_id


def separate(conversation_id: int, member_id: int) -> int:
    """Give a contact back the conversation that it had before it was joined, and return its id.

    What came from it, and what went to it, goes with it. Raises NotFound, or Conflict where it is not joined to this
    conversation, or WhatsApp itself says that both are one.
    """
    with changing() as (session, change):
        thread = queries.get_conversation(conversation_id)
        member = next((row for row in party_queries.list_joined(thread) if row.id == member_id), None)
        if member is None:
            raise Conflict(_("Esas conversaciones ya no están unidas."))
        release(session, member.contact, change)
        _part_events(thread, member)
        for row in (thread, member):
            fold_search_text(row, party_queries.list_joined(row))
        remember_apart(session, thread, member)
        return member.id


def _part_events(thread: Conversation, member: Conversation) -> None:
    """Let a thread forget the event that it only had from the one who leaves."""
    if thread.coordinacion_id == member.coordinacion_id and not thread.coordinacion_chosen:
        thread.coordinacion = thread.coordinacion_id = None
        follow_event(thread, utcnow())


def keep_apart(conversation_id: int, other_id: int) -> None:
    """Remember that two conversations are two people, however alike they look. Raises NotFound."""
    with changing() as (session, change):
        first, second = queries.get_conversation(conversation_id), queries.get_conversation(other_id)
        if first is not second:
            remember_apart(session, first, second)
            first.change = second.change = change


def _distinct(session: Session, first: Conversation, second: Conversation) -> Distinct | None:
    return session.get(Distinct, (min(first.id, second.id), max(first.id, second.id)))


def remember_apart(session: Session, first: Conversation, second: Conversation) -> None:
    """Keep that two conversations are two people, in the transaction of the caller."""
    if _distinct(session, first, second) is None:
        session.add(Distinct(first_id=min(first.id, second.id), second_id=max(first.id, second.id)))


def clean_name(name: str) -> str:
    """Return `name` as one line without runs of spaces."""
    return " ".join(name.replace("\x00", "").split())


def rename(conversation_id: int, name: str) -> None:
    """Call a client by the name that staff give, which wins over every other; an empty one gives way to those again.

    Raises NotFound, or Invalid when it is too long.
    """
    name = clean_name(name)
    if len(name) > LONGEST_NAME:
        raise Invalid(fields={"name": _("El nombre es muy largo: hasta %(count)d letras.", count=LONGEST_NAME)})
    with changing() as (_session, change):
        conversation = queries.get_conversation(conversation_id)
        conversation.given_name, conversation.change = name, change
        fold_search_text(conversation, party_queries.list_joined(conversation))
