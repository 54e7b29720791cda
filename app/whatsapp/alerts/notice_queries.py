"""What admins are told on every page: that nothing goes out, and what staff asked them to look at.

Both are read together, so that a page asks once; the row of the change sequence says when either changed last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Text, select, true
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base, db, utcnow
from app.push import queries as push
from app.twilio.codes import Step, explain
from app.whatsapp.models import ChangeCounter, Message
from app.whatsapp.outcomes import find_failure


class Trouble(Base):
    """The one row that is there while whatever is sent fails with `code`, since `since` and `last_at` at least."""

    __tablename__ = "whatsapp_averias"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"), {"info": {"backup": "left out"}})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[int]
    since: Mapped[datetime]
    last_at: Mapped[datetime]

    @property
    def sentence(self) -> str:
        """Say what happened."""
        known = explain(self.code)
        return str(known.sentence) if known else ""


class Report(Base):
    """That `reported_by` (a name) asked the admins to look at a message which failed with `code`, until one has."""

    __tablename__ = "whatsapp_reportes"
    __table_args__ = {"info": {"backup": "left out"}}

    code: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reported_by: Mapped[str] = mapped_column(Text)
    reported_at: Mapped[datetime]
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("whatsapp_conversaciones.id", ondelete="CASCADE"), index=True
    )
    sentence: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True)
class Notices:
    """What there is to tell; `reports` has the newest first."""

    trouble: Trouble | None
    reports: tuple[Report, ...]


def find_notices() -> Notices:
    """Return what admins are told now, in one statement."""
    # The counter's row is always there, so whatever is not there stands beside it as nothing.
    statement = select(Trouble, Report).select_from(ChangeCounter).outerjoin(Trouble, true()).outerjoin(Report, true())
    rows = db.session.execute(statement.order_by(Report.reported_at.desc(), Report.code)).all()
    trouble = rows[0].Trouble if rows else None
    return Notices(trouble, tuple(row.Report for row in rows if row.Report is not None))


def read_notices(context: dict[str, Any]) -> dict[str, Any]:
    """Return what `_notices.html` shows: what admins are told, and whether no device hears of anything.

    What `context` says of either is not asked for again.
    """
    notices = context.get("notices") or find_notices()
    unheard = context["unheard"] if "unheard" in context else push.is_on() and not push.anybody_reachable(utcnow())
    return {"notices": notices, "unheard": unheard}


def list_reported(messages: Iterable[Message]) -> set[int]:
    """Return the codes that staff reported already, if any of `messages` failed in a way to tell them of."""
    failures = [find_failure(message) for message in messages]
    if not any(failure is not None and failure.step is Step.TELL for failure in failures):
        return set()
    return {report.code for report in find_notices().reports}
