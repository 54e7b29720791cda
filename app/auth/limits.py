"""How often a password may be tried: the page and the API count together, and only what fails counts."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from flask_limiter import RequestLimit

from app.auth.forms import claimed_email
from app.errors import DomainError
from app.extensions import limiter, remote_address, seconds_to_wait
from app.pages import render_page

View = Callable[..., ResponseReturnValue]


def _email_and_address() -> str:
    data = request.get_json(silent=True) if request.is_json else request.form
    return f"{claimed_email(data)} {remote_address()}"


def _answer(limit: RequestLimit) -> Response | None:
    """Answer who tried too often on the page with the page itself, and what they had typed; the API has its own way."""
    if request.is_json or request.path.startswith("/api/"):
        return None
    seconds = seconds_to_wait(limit)
    sentence = ngettext(
        "Demasiados intentos. Probá de nuevo en %(num)d segundo.",
        "Demasiados intentos. Probá de nuevo en %(num)d segundos.",
        seconds,
    )
    typed = {"next": request.form.get("next", ""), "email": request.form.get("email", "")}
    page = render_page("auth/login.html", error=DomainError(sentence), **typed)
    return make_response(page, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(seconds)})


def _failed(response: Response) -> bool:
    return response.status_code in (401, 422)


_by_person = limiter.shared_limit(
    "5 per minute; 50 per hour", scope="sign-in", key_func=_email_and_address, deduct_when=_failed, on_breach=_answer
)
_by_address = limiter.shared_limit(
    "30 per minute", scope="sign-in", key_func=remote_address, deduct_when=_failed, on_breach=_answer
)


def limit_sign_in(view: View) -> View:
    """Let `view` be tried 5 times a minute and 50 an hour for one email, 30 a minute for all, from one address."""
    return _by_address(_by_person(view))
