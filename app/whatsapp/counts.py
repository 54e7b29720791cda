"""The numbers beside the filters of the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.extensions import db
from app.whatsapp.models import ChangeCounter, Conversation
from app.whatsapp.queries import ConversationFilter, matching, select_unread


@dataclass(frozen=True)
class Counts:
    """How many messages nobody has read; how many conversations wait for an answer, and close within two hours.

    `change` is the newest number as these were counted: what is read after it is at least as new.
    """

    change: int
    unread: int
    waiting: int
    closing: int


def count_filters(now: datetime) -> Counts:
    """Return what stands beside the filters of the list, in one statement."""
    wanted = ConversationFilter(now=now, waiting=True), ConversationFilter(now=now, closing=True)
    counted = (select(func.count(Conversation.id)).where(*matching(one)) for one in wanted)
    asked = select(ChangeCounter.value, *(one.scalar_subquery() for one in (select_unread(), *counted)))
    row = db.session.execute(asked).one()
    return Counts(*map(int, row))
