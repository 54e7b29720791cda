"""The devices that people want to be told on, and what each person wants to be told."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, Time
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.auth.models import LoginSession, User
from app.extensions import Base, BigId, utcnow

SCOPES = ("all", "mine", "none")
SILENT_AFTER = timedelta(days=7)


class Subscription(Base):
    """One browser on one device. `endpoint` is its push service's address for it, and as secret as a password.

    It is told things while the sign-in lasts that it was asked in: who signs out, is shut out or changes their password
    reads nothing more on a screen that others may hold. `failing_since` is when its push service first refused without
    ever taking one since.
    """

    __tablename__ = "push_suscripciones"
    # A restored one would tell people who have since said no.
    __table_args__ = {"info": {"backup": "left out"}}

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("usuarios.id", ondelete="CASCADE"), index=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sesiones.id", ondelete="CASCADE"), index=True)
    endpoint: Mapped[str] = mapped_column(String(1000), unique=True)
    p256dh: Mapped[str] = mapped_column(String(100))
    auth: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80), default="")
    user_agent: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_used_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]

    user: Mapped[User] = relationship()
    login: Mapped[LoginSession] = relationship()

    def silent(self, now: datetime) -> bool:
        """Tell whether nothing has arrived here for a week of trying."""
        return self.failing_since is not None and self.failing_since <= now - SILENT_AFTER


class Preference(Base):
    """What one person wants to be told; who has no row is told everything. Quiet hours are the office's local time."""

    __tablename__ = "push_preferencias"
    __table_args__ = (
        CheckConstraint("scope IN ('all', 'mine', 'none')", name="scope"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet"),
    )

    user_id: Mapped[int] = mapped_column(
        ForeignKey("usuarios.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    scope: Mapped[str] = mapped_column(String(10), default="all")
    quiet_from: Mapped[time | None] = mapped_column(Time)
    quiet_to: Mapped[time | None] = mapped_column(Time)
    hide_text: Mapped[bool] = mapped_column(default=False)
