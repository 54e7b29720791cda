"""The people of the office, for admins; and one's own password, for everybody."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.auth import queries
from app.auth.actions import people
from app.auth.guard import current_claims, current_user, person, require_admin, require_staff
from app.errors import Conflict, DomainError, Invalid
from app.extensions import limiter
from app.htmx import see_other
from app.pages import render_page

bp = Blueprint("people", __name__, url_prefix="/settings/people")
bp.before_request(require_admin)

own = Blueprint("own", __name__, url_prefix="/settings/password")
own.before_request(require_staff)

_FIELDS = ("email", "name", "role", "password")


def _page(
    status: int = 200,
    *,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    at: int | None = None,
    problem: DomainError | None = None,
) -> ResponseReturnValue:
    """Show everybody; `errors` stand in the form of a new person, or in that of the person `at`."""
    context = {"values": values or {"role": "staff"}, "errors": errors or {}, "at": at, "problem": problem}
    done = {"added": _("Ya puede entrar."), "password": _("Contraseña cambiada.")}.get(request.args.get("done", ""))
    return render_page("auth/people.html", people=queries.list_users(), done=done, **context), status


@bp.get("")
def index() -> ResponseReturnValue:
    return _page()


@bp.post("")
@limiter.limit("30 per minute", key_func=person)
def add() -> ResponseReturnValue:
    form = {name: request.form.get(name, "") for name in _FIELDS}
    try:
        people.create_user(form["email"], form["name"], form["role"], form["password"])
    except (Invalid, Conflict) as error:
        return _page(422, values=form, errors=error.fields)
    return see_other(url_for(".index", done="added"))


@bp.post("/<int:user_id>/password")
@limiter.limit("30 per minute", key_func=person)
def reset(user_id: int) -> ResponseReturnValue:
    try:
        people.reset_password(user_id, request.form.get("password", ""))
    except Invalid as error:
        return _page(422, errors=error.fields, at=user_id)
    return redirect(url_for(".index", done="password"), 303)


@bp.post("/<int:user_id>/active")
@limiter.limit("30 per minute", key_func=person)
def set_active(user_id: int) -> ResponseReturnValue:
    try:
        people.set_active(user_id, request.form.get("active") == "1")
    except Conflict as error:
        return _page(error.status, problem=error)
    return redirect(url_for(".index"), 303)


@own.get("")
def password() -> ResponseReturnValue:
    return render_page("auth/password.html", errors={}, done="done" in request.args)


@own.post("")
@limiter.limit("10 per minute", key_func=person)
def change() -> ResponseReturnValue:
    form = request.form
    try:
        people.change_password(
            current_user().id, current_claims().session_id, form.get("current", ""), form.get("password", "")
        )
    except Invalid as error:
        return render_page("auth/password.html", errors=error.fields, done=False), error.status
    return redirect(url_for(".password", done=1), 303)
