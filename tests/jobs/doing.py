"""What tests ask for, and what they look at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from app.extensions import db, utcnow, writing
from app.jobs.actions import enqueue
from app.jobs.models import Job

SOON = timedelta(seconds=30)


def ask(name: str, payload: dict[str, Any] | None = None, **more: Any) -> None:
    with writing() as session:
        enqueue(session, name, payload, **more)


def jobs() -> list[Job]:
    """Return every job that is stored, as it is now."""
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Job).order_by(Job.id)))


def change_jobs(**values: Any) -> None:
    with writing() as session:
        session.execute(update(Job).values(**values))


def make_due() -> None:
    """Let the time pass that jobs wait for."""
    change_jobs(run_at=utcnow() - timedelta(seconds=1))
