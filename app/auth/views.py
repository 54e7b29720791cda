"""Signing in and out, in a browser."""

from __future__ import annotations

from flask import Blueprint, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.auth import tokens
from app.auth.actions import sessions
from app.auth.forms import parse_credentials, parse_next
from app.auth.guard import current_claims, end_session_of_before, require_same_origin, require_staff
from app.auth.limits import limit_sign_in
from app.errors import Invalid
from app.pages import render_page

bp = Blueprint("auth", __name__)
bp.before_request(require_same_origin)

leaving = Blueprint("auth_leaving", __name__)
leaving.before_request(require_staff)


@bp.get("/login")
def login() -> ResponseReturnValue:
    return render_page("auth/login.html", next=request.args.get("next", ""), ended="ended" in request.args)


@bp.post("/login")
@limit_sign_in
def sign_in() -> ResponseReturnValue:
    try:
        _user, pair = sessions.sign_in(*parse_credentials(request.form), browser=True)
    except (sessions.WrongCredentials, Invalid) as error:
        page = render_page(
            "auth/login.html", next=request.form.get("next", ""), email=request.form.get("email", ""), error=error
        )
        return page, error.status
    end_session_of_before()
    response = make_response(redirect(parse_next(request.form.get("next", ""), url_for("coordinaciones.index")), 303))
    tokens.set_cookies(response, pair)
    return response


@leaving.post("/logout")
def sign_out() -> ResponseReturnValue:
    sessions.sign_out(current_claims().session_id)
    # After a pause the guard has renewed the tokens on the way in: they must not follow the person out.
    g.pop("new_tokens", None)
    response = make_response(redirect(url_for("auth.login"), 303))
    tokens.clear_cookies(response)
    return response
