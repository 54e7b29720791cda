"""The change sequence: every change of a conversation or message takes the next number, in the order of commits."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.auth.queries import session_is_open
from app.extensions import db
from app.whatsapp.models import ChangeCounter


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


def poll(session_id: str) -> int | None:
    """Return the newest number, or None when the session ended: all that an idle poll asks, in one statement."""
    with db.engine.connect() as connection:
        row = connection.execute(select(ChangeCounter.value, session_is_open(session_id))).one()
    return row[0] if row[1] else None
