"""The one way to write: whole or not at all, one after another, with moments that know their zone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from app.auth.models import User
from app.coordinaciones.models import Coordinacion
from app.extensions import UTCDateTime, db, utcnow, writing
from app.whatsapp.changes import next_change
from app.whatsapp.models import ChangeCounter, Conversation
from tests.factories import Factories

THREADS, TIMES = 4, 25


def together(app: Flask, work: Callable[[], None]) -> list[BaseException]:
    """Run `work` in several threads at once, each with a session of its own; return what went wrong."""
    errors: list[BaseException] = []
    start = threading.Barrier(THREADS)

    def run() -> None:
        try:
            with app.app_context():
                start.wait()
                for _ in range(TIMES):
                    work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_threads_that_count_together_lose_nothing(app: Flask, migrated_app: Flask) -> None:
    numbers: list[int] = []

    def count() -> None:
        with writing() as session:
            numbers.append(next_change(session))

    assert together(migrated_app, count) == []
    assert sorted(numbers) == list(range(1, THREADS * TIMES + 1))
    assert db.session.scalar(select(ChangeCounter.value)) == THREADS * TIMES


def test_what_is_read_under_the_lock_is_what_is_committed(factories: Factories, migrated_app: Flask) -> None:
    conversation_id = factories.conversation().id

    def add_one() -> None:
        # Read first, outside, and kept: what the session saw before must not count inside.
        seen = db.session.get_one(Conversation, conversation_id)
        assert seen.unread_count >= 0
        with writing() as session:
            next_change(session)  # The lock that all writers wait for.
            row = session.get_one(Conversation, conversation_id)
            row.unread_count = row.unread_count + 1

    assert together(migrated_app, add_one) == []
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get_one(Conversation, conversation_id).unread_count == THREADS * TIMES


def test_an_error_takes_everything_back(ana: User, factories: Factories) -> None:
    def half_way() -> None:
        with writing() as session:
            session.merge(ana).name = "Otra"
            session.add(Coordinacion(title="Fiesta", client_name="Luz"))
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        half_way()

    assert factories.reload(ana).name == "Ana"
    assert db.session.scalars(select(Coordinacion)).all() == []


def test_after_an_error_the_next_one_may_write(ana: User, factories: Factories) -> None:
    with pytest.raises(KeyboardInterrupt), writing():
        raise KeyboardInterrupt

    with writing() as session:
        session.merge(ana).name = "Anita"

    assert factories.reload(ana).name == "Anita"


def test_a_reader_is_not_kept_waiting_by_a_writer(app: Flask, ana: User) -> None:
    with writing() as session:
        session.merge(ana).name = "Todavía no"
        session.flush()
        with db.engine.connect() as other:
            seen = other.execute(select(User.name)).scalar_one()

    assert seen == "Ana"


def test_what_was_written_stays_usable_afterwards(factories: Factories) -> None:
    coordinacion = factories.coordinacion(title="Quince de Mora")

    assert db.session.scalar(select(Coordinacion.title)) == "Quince de Mora"
    assert coordinacion.title == "Quince de Mora"


def test_the_clock_knows_its_zone() -> None:
    assert utcnow().tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(factories: Factories) -> None:
    with pytest.raises(StatementError, match="give it a time zone"):
        factories.conversation(window_expires_at=datetime(2026, 12, 12, 21, 0))  # noqa: DTZ001


def test_moments_come_back_in_utc_whatever_zone_they_went_in_with(factories: Factories) -> None:
    argentina = timezone(timedelta(hours=-3))
    conversation = factories.conversation(
        window_expires_at=datetime(2026, 12, 31, 22, 30, 15, 123456, argentina), opted_out=True
    )

    stored = factories.reload(conversation).window_expires_at

    assert stored == datetime(2027, 1, 1, 1, 30, 15, 123456, UTC)
    assert stored is not None
    assert stored.tzinfo is UTC


def test_no_moment_at_all_stays_none(factories: Factories) -> None:
    assert factories.reload(factories.conversation(window_expires_at=None)).window_expires_at is None


def test_moments_compare_across_zones_in_queries(factories: Factories) -> None:
    factories.conversation(window_expires_at=datetime(2026, 1, 1, 2, 0, tzinfo=UTC))
    earlier = datetime(2025, 12, 31, 22, 59, tzinfo=timezone(timedelta(hours=-3)))

    found = db.session.scalars(select(Conversation).where(Conversation.window_expires_at > earlier)).all()

    assert len(found) == 1


def test_the_type_says_what_it_is_made_of() -> None:
    # migrations/env.py writes this into migrations, which then never import the app.
    assert repr(UTCDateTime().impl_instance) == "DateTime(timezone=True)"
