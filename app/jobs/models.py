"""Work that is still to be done, and signs of life of what runs by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base, BigId, utcnow


class Job(Base):
    """One piece of work, stored in the transaction that makes it necessary; it goes when it is done.

    It is due at `run_at`. Who takes it holds it until `claimed_until`, after which it is anybody's again: whoever held
    it has died. `attempts` counts how often it was taken; the two together name the one who holds it. `key` makes a
    kind of work that need not be done twice one row. One that failed for good keeps its row with `failed_at`, for
    people to see.
    """

    __tablename__ = "trabajos"
    __table_args__ = (
        Index(
            "ix_trabajos_due",
            "run_at",
            sqlite_where=text("failed_at IS NULL"),
            postgresql_where=text("failed_at IS NULL"),
        ),
        {"info": {"backup": "seeded"}},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    key: Mapped[str | None] = mapped_column(String(120), unique=True)
    run_at: Mapped[datetime] = mapped_column(default=utcnow)
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(120), default="")
    failed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Heartbeat(Base):
    """When something happened last that nobody was there to see: the cron, the worker, a webhook that was refused."""

    __tablename__ = "latidos"
    __table_args__ = {"info": {"backup": "left out"}}

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
