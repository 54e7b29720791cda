"""The numbers beside the filters of the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.extensions import db
from app.whatsapp.models import ChangeCounter, Conversation
from app.whatsapp.queries import ConversationFilter, matching


@dataclass(frozen=True)
class Counts:
    """How many conversations hold what nobody has read, wait for an answer, and close within two hours.

    `change` is the newest number as these were counted: what is read after it is at least as new.
    """

    change: int
    unread: int
    waiting: int
    closing: int


def count_filters(now: datetime) -> Counts:
    """Return what stands beside the filters of the list, in one statement."""
    filters = (
        ConversationFilter(now=now, unread=True),
        ConversationFilter(now=now, waiting=True),
        ConversationFilter(now=now, closing=True),
    )
    counted = (select(func.count(Conversation.id)).where(*matching(counted_filter)) for counted_filter in filters)
    statement = select(ChangeCounter.value, *(counted_filter.scalar_subquery() for counted_filter in counted))
    row = db.session.execute(statement).one()
    return Counts(*map(int, row))
