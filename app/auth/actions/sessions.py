"""Sessions begin, rotate and end."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, update

from app.auth import queries
from app.auth.models import LoginSession, User
from app.auth.passwords import hash_password, needs_rehash, verify_password
from app.auth.tokens import Claims, TokenPair, issue
from app.errors import Unauthorized
from app.extensions import utcnow, writing

log = logging.getLogger(__name__)

# Two requests that a browser sends at once carry the same refresh token; the second is no thief's.
ROTATION_GRACE = timedelta(seconds=30)


class WrongCredentials(Unauthorized):
    code = "wrong_credentials"
    detail = _l("El correo o la contraseña no coinciden.")


class SessionEnded(Unauthorized):
    code = "session_ended"


def sign_in(email: str, password: str, *, browser: bool = False) -> tuple[User, TokenPair]:
    """Open a session, of a `browser` or of a program. Raises WrongCredentials, which names no emails that exist."""
    user = queries.find_user_by_email(email)
    known = user.password_hash if user and user.active else None
    if not verify_password(password, known) or user is None:
        raise WrongCredentials
    now = utcnow()
    login = LoginSession(
        id=uuid.uuid4().hex,
        user_id=user.id,
        refresh_id=uuid.uuid4().hex,
        browser=browser,
        rotated_at=now,
        expires_at=now + current_app.config["JWT_REFRESH_TOKEN_EXPIRES"],
        created_at=now,
    )
    rehashed = hash_password(password) if needs_rehash(user.password_hash, password) else None
    with writing() as session:
        # The look at the password took its time: an admin may have changed it meanwhile, or shut the person out.
        user = session.get_one(User, user.id, with_for_update=True)
        if not user.active or user.password_hash != known:
            raise WrongCredentials
        session.execute(delete(LoginSession).where(LoginSession.expires_at < now))
        session.add(login)
        if rehashed:
            user.password_hash = rehashed
    return user, issue(login)


def refresh(claims: Claims, *, grace: bool) -> TokenPair:
    """Spend a refresh token and return the next pair. Raises SessionEnded when it cannot be spent.

    A token that was spent before ends its whole session, since one of its two bearers is a thief. With `grace` (the
    cookies of a browser's session) the one just spent gets the current pair again: a page sends several requests at
    once, and the answer may be lost on the way, in which case nobody has ever shown a token of that pair.
    """
    now = utcnow()
    with writing() as session:
        login = session.scalar(select(LoginSession).where(LoginSession.id == claims.session_id).with_for_update())
        if login is None or login.revoked_at is not None or not login.user.active:
            raise SessionEnded
        if claims.refresh_id == login.refresh_id:
            login.previous_refresh_id, login.refresh_id = login.refresh_id, uuid.uuid4().hex
            login.rotated_at, login.confirmed = now, False
            login.expires_at = now + current_app.config["JWT_REFRESH_TOKEN_EXPIRES"]
            return issue(login)
        lost = not login.confirmed or now - login.rotated_at <= ROTATION_GRACE
        if grace and login.browser and lost and claims.refresh_id == login.previous_refresh_id:
            return issue(login)
        login.revoked_at = now
    log.warning("Spent refresh token shown again, session ended", extra={"user_id": claims.user_id})
    raise SessionEnded


def confirm(claims: Claims) -> None:
    """Write down that the newest pair of a session has arrived where it was sent."""
    with writing() as session:
        session.execute(
            update(LoginSession)
            .where(LoginSession.id == claims.session_id, LoginSession.refresh_id == claims.refresh_id)
            .values(confirmed=True)
        )


def sign_out(session_id: str) -> None:
    """End a session: all its tokens, access and refresh, stop counting at once."""
    with writing() as session:
        session.execute(
            update(LoginSession)
            .where(LoginSession.id == session_id, LoginSession.revoked_at.is_(None))
            .values(revoked_at=utcnow())
        )
