"""Signing in, renewing and leaving, for programs: /api/auth/*."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from app.auth import tokens
from app.auth.actions import sessions
from app.auth.forms import parse_credentials
from app.auth.guard import current_claims, require_api_staff, require_same_origin
from app.auth.limits import limit_sign_in
from app.auth.models import User
from app.errors import Unauthorized
from app.extensions import limiter, remote_address

bp = Blueprint("auth_api", __name__, url_prefix="/api/auth")
bp.before_request(require_same_origin)

leaving = Blueprint("auth_api_leaving", __name__, url_prefix="/api/auth")
leaving.before_request(require_api_staff)


def serialize_user(user: User) -> dict[str, Any]:
    """Return a person as the API shows one."""
    return {"id": user.id, "email": user.email, "name": user.name, "role": user.role}


def _serialize_pair(pair: tokens.TokenPair) -> dict[str, Any]:
    return {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": pair.expires_in,
    }


@bp.post("/login")
@limit_sign_in
def login() -> ResponseReturnValue:
    user, pair = sessions.sign_in(*parse_credentials(request.get_json()))
    return jsonify(_serialize_pair(pair) | {"user": serialize_user(user)})


@bp.post("/refresh")
@limiter.limit("60 per minute", key_func=remote_address)
def refresh() -> ResponseReturnValue:
    """Spend the refresh token of the request: as Bearer, or a browser's cookie with its CSRF value."""
    try:
        claims = tokens.read_refresh("headers" if "Authorization" in request.headers else "cookies")
    except tokens.TokenError as error:
        raise Unauthorized from error
    pair = sessions.refresh(claims, grace=False)
    response = jsonify(_serialize_pair(pair))
    if "Authorization" not in request.headers:
        tokens.set_cookies(response, pair)
    return response


@leaving.post("/logout")
def logout() -> ResponseReturnValue:
    sessions.sign_out(current_claims().session_id)
    response = jsonify()
    response.status_code, response.data = 204, b""
    tokens.clear_cookies(response)
    return response
