"""What the poll of every page asks: has anything changed, who else is there, and what the button says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.auth.queries import pair_is_new, session_is_open
from app.auth.tokens import Claims
from app.extensions import db
from app.jobs.queries import any_due
from app.whatsapp.models import ChangeCounter, Conversation
from app.whatsapp.presence_queries import Presence, asked_of
from app.whatsapp.queries import select_unread
from app.whatsapp.waiting import is_waiting


@dataclass(frozen=True)
class Poll:
    """The newest number; whether the session still stands; whether its newest pair of tokens is shown for the first
    time; whether work waits that somebody has to do; and the number under which what admins are told changed last.

    `present` are the rows of whoever has the asked conversations open, and of what this browser said last.
    """

    change: int
    session_open: bool
    pair_is_new: bool
    jobs_due: bool
    notices_change: int
    present: list[Presence]


def poll(claims: Claims, here: Collection[int], now: datetime) -> Poll:
    """Return all that an idle poll asks, in one statement, for a browser that has the conversations `here` open."""
    statement = select(
        ChangeCounter.value,
        session_is_open(claims.session_id),
        pair_is_new(claims.session_id, claims.refresh_id),
        any_due(now),
        ChangeCounter.notices_change,
        Presence,
    )
    # The counter's row comes once for each of those present, and once where nobody is.
    present = asked_of(claims.session_id, claims.user_id, here, now)
    with Session(db.engine) as session:
        rows = session.execute(statement.select_from(ChangeCounter).outerjoin(Presence, present)).all()
    change, session_open, pair_new, jobs_due, notices_change, _first = rows[0]
    found = [presence for *_same, presence in rows if presence is not None]
    return Poll(change, bool(session_open), bool(pair_new), bool(jobs_due), notices_change, found)


@dataclass(frozen=True)
class Badge:
    """What the button says, as of one moment: the newest number, how many messages nobody has read, how many
    conversations wait for an answer, and since when the first of them does.
    """

    change: int
    unread: int
    waiting: int
    since: datetime | None


def badge() -> Badge:
    """Return what the button says, in one statement."""
    here = Conversation.joined_to_id.is_(None), is_waiting()
    waiting = select(func.count(Conversation.id)).where(*here)
    first = select(func.min(Conversation.waiting_since)).where(*here)
    statement = select(ChangeCounter.value, *(query.scalar_subquery() for query in (select_unread(), waiting, first)))
    change, unread_count, waiting_count, since = db.session.execute(statement).one()
    return Badge(change, int(unread_count), int(waiting_count), since)
