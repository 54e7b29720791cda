"""Test clients: each request in a context of its own, as a server runs it, signed in as a browser is when asked."""

from __future__ import annotations

import contextvars
import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.auth.models import LoginSession, User
from app.auth.tokens import csrf_value
from app.extensions import db
from tests.factories import PASSWORD


class IsolatedClient(FlaskClient):
    """Flask would otherwise reuse the context that a test is in, and with it `g` and the database session."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return contextvars.Context().run(super().open, *args, **kwargs)


class SignedInClient(IsolatedClient):
    """A browser with its cookies; `csrf` is what the pages of its session carry in their forms."""

    csrf: str = ""

    @classmethod
    def of(cls, app: Flask, user: User) -> SignedInClient:
        client = cls(app, app.response_class, use_cookies=True)
        response = client.post("/login", data={"email": user.email, "password": PASSWORD})
        assert response.status_code == 303, response.text
        client.csrf = csrf_value(latest_session_id(user))
        return client

    def htmx(self, method: str, url: str, **kwargs: Any) -> TestResponse:
        """Ask as htmx does: with its header, and with the CSRF value that the page's body hands down."""
        headers = {"HX-Request": "true", "X-CSRF-TOKEN": self.csrf} | kwargs.pop("headers", {})
        return self.open(url, method=method, headers=headers, **kwargs)


def latest_session_id(user: User) -> str:
    """Return the id of the session that `user` opened last."""
    db.session.rollback()
    statement = select(LoginSession.id).where(LoginSession.user_id == user.id).order_by(LoginSession.created_at.desc())
    return str(db.session.scalars(statement).first())


def without_holds(html: str) -> str:
    """Return a page as it reads, without the marks that say until when some of its words hold."""
    return re.sub(r'<span data-holds-until="[0-9]+">(.*?)</span>', r"\1", html)
