"""The change sequence: every change of a conversation or message takes the next number, in the order of commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.extensions import db, writing
from app.whatsapp.models import ChangeCounter


class Unchanged(Exception):
    """Raised inside `changing()`: there was nothing to change, and the write ends without a trace."""


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


def lock_changes(session: Session) -> None:
    """Take the lock of the change counter without a number, for a transaction that may turn out to change nothing.

    Called first in a transaction, like next_change, which may still follow.
    """
    session.scalar(select(ChangeCounter.value).where(ChangeCounter.id == 1).with_for_update())


def current_change() -> int:
    """Return the newest number."""
    return db.session.scalars(select(ChangeCounter.value)).one()


@contextmanager
def changing() -> Iterator[tuple[Session, int]]:
    """Open a write that changes what people see: give its session and its number of the sequence, commit at the end.

    `raise Unchanged` leaves the block without a trace: nothing is written and the number was never taken. What stands
    after the block then goes on. Any other exception also writes nothing, and passes through.
    """
    with suppress(Unchanged), writing() as session:
        yield session, next_change(session)
