"""The change sequence: every change of a conversation or message takes the next number, in the order of commits."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.auth.queries import pair_is_new, session_is_open
from app.extensions import db, utcnow
from app.jobs.queries import any_due
from app.whatsapp.models import ChangeCounter, Conversation


def next_change(session: Session) -> int:
    """Take the next number, and with it the lock that every other writer waits for until this transaction ends.

    Called first in a transaction: no reader can then see number 8 before 7 is committed, and no two writers meet in
    an order of locks that would make them wait for each other.
    """
    number = session.scalar(
        update(ChangeCounter)
        .where(ChangeCounter.id == 1)
        .values(value=ChangeCounter.value + 1)
        .returning(ChangeCounter.value)
        .execution_options(synchronize_session=False)
    )
    if number is None:
        raise RuntimeError("The change counter has no row: run `flask db upgrade`.")
    return number


def current_change() -> int:
    """Return the newest number."""
    return db.session.scalars(select(ChangeCounter.value)).one()


@dataclass(frozen=True)
class Poll:
    """The newest number; whether the session still stands; whether its newest pair of tokens is shown for the first
    time; and whether work waits that somebody has to do.
    """

    change: int
    session_open: bool
    pair_is_new: bool
    jobs_due: bool


def poll(session_id: str, refresh_id: str) -> Poll:
    """Return all that an idle poll asks, in one statement."""
    asked = select(
        ChangeCounter.value, session_is_open(session_id), pair_is_new(session_id, refresh_id), any_due(utcnow())
    )
    with db.engine.connect() as connection:
        change, *others = connection.execute(asked).one()
    return Poll(change, *map(bool, others))


def badge() -> tuple[int, int]:
    """Return the newest number and how many messages nobody has read, as of the same moment."""
    unread = select(func.coalesce(func.sum(Conversation.unread_count), 0)).where(Conversation.unread_count > 0)
    change, count = db.session.execute(select(ChangeCounter.value, unread.scalar_subquery())).one()
    return change, int(count)
