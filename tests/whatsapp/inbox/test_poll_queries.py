"""The change sequence: one number for each change, in the order of commits."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import delete

from app.auth.models import User
from app.auth.tokens import Claims
from app.extensions import db, utcnow, writing
from app.whatsapp.changes import current_change, next_change
from app.whatsapp.inbox import poll_queries
from app.whatsapp.models import ChangeCounter
from tests.browser import SignedInClient, latest_session_id


def take() -> int:
    with writing() as session:
        return next_change(session)


def test_numbers_follow_one_another(app: Flask) -> None:
    assert [take(), take(), take()] == [1, 2, 3]
    assert current_change() == 3


def test_a_change_that_is_taken_back_gives_its_number_back(app: Flask) -> None:
    def fail() -> None:
        with writing() as session:
            next_change(session)
            raise LookupError

    with pytest.raises(LookupError):
        fail()

    assert take() == 1


def test_a_change_is_seen_once_it_is_committed(app: Flask) -> None:
    seen: list[int] = []

    def look() -> None:
        with app.app_context():
            seen.append(current_change())

    with writing() as session:
        next_change(session)
        reader = threading.Thread(target=look)
        reader.start()
        reader.join(10)
    look()

    assert seen == [0, 1]


def test_many_writers_at_once_take_each_number_once(app: Flask) -> None:
    taken: list[int] = []

    def work() -> None:
        with app.app_context():
            taken.extend(take() for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(taken) == list(range(1, 81))


def test_a_poll_tells_the_newest_number_while_the_session_stands(app: Flask, ana: User) -> None:
    SignedInClient.of(app, ana)
    claims = Claims(ana.id, latest_session_id(ana), "")
    take()

    assert poll_queries.poll(claims, [], utcnow()).session_open
    assert poll_queries.poll(claims, [], utcnow()).change == 1
    assert not poll_queries.poll(replace(claims, session_id="nobody's"), [], utcnow()).session_open


def test_a_database_without_its_counter_says_how_to_mend_it(app: Flask) -> None:
    db.session.execute(delete(ChangeCounter))

    with pytest.raises(RuntimeError, match="flask db upgrade"):
        next_change(db.session())

    db.session.rollback()
