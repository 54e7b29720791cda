"""How often a password may be tried: the page and the API count together, and only what fails counts."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.auth.forms import claimed_email
from app.extensions import limiter, remote_address

View = Callable[..., ResponseReturnValue]


def _email_and_address() -> str:
    data = request.get_json(silent=True) if request.is_json else request.form
    return f"{claimed_email(data)} {remote_address()}"


def _failed(response: Response) -> bool:
    return response.status_code in (401, 422)


_by_person = limiter.shared_limit(
    "5 per minute; 50 per hour", scope="sign-in", key_func=_email_and_address, deduct_when=_failed
)
_by_address = limiter.shared_limit("30 per minute", scope="sign-in", key_func=remote_address, deduct_when=_failed)


def limit_sign_in(view: View) -> View:
    """Let `view` be tried 5 times a minute and 50 an hour for one email, 30 a minute for all, from one address."""
    return _by_address(_by_person(view))
