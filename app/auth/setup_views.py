"""The first person of all, made without a shell: open to whoever knows SETUP_TOKEN, until somebody exists."""

from __future__ import annotations

import hmac

from flask import Blueprint, current_app, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.auth import queries, tokens
from app.auth.actions import people, sessions
from app.auth.guard import require_same_origin
from app.auth.limits import limit_sign_in
from app.errors import Invalid, NotFound
from app.pages import render_page

bp = Blueprint("auth_setup", __name__, url_prefix="/setup")


def require_setup() -> None:
    """Open the door while SETUP_TOKEN is set and nobody exists; otherwise it is not there."""
    if not current_app.config["SETUP_TOKEN"] or queries.anybody_exists():
        raise NotFound
    require_same_origin()


bp.before_request(require_setup)


def _check_token(shown: str) -> None:
    if not hmac.compare_digest(shown.strip().encode("utf-8", "replace"), current_app.config["SETUP_TOKEN"].encode()):
        raise Invalid(fields={"token": _("Esa no es la clave de instalación. Está en SETUP_TOKEN.")})


@bp.get("")
def show() -> ResponseReturnValue:
    return render_page("auth/setup.html", values={}, errors={})


@bp.post("")
@limit_sign_in
def create() -> ResponseReturnValue:
    form = {name: request.form.get(name, "") for name in ("email", "name", "password", "token")}
    try:
        _check_token(form["token"])
        people.create_first_admin(form["email"], form["name"], form["password"])
    except Invalid as error:
        return render_page("auth/setup.html", values=form, errors=error.fields), error.status
    _user, pair = sessions.sign_in(form["email"], form["password"], browser=True)
    response = make_response(redirect(url_for("coordinaciones.index"), 303))
    tokens.set_cookies(response, pair)
    return response
