"""People of the office: made, let in, kept out, and given passwords."""

from __future__ import annotations

from blinker import Namespace
from flask_babel import gettext as _
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.auth import queries
from app.auth.forms import MAX_PASSWORD_LENGTH, normal_email
from app.auth.models import ROLES, LoginSession, User
from app.auth.passwords import hash_password, normal_form, verify_password
from app.errors import Conflict, Invalid, NotFound
from app.extensions import utcnow, writing
from app.formats import has_ink

MIN_PASSWORD_LENGTH = 8
# Sent with the person and the session of the transaction that shuts them out, so that rooms above auth let go of them.
person_left = Namespace().signal("person-left")


def _wrong_password(password: str) -> dict[str, str]:
    if len(password) > MAX_PASSWORD_LENGTH:
        return {"password": _("Es demasiado larga: hasta %(count)d letras.", count=MAX_PASSWORD_LENGTH)}
    if len(normal_form(password)) >= MIN_PASSWORD_LENGTH:
        return {}
    return {"password": _("La contraseña necesita al menos %(count)d caracteres.", count=MIN_PASSWORD_LENGTH)}


def _checked(email: str, name: str, role: str, password: str) -> User:
    """Return a new person, not stored yet. Raises Invalid with the fields at fault."""
    email, name = normal_email(email), name.strip()
    fields = _wrong_password(password)
    if "@" not in email.strip("@") or len(email) > 254 or not email.isprintable():
        fields["email"] = _("Ese correo no parece válido.")
    if not has_ink(name) or len(name) > 120 or "\x00" in name:
        fields["name"] = _("Escribí el nombre, de hasta 120 letras.")
    if role not in ROLES:
        fields["role"] = _("El rol es admin o staff.")
    if fields:
        raise Invalid(fields=fields)
    return User(email=email, name=name, role=role, password_hash=hash_password(password))


def create_user(email: str, name: str, role: str, password: str) -> User:
    """Store a new person. Raises Invalid with the fields at fault, or Conflict when the email is taken."""
    user = _checked(email, name, role, password)
    try:
        with writing() as session:
            session.add(user)
    except IntegrityError as error:
        sentence = _("Ya hay una persona con ese correo.")
        raise Conflict(sentence, fields={"email": sentence}) from error
    return user


def _lock_people(session: Session) -> None:
    """Let no two people be made or changed at once, for rules that count them. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE usuarios IN SHARE ROW EXCLUSIVE MODE"))


def create_first_admin(email: str, name: str, password: str) -> User:
    """Store the first person of all, who is an admin. Raises Invalid, or NotFound when there is somebody already."""
    user = _checked(email, name, "admin", password)
    with writing() as session:
        _lock_people(session)
        if queries.anybody_exists():
            raise NotFound
        session.add(user)
    return user


def _end_sessions(session: Session, user_id: int, keep: str = "") -> None:
    session.execute(
        update(LoginSession)
        .where(LoginSession.user_id == user_id, LoginSession.id != keep, LoginSession.revoked_at.is_(None))
        .values(revoked_at=utcnow())
    )


def change_password(user_id: int, session_id: str, current: str, password: str) -> None:
    """Give a person the new password they chose; their other devices sign in anew. Raises Invalid."""
    user = queries.get_user(user_id)
    fields = {} if verify_password(current, user.password_hash) else {"current": _("Esa no es tu contraseña de ahora.")}
    fields |= _wrong_password(password)
    if fields:
        raise Invalid(fields=fields)
    password_hash = hash_password(password)
    with writing() as session:
        session.get_one(User, user_id).password_hash = password_hash
        _end_sessions(session, user_id, keep=session_id)


def reset_password(user_id: int, password: str) -> User:
    """Give a person a password that an admin chose, and sign them out everywhere. Raises Invalid or NotFound."""
    queries.get_user(user_id)
    fields = _wrong_password(password)
    if fields:
        raise Invalid(fields=fields)
    password_hash = hash_password(password)
    with writing() as session:
        user = session.get_one(User, user_id)
        user.password_hash = password_hash
        _end_sessions(session, user_id)
    return user


def set_active(user_id: int, active: bool) -> User:
    """Let a person in, or keep them out from this moment on. Raises NotFound, or Conflict for the last admin."""
    queries.get_user(user_id)
    with writing() as session:
        _lock_people(session)
        user = session.get_one(User, user_id)
        others = select(User.id).where(User.role == "admin", User.active.is_(True), User.id != user_id)
        if not active and user.is_admin and session.scalar(others.limit(1)) is None:
            raise Conflict(_("Es la única persona que administra: sin ella nadie podría volver a entrar acá."))
        user.active = active
        if not active:
            _end_sessions(session, user_id)
            person_left.send(user, session=session)
    return user
