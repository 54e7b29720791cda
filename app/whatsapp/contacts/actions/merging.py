"""Making one thread of two: what staff's joining and WhatsApp's own word share. Nothing here commits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.whatsapp import party_queries, queries
from app.whatsapp.actions.conversation import find_waiting_since, recount_unread
from app.whatsapp.identity import Contact
from app.whatsapp.joined import Party
from app.whatsapp.models import Conversation, Message
from app.whatsapp.waiting import wait_no_more
from app.whatsapp.window import later


def move(session: Session, source: Conversation, target: Conversation, joined_from: Conversation | None) -> None:
    """Give the messages of `source` that came to its own contact to `target`, as come to `joined_from`."""
    own = Message.joined_from_id.is_(None), Message.conversation_id == source.id
    _rewrite(session, *own, conversation_id=target.id, joined_from_id=joined_from.id if joined_from else None)


def _rewrite(session: Session, *where: object, **values: object) -> None:
    session.flush()
    rewrite = update(Message).where(*where).values(**values)  # type: ignore[arg-type]
    session.execute(rewrite.execution_options(synchronize_session=False))
    session.expire_all()


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _done_together(source: Conversation, target: Conversation) -> datetime | None:
    """Return until when nothing has to be answered in two threads that become one: what waits in either still does."""
    done, waiting = _latest(source.done_at, target.done_at), [source.waiting_since, target.waiting_since]
    first = min((since for since in waiting if since is not None), default=None)
    return done if done is None or first is None or done < first else None


def pour(session: Session, source: Conversation, target: Conversation, change: int) -> None:
    """Join the thread `source`, and whoever was joined to it, to the thread `target`, which holds all of it then."""
    Party(source, source).turn_here()  # Its own window and opt-out again: it is nobody's thread any more.
    move(session, source, target, joined_from=source)
    _rewrite(session, Message.conversation_id == source.id, conversation_id=target.id)
    _rewrite(session, Message.conversation_id == target.id, Message.joined_from_id == source.id, change=change)
    for row in (source, *party_queries.list_joined(source)):
        row.joined_to_id, row.change = target.id, change
    # Those that gave their contact up lead on as well.
    session.execute(
        update(Conversation)
        .where(Conversation.joined_to_id == source.id)
        .values(joined_to_id=target.id)
        .execution_options(synchronize_session=False)
    )
    target.done_at = _done_together(source, target)
    target.forget_who_settled()  # It was said of another thread.
    source.last_message_id, source.unread_count = None, 0
    wait_no_more(source)
    if target.assigned_to_id is None:
        target.assigned_to_id, target.assigned_by_id = source.assigned_to_id, source.assigned_by_id
    if target.coordinacion_id is None and not target.coordinacion_chosen:
        target.coordinacion_id = source.coordinacion_id
    recount(session, target, change)


def release(session: Session, member: Conversation, thread: Conversation, change: int) -> None:
    """Give `member` of `thread` back what came to it, as a thread of its own."""
    came = Message.conversation_id == thread.id, Message.joined_from_id == member.id
    _rewrite(session, *came, conversation_id=member.id, joined_from_id=None, change=change)
    answered = Party(thread, member).answered
    member.joined_to_id = None
    member.done_at = _latest(member.done_at, thread.done_at)
    member.forget_who_settled()
    if answered:
        Party(thread, thread).turn_here()
    recount(session, member, change)
    recount(session, thread, change)


def recount(session: Session, thread: Conversation, change: int) -> None:
    """Find anew what follows from a thread's messages: its last line, what is unread, and who is answered."""
    session.flush()
    own = Message.conversation_id == thread.id
    last = session.scalars(select(Message).where(own).order_by(Message.sent_at.desc(), Message.id.desc())).first()
    thread.last_message_id = last.id if last else None
    thread.last_message_at = last.sent_at if last else thread.last_message_at
    recount_unread(session, thread)
    thread.waiting_since = find_waiting_since(session, thread)
    party_queries.last_party(thread).turn_here()
    thread.change = change


def absorb(session: Session, party: Party, user_id: str, change: int) -> Party:
    """Give the contact of `party` the user id that Twilio says is its own, and return it with its thread.

    Whoever wrote under the user id alone becomes part of it for good. Whoever holds it with another phone has it no
    more: WhatsApp gives one to one number at a time, and this is where it is now.
    """
    gone = queries.find_contact(Contact(None, None, user_id))
    member = party.member
    if gone is not None and gone is not member:
        gone.user_id = None if gone.phone_key else gone.user_id
        if gone.phone_key is None:
            _swallow(session, party, gone, change)
        session.flush()
    member.user_id = user_id
    return party_queries.party_of(member)


def _swallow(session: Session, party: Party, gone: Conversation, change: int) -> None:
    member = party.member
    if party.thread is gone:  # Staff had joined the two the other way round.
        release(session, member, gone, change)
    thread = queries.follow(member)
    other = queries.follow(gone)
    window, opted_out = Party(other, gone).window_expires_at, Party(other, gone).opted_out
    if other is not thread:
        pour(session, other, thread, change)
    kept = Party(thread, member)
    came = Message.conversation_id == thread.id, Message.joined_from_id == gone.id
    answered = Party(thread, gone).answered
    _rewrite(session, *came, joined_from_id=kept.joined_from_id, change=change)
    gone.user_id, gone.joined_to_id, gone.change = None, thread.id, change
    if window is not None:
        kept.set_window(later(kept.window_expires_at, window))
    kept.set_opted_out(kept.opted_out or opted_out)
    member.given_name = member.given_name or gone.given_name
    if answered:
        kept.turn_here()
    session.flush()
    recount(session, thread, change)
