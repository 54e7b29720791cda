"""What staff say of a number from which another WhatsApp user id writes: the same person, or another one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from app.coordinaciones.models import Coordinacion
from app.extensions import utcnow
from app.whatsapp import party_queries, queries
from app.whatsapp.actions.conversation import fold_search_text, follow_event
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.contacts.actions.joining import remember_apart
from app.whatsapp.contacts.actions.merging import pour, recount, release
from app.whatsapp.identity import Contact
from app.whatsapp.joined import Party
from app.whatsapp.models import Conversation, Message
from app.whatsapp.window import window_after


def say_same_person(conversation_id: int) -> int:
    """Give a conversation back the names, event and joined thread that it had; return the id of its thread.

    What staff said of it meanwhile wins. One that nobody doubts stays as it is. Raises NotFound.
    """
    thread_id = conversation_id
    with changing() as (session, change):
        thread = queries.get_conversation(conversation_id)
        former, thread.former = thread.former, None
        if former is None:
            raise Unchanged
        thread.given_name = thread.given_name or former["given_name"]
        thread.profile_name = thread.profile_name or former["profile_name"]
        if thread.coordinacion_id is None:
            _restore_event(session, thread, former, change)
        thread.change = change
        kept = _rejoin(session, thread, former, change)
        thread_id = kept.id
        fold_search_text(kept, party_queries.list_joined(kept))
    return thread_id


def _restore_event(session: Session, thread: Conversation, former: dict[str, Any], change: int) -> None:
    known = former["coordinacion_id"] is not None and session.get(Coordinacion, former["coordinacion_id"]) is not None
    thread.coordinacion_id = former["coordinacion_id"] if known else None
    thread.coordinacion_chosen = former["coordinacion_chosen"]
    session.flush()
    session.expire(thread, ["coordinacion"])
    follow_event(thread, utcnow())
    since = Message.sent_at >= datetime.fromisoformat(former["at"])
    _rewrite(
        session,
        [Message.conversation_id == thread.id, since, Message.coordinacion_id.is_(None)],
        coordinacion_id=thread.coordinacion_id,
        change=change,
    )


def _rejoin(session: Session, row: Conversation, former: dict[str, Any], change: int) -> Conversation:
    """Return the thread that `row` was joined to before the doubt, with `row` in it again; else `row` itself."""
    target_id = former["joined_to_id"]
    if target_id is None:
        return row
    target = queries.follow(session.get_one(Conversation, target_id))
    if target is row:
        return row
    pour(session, row, target, change)
    return target


def say_other_person(conversation_id: int) -> int:
    """Part what was said before another user id wrote from a number from what was said since; return the latter's id.

    The former one's messages, names, event and joined contacts become a conversation of their own, known by the user
    id that they had; the number and its new owner begin anew, about no event. Nothing is lost. Raises NotFound.
    """
    thread_id = conversation_id
    with changing() as (session, change):
        thread = queries.get_conversation(conversation_id)
        former, thread.former = thread.former, None
        if former is None:
            raise Unchanged
        thread_id = thread.id
        Party(thread, thread).turn_here()
        party = _find_or_make_former(session, thread, former, change)
        _part(session, thread, party, datetime.fromisoformat(former["at"]), change)
        for row in {party.thread, thread}:
            recount(session, row, change)
        kept = _rejoin(session, party.thread, former, change)
        for row in (kept, thread):
            fold_search_text(row, party_queries.list_joined(row))
        remember_apart(session, kept, thread)
    return thread_id


def _find_or_make_former(session: Session, thread: Conversation, former: dict[str, Any], change: int) -> Party:
    """Return whoever had the number before: where they write from by now, else a row of their own."""
    known = party_queries.find_party(Contact(None, None, former["user_id"]))
    if known is not None and known.member is not thread:
        if known.thread is thread:  # Staff joined their new number to this one.
            release(session, known.member, thread, change)
        return party_queries.party_of(known.member)
    if known is not None:  # They wrote from here once more: the user id is theirs, the number is in other hands.
        thread.user_id = None
        session.flush()
    at = datetime.fromisoformat(former["at"])
    inbound = Message.conversation_id == thread.id, Message.direction == "inbound", Message.joined_from_id.is_(None)
    last = session.scalar(select(func.max(Message.sent_at)).where(*inbound, Message.sent_at < at))
    names = {name: former[name] for name in ("user_id", "profile_name", "given_name", "coordinacion_chosen")}
    event = session.get(Coordinacion, former["coordinacion_id"]) if former["coordinacion_id"] is not None else None
    row = Conversation(
        **names,
        coordinacion=event,
        opted_out=thread.opted_out,
        window_expires_at=window_after(last) if last else None,
        last_message_at=last or at - timedelta(microseconds=1),
        assigned_to_id=thread.assigned_to_id,
        done_at=thread.done_at,
    )
    thread.assigned_to_id = thread.assigned_by_id = None
    session.add(row)
    session.flush()
    return Party(row, row)


def _part(session: Session, thread: Conversation, former: Party, at: datetime, change: int) -> None:
    here, there = Message.conversation_id == thread.id, former.thread.id
    own = [here, Message.joined_from_id.is_(None), Message.sent_at < at]
    _rewrite(session, own, conversation_id=there, joined_from_id=former.joined_from_id, change=change)
    # Whoever staff had joined was joined to the former one.
    _rewrite(session, [here, Message.joined_from_id.is_not(None)], conversation_id=there, change=change)
    joined = update(Conversation).where(Conversation.joined_to_id == thread.id).values(joined_to_id=there)
    session.execute(joined.execution_options(synchronize_session=False))
    session.expire_all()


def _rewrite(session: Session, where: list[ColumnElement[bool]], **values: Any) -> None:
    session.flush()
    session.execute(update(Message).where(*where).values(**values).execution_options(synchronize_session=False))
    session.expire_all()
