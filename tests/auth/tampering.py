"""Tokens taken apart and put together again, as an attacker or a clock would."""

from __future__ import annotations

from typing import Any

import jwt
from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.auth.models import LoginSession
from app.extensions import db, utcnow, writing

ACCESS, REFRESH = "coordina_access", "coordina_refresh"


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def forge(token: str, key: str | None = None, algorithm: str = "HS256", **changes: Any) -> str:
    """Return `token` with other claims, signed with our own key unless another is given; None takes a claim out."""
    claims = {name: value for name, value in (claims_of(token) | changes).items() if value is not None}
    return jwt.encode(claims, current_app.config["SECRET_KEY"] if key is None else key, algorithm=algorithm)


def expired(token: str) -> str:
    return forge(token, exp=int(utcnow().timestamp()) - 60)


def cookie(client: FlaskClient, name: str) -> str:
    found = client.get_cookie(name)
    assert found is not None, f"there is no cookie {name}"
    return found.value


def only_session() -> LoginSession:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(LoginSession)).one()


def change_session(**values: Any) -> None:
    with writing() as session:
        session.execute(update(LoginSession).values(**values))
