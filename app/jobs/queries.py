"""What is read of the work that waits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Exists, and_, func, or_, select

from app.extensions import db
from app.jobs.models import Heartbeat, Job


def is_due(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a job may be taken at `now`."""
    free = or_(Job.claimed_until.is_(None), Job.claimed_until <= now)
    return and_(Job.run_at <= now, free, Job.failed_at.is_(None))


def any_due(now: datetime) -> Exists:
    """Return the condition that some job is due, for a statement that asks something else besides."""
    return select(Job.id).where(is_due(now)).exists()


def count_due(now: datetime) -> int:
    """Return how many jobs are due."""
    return db.session.scalars(select(func.count(Job.id)).where(is_due(now))).one()


def count_failed() -> int:
    """Return how many jobs failed for good."""
    return db.session.scalars(select(func.count(Job.id)).where(Job.failed_at.is_not(None))).one()


def find_oldest_due(now: datetime) -> datetime | None:
    """Return since when the job has been due that waits longest, or None when none waits."""
    return db.session.scalar(select(func.min(Job.run_at)).where(is_due(now)))


def find_heartbeat(name: str) -> Heartbeat | None:
    """Return the last sign of life called `name`."""
    return db.session.get(Heartbeat, name, populate_existing=True)
