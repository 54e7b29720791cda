"""Work that must happen: stored with what makes it necessary, taken by one at a time, done, or tried again."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import g
from sqlalchemy import case, delete, null, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.extensions import db, utcnow, writing
from app.jobs.handlers import Handler, all_handlers
from app.jobs.models import Heartbeat, Job
from app.jobs.queries import is_due

log = logging.getLogger(__name__)

LONGEST_PAUSE = timedelta(hours=1)
# With a first pause of ten seconds the last attempt comes some five hours after the first.
MOST_ATTEMPTS = 13


@dataclass(frozen=True)
class Claim:
    """A job that is ours for now: no other process takes it until `handler.lease` is over."""

    id: int
    name: str
    payload: dict[str, Any]
    attempts: int
    run_at: datetime
    until: datetime
    handler: Handler


@dataclass
class RunReport:
    """How many jobs were done, and how many will be tried again or were given up."""

    done: int = 0
    failed: int = 0


def enqueue(
    session: Session,
    name: str,
    payload: dict[str, Any] | None = None,
    *,
    key: str | None = None,
    run_at: datetime | None = None,
    afresh: bool = False,
) -> None:
    """Store a job in the transaction of `session`: it exists if and only if that one is committed.

    One of the same `key` that waits already stays the only one, and comes at the earlier of both moments; `afresh`
    makes of it a first attempt at `run_at`, whoever is at it now. What is due now is tried as soon as the present
    request is answered.
    """
    now = utcnow()
    run_at = run_at or now
    job = Job(name=name, payload=payload or {}, key=key, run_at=run_at, created_at=now)
    if key is None:
        session.add(job)
    elif not _bring_forward(session, key, run_at, afresh):
        try:
            with session.begin_nested():
                session.add(job)
        except IntegrityError:  # The key is unique: another transaction was faster by a moment.
            _bring_forward(session, key, run_at, afresh)
    if run_at <= now:
        g.jobs_due = True


def _bring_forward(session: Session, key: str, run_at: datetime, afresh: bool) -> bool:
    """Let the job of `key` come at `run_at` if that is sooner; return whether there is one.

    One that failed for good begins anew, and any does `afresh`: whoever holds it then has it no more.
    """
    anew = true() if afresh else Job.failed_at.is_not(None)
    changed = session.execute(
        update(Job)
        .where(Job.key == key)
        .values(
            run_at=case((anew, run_at), (Job.run_at > run_at, run_at), else_=Job.run_at),
            attempts=case((anew, 0), else_=Job.attempts),
            claimed_until=case((anew, null()), else_=Job.claimed_until),
            failed_at=None,
        )
        .execution_options(synchronize_session=False)
        .returning(Job.id)
    )
    return changed.first() is not None


def ensure_periodic() -> None:
    """Store each periodic job that is not stored yet."""
    with writing() as session:
        for name, handler in all_handlers().items():
            if handler.every is not None:
                known = session.scalar(select(Job.id).where(Job.key == name))
                if known is None:
                    enqueue(session, name, key=name)


def _claim() -> Claim | None:
    """Take the job that has been due longest, patient ones last; two processes never take the same one."""
    handlers, now = all_handlers(), utcnow()
    # What only a newer version of Coordina knows is left to it.
    due = select(Job).where(is_due(now), Job.name.in_(handlers))
    patient = Job.name.in_([name for name, handler in handlers.items() if handler.patient])
    due = due.order_by(patient, Job.run_at, Job.id).limit(1)
    with writing() as session:
        job = session.scalar(due.with_for_update(skip_locked=True))
        if job is None:
            return None
        handler = handlers[job.name]
        until = job.claimed_until = now + handler.lease
        job.attempts += 1
        return Claim(job.id, job.name, job.payload, job.attempts, job.run_at, until, handler)


def _still_ours(claim: Claim) -> tuple[Any, ...]:
    return Job.id == claim.id, Job.attempts == claim.attempts, Job.claimed_until == claim.until


def _finish(claim: Claim) -> None:
    """Take a done job away; one that is periodic, or was asked for again meanwhile, waits for its next time."""
    asked_again = Job.run_at != claim.run_at
    every = claim.handler.every
    with writing() as session:
        if every is None:
            session.execute(delete(Job).where(*_still_ours(claim), ~asked_again))
        next_at = Job.run_at if every is None else case((asked_again, Job.run_at), else_=utcnow() + every)
        session.execute(
            update(Job)
            .where(*_still_ours(claim))
            .values(run_at=next_at, claimed_until=None, attempts=0, last_error="")
            .execution_options(synchronize_session=False)
        )


def pause_after(attempts: int, first: timedelta) -> timedelta:
    """Return how long to wait after attempt number `attempts` failed: `first`, then twice as long, up to an hour."""
    doubled: int = 2 ** min(attempts - 1, 20)
    return min(first * doubled, LONGEST_PAUSE)


def _postpone(claim: Claim, error: Exception) -> None:
    now = utcnow()
    given_up = claim.attempts >= MOST_ATTEMPTS and claim.handler.every is None
    with writing() as session:
        postponed = session.execute(
            update(Job)
            .where(*_still_ours(claim))
            .values(
                run_at=now + pause_after(claim.attempts, claim.handler.pause),
                claimed_until=None,
                last_error=type(error).__name__[:120],
                failed_at=now if given_up else None,
            )
            .execution_options(synchronize_session=False)
            .returning(Job.id)
        )
        given_up = postponed.first() is not None and given_up
    # Its class says what went wrong; its text may hold a phone or a client's words.
    fields = {"job": claim.name, "job_id": claim.id, "attempts": claim.attempts, "error": type(error).__name__}
    if given_up:
        log.warning("Job failed for good", extra=fields)
    else:
        log.warning("Job failed, to be tried again", extra=fields)
    if given_up and claim.handler.give_up is not None:
        claim.handler.give_up(claim.payload)


def _run(claim: Claim) -> bool:
    try:
        claim.handler.run(claim.payload)
    except Exception as error:
        db.session.rollback()
        _postpone(claim, error)
        return False
    _finish(claim)
    return True


def run_due(budget: timedelta) -> RunReport:
    """Do what is due, one job after another, and begin none once `budget` is over."""
    report, ends = RunReport(), time.monotonic() + budget.total_seconds()
    while time.monotonic() < ends:
        claim = _claim()
        if claim is None:
            break
        if _run(claim):
            report.done += 1
        else:
            report.failed += 1
    return report


def beat(name: str, **detail: Any) -> None:
    """Write down that `name` happened now."""
    try:
        with writing() as session:
            session.merge(Heartbeat(name=name, at=utcnow(), detail=detail))
    except IntegrityError:
        log.info("Heartbeat already written by another process", extra={"heartbeat": name})
