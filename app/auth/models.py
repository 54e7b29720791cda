"""Who may sign in, and the sessions that they opened."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base, utcnow

ROLES = ("admin", "staff")


class User(Base):
    """A person of the office. The email is kept in lower case, so that it is one however it is written."""

    __tablename__ = "usuarios"
    __table_args__ = (CheckConstraint("role IN ('admin', 'staff')", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20), default="staff")
    password_hash: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


class LoginSession(Base):
    """One sign-in on one device: the family of the refresh tokens that follow one another from it.

    Only `refresh_id` may be spent, and spending it names the next one. Any other refresh token that names this session
    was spent before: somebody kept a copy, and the session ends. `confirmed` tells whether a token of the newest pair
    was ever shown: until then its answer may have been lost, and a `browser` may ask again with the token before.
    """

    __tablename__ = "sesiones"
    # A restored session would be signed in again, whoever had signed it out since.
    __table_args__ = {"info": {"backup": "left out"}}

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("usuarios.id", ondelete="CASCADE"), index=True)
    refresh_id: Mapped[str] = mapped_column(String(32))
    browser: Mapped[bool] = mapped_column(default=False)
    previous_refresh_id: Mapped[str | None] = mapped_column(String(32))
    rotated_at: Mapped[datetime] = mapped_column(default=utcnow)
    confirmed: Mapped[bool] = mapped_column(default=True)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    user: Mapped[User] = relationship()
