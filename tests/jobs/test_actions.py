from __future__ import annotations

import logging
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.extensions import db, utcnow, writing
from app.jobs import actions, queries
from app.jobs.handlers import Handler, register
from app.jobs.models import Job
from tests.jobs.doing import SOON, ask, change_jobs, jobs, make_due


def test_what_is_asked_for_is_done_once_and_forgotten(done: list[dict[str, Any]]) -> None:
    ask("note", {"number": 1})
    ask("note", {"number": 2})

    first, second = actions.run_due(SOON), actions.run_due(SOON)

    assert done == [{"number": 1}, {"number": 2}]
    assert (first.done, first.failed, second.done) == (2, 0, 0)
    assert jobs() == []


def test_a_transaction_that_fails_leaves_no_job_behind(done: list[dict[str, Any]]) -> None:
    def ask_and_fail() -> None:
        with writing() as session:
            actions.enqueue(session, "note")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_and_fail()

    actions.run_due(SOON)

    assert done == []


def test_a_job_waits_for_its_time(done: list[dict[str, Any]]) -> None:
    ask("note", run_at=utcnow() + timedelta(hours=1))
    assert queries.count_due(utcnow()) == 0
    actions.run_due(SOON)
    assert done == []

    make_due()
    assert queries.count_due(utcnow()) == 1
    actions.run_due(SOON)

    assert done == [{}]


def test_work_of_one_key_is_asked_for_once_and_done_at_the_earlier_moment(done: list[dict[str, Any]]) -> None:
    later, sooner = utcnow() + timedelta(hours=2), utcnow() + timedelta(hours=1)

    for moment in (later, sooner, later):
        ask("note", key="only", run_at=moment)

    assert [(job.key, job.run_at) for job in jobs()] == [("only", sooner)]


def test_a_job_that_fails_is_tried_again_later_and_later_and_told_without_words(
    app: Flask, own_handlers: None, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_payload: dict[str, Any]) -> None:
        raise ConnectionError("the phone +5491155550101 and what a client said")

    register(app, "fail", Handler(fail))
    ask("fail")

    pauses = []
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            report = actions.run_due(SOON)
            assert (report.done, report.failed) == (0, 1)
            [job] = jobs()
            pauses.append(round((job.run_at - utcnow()).total_seconds()))
            make_due()

    assert pauses == [10, 20, 40]
    assert (job.attempts, job.last_error, job.failed_at) == (3, "ConnectionError", None)
    assert "5550101" not in caplog.text
    assert caplog.records[-1].__dict__["error"] == "ConnectionError"


def test_the_longest_pause_is_an_hour() -> None:
    assert actions.pause_after(100, timedelta(seconds=2)) == timedelta(hours=1)


def test_a_job_that_always_fails_is_given_up_and_stays_to_be_seen(app: Flask, own_handlers: None) -> None:
    register(app, "fail", Handler(lambda _payload: [][0]))
    ask("fail", key="fail")
    change_jobs(attempts=actions.MOST_ATTEMPTS - 1)

    actions.run_due(SOON)
    make_due()

    assert actions.run_due(SOON).failed == 0
    assert queries.count_failed() == 1
    # Whoever asks for it again gives it another life.
    ask("fail", key="fail")
    assert [(job.failed_at, job.attempts) for job in jobs()] == [(None, 0)]


def test_who_gives_up_a_job_says_so_once(app: Flask, own_handlers: None) -> None:
    told: list[dict[str, Any]] = []
    register(app, "fail", Handler(lambda _payload: [][0], give_up=told.append))
    ask("fail", {"number": 1})
    change_jobs(attempts=actions.MOST_ATTEMPTS - 2)

    actions.run_due(SOON)
    assert told == []
    make_due()
    actions.run_due(SOON)

    assert told == [{"number": 1}]


def test_what_is_asked_for_afresh_is_a_first_attempt_now(done: list[dict[str, Any]]) -> None:
    ask("note", key="only", run_at=utcnow() + timedelta(hours=1))
    change_jobs(attempts=10, claimed_until=utcnow() + timedelta(minutes=5))

    ask("note", key="only")
    assert [job.attempts for job in jobs()] == [10]
    ask("note", key="only", afresh=True)

    assert [(job.attempts, job.claimed_until) for job in jobs()] == [(0, None)]
    actions.run_due(SOON)
    assert done == [{}]


def test_who_held_a_job_that_began_afresh_takes_nothing_away_from_the_next(app: Flask, own_handlers: None) -> None:
    def slow(_payload: dict[str, Any]) -> None:
        # While this one works on, somebody asks afresh and another takes the job: theirs is attempt number 1 as well.
        ask("slow", key="slow", afresh=True)
        change_jobs(attempts=1, claimed_until=utcnow() + timedelta(minutes=3))
        raise ConnectionError

    register(app, "slow", Handler(slow))
    ask("slow", key="slow")

    actions.run_due(SOON)

    assert [(job.attempts, job.claimed_until is None, job.last_error) for job in jobs()] == [(1, False, "")]


def test_periodic_work_comes_again_and_is_never_given_up(app: Flask, own_handlers: None) -> None:
    outcomes: list[object] = []
    register(app, "tick", Handler(lambda _payload: outcomes.pop(), every=timedelta(minutes=15)))
    actions.ensure_periodic()
    actions.ensure_periodic()
    outcomes.append("fine")
    [tick] = [job for job in jobs() if job.name == "tick"]

    actions.run_due(timedelta(0))
    actions.run_due(SOON)
    [job] = [job for job in jobs() if job.name == "tick"]
    assert timedelta(minutes=14) < job.run_at - utcnow() <= timedelta(minutes=15)
    assert (job.id, job.claimed_until, job.attempts) == (tick.id, None, 0)

    change_jobs(attempts=100)
    make_due()
    actions.run_due(SOON)  # Nothing is left in `outcomes`: it fails.
    assert all(job.failed_at is None for job in jobs())


def test_no_work_begins_after_the_budget_is_over(done: list[dict[str, Any]]) -> None:
    ask("note")

    actions.run_due(timedelta(0))

    assert done == []
    assert len(jobs()) == 1


def test_what_is_asked_for_again_while_it_is_done_is_done_again(app: Flask, own_handlers: None) -> None:
    count = Counter[str]()

    def work(_payload: dict[str, Any]) -> None:
        count["work"] += 1
        if count["work"] == 1:
            ask("work", key="work", run_at=utcnow() - timedelta(minutes=1))

    register(app, "work", Handler(work))
    ask("work", key="work")

    actions.run_due(SOON)

    assert count["work"] == 2
    assert jobs() == []


def test_work_of_a_runner_that_died_is_anybodys_again_when_its_lease_is_over(done: list[dict[str, Any]]) -> None:
    ask("note")
    change_jobs(attempts=1, claimed_until=utcnow() + timedelta(minutes=5))
    actions.run_due(SOON)
    assert done == []

    change_jobs(claimed_until=utcnow() - timedelta(seconds=1))
    actions.run_due(SOON)

    assert done == [{}]
    assert jobs() == []


def test_a_runner_taken_for_dead_takes_nothing_away_from_the_next(app: Flask, own_handlers: None) -> None:
    def slow(_payload: dict[str, Any]) -> None:
        # While this one works on, its lease runs out and another takes the job: attempt number 2 is theirs.
        with writing() as session:
            session.execute(update(Job).values(attempts=2, claimed_until=utcnow() + timedelta(minutes=5)))

    register(app, "slow", Handler(slow))
    ask("slow")

    actions.run_due(SOON)

    assert [(job.attempts, job.claimed_until is None) for job in jobs()] == [(2, False)]


def test_what_only_a_newer_version_knows_is_left_to_it(done: list[dict[str, Any]]) -> None:
    ask("of tomorrow")
    ask("note")

    actions.run_due(SOON)

    assert done == [{}]
    assert [(job.name, job.attempts) for job in jobs()] == [("of tomorrow", 0)]


def test_many_runners_at_once_do_each_job_once(app: Flask, own_handlers: None) -> None:
    done: Counter[int] = Counter()
    register(app, "count", Handler(lambda payload: done.update([payload["number"]])))
    with writing() as session:
        for number in range(40):
            actions.enqueue(session, "count", {"number": number})

    def work() -> None:
        with app.app_context():
            actions.run_due(SOON)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert done == Counter(range(40))
    assert jobs() == []


def test_no_transaction_is_open_while_work_is_done(app: Flask, own_handlers: None) -> None:
    open_ones: list[bool] = []
    register(app, "look", Handler(lambda _payload: open_ones.append(db.session().in_transaction())))
    ask("look")

    actions.run_due(SOON)

    assert open_ones == [False]


def test_a_sign_of_life_is_kept_once_for_each_name(app: Flask) -> None:
    actions.beat("cron")
    actions.beat("webhook_refused", reason="wrong signature")
    actions.beat("webhook_refused", reason="other account")

    found = queries.find_heartbeat("webhook_refused")
    assert found is not None
    assert found.detail == {"reason": "other account"}
    assert abs(found.at - utcnow()) < timedelta(seconds=10)
    assert queries.find_heartbeat("worker") is None
