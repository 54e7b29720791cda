"""What auth reads."""

from __future__ import annotations

from sqlalchemy import Exists, Select, select
from sqlalchemy.orm import contains_eager

from app.auth.forms import normal_email
from app.auth.models import LoginSession, User
from app.errors import NotFound
from app.extensions import LARGEST_INT, db


def find_user_by_email(email: str) -> User | None:
    """Return the person who signs in with `email`, however it is cased."""
    return db.session.scalar(select(User).where(User.email == normal_email(email)))


def get_user(user_id: int) -> User:
    """Return a person. Raises NotFound."""
    user = db.session.get(User, user_id) if 0 < user_id <= LARGEST_INT else None
    if user is None:
        raise NotFound
    return user


def list_users() -> list[User]:
    """Return everybody, those who may enter first, by name."""
    return list(db.session.scalars(select(User).order_by(User.active.desc(), User.name, User.id)))


def list_admin_emails() -> list[str]:
    """Return the addresses of those who administer, and may enter."""
    admins = select(User.email).where(User.role == "admin", User.active.is_(True)).order_by(User.id)
    return list(db.session.scalars(admins))


def anybody_exists() -> bool:
    """Tell whether any person was ever made."""
    return db.session.scalar(select(User.id).limit(1)) is not None


def _open_session(session_id: str) -> Select[LoginSession]:
    still = (LoginSession.id == session_id, LoginSession.revoked_at.is_(None), User.active.is_(True))
    return select(LoginSession).join(User, LoginSession.user_id == User.id).where(*still)


def find_session(session_id: str) -> LoginSession | None:
    """Return a session with who is signed in by it, or None when it ended or the person may no longer enter."""
    return db.session.scalar(_open_session(session_id).options(contains_eager(LoginSession.user)))


def session_is_open(session_id: str) -> Exists:
    """Return the condition that a session still stands, for a statement that asks something else besides."""
    return _open_session(session_id).exists()


def pair_is_new(session_id: str, refresh_id: str) -> Exists:
    """Return the condition that nobody has shown a token of a session's newest pair yet, and that this is that pair."""
    new = (LoginSession.id == session_id, LoginSession.refresh_id == refresh_id, LoginSession.confirmed.is_(False))
    return select(LoginSession.id).where(*new).exists()
