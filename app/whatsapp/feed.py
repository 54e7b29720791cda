"""What the poll of every page asks: has anything changed, who else is there, and what the button says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, null, select

from app.auth.queries import pair_is_new, session_is_open
from app.auth.tokens import Claims
from app.extensions import db
from app.jobs.queries import any_due
from app.whatsapp.looking import Looker, others_there, own_rows, parse_lookers
from app.whatsapp.models import ChangeCounter, Conversation
from app.whatsapp.queries import select_unread
from app.whatsapp.waiting import is_waiting


@dataclass(frozen=True)
class Poll:
    """The newest number; whether the session still stands; whether its newest pair of tokens is shown for the first
    time; whether work waits that somebody has to do; and the number under which what admins are told changed last.

    `others` is who else has the asked conversations open; `noted` what this browser said last of its own.
    """

    change: int
    session_open: bool
    pair_is_new: bool
    jobs_due: bool
    notices_change: int
    others: list[Looker]
    noted: str


def poll(claims: Claims, here: Collection[int], now: datetime) -> Poll:
    """Return all that an idle poll asks, in one statement, for a browser that has the conversations `here` open."""
    asked = select(
        ChangeCounter.value,
        ChangeCounter.notices_change,
        session_is_open(claims.session_id),
        pair_is_new(claims.session_id, claims.refresh_id),
        any_due(now),
        own_rows(claims.session_id, now),
        others_there(here, claims.user_id, now) if here else null(),
    )
    with db.engine.connect() as connection:
        change, notices_change, *asked_of, noted, others = connection.execute(asked).one()
    session_open, pair_new, jobs_due = map(bool, asked_of)
    return Poll(change, session_open, pair_new, jobs_due, notices_change, parse_lookers(others), noted or "")


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
    asked = select(ChangeCounter.value, *(one.scalar_subquery() for one in (select_unread(), waiting, first)))
    change, unread_count, waiting_count, since = db.session.execute(asked).one()
    return Badge(change, int(unread_count), int(waiting_count), since)
