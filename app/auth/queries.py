"""What auth reads."""

from __future__ import annotations

from sqlalchemy import Exists, select

from app.auth.models import LoginSession, User
from app.extensions import db


def find_user_by_email(email: str) -> User | None:
    """Return the person who signs in with `email`, however it is cased."""
    return db.session.scalar(select(User).where(User.email == email.strip().lower()))


def find_user_of_session(session_id: str) -> User | None:
    """Return who is signed in by a session, or None when it ended or the person may no longer enter."""
    return db.session.scalar(
        select(User)
        .join(LoginSession, LoginSession.user_id == User.id)
        .where(LoginSession.id == session_id, LoginSession.revoked_at.is_(None), User.active.is_(True))
    )


def session_is_open(session_id: str) -> Exists:
    """Return the condition that a session still stands, for a statement that asks something else besides."""
    return (
        select(LoginSession.id)
        .join(User, LoginSession.user_id == User.id)
        .where(LoginSession.id == session_id, LoginSession.revoked_at.is_(None), User.active.is_(True))
        .exists()
    )


def list_users() -> list[User]:
    """Return everybody, by name."""
    return list(db.session.scalars(select(User).order_by(User.name, User.id)))
