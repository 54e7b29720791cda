"""JSON Web Tokens: made, read and put in cookies; the only file that knows the JWT libraries.

A token names its session (`sid`) and carries the session's CSRF value. That value stays the same while tokens rotate,
so that a form opened before a rotation still counts afterwards.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from flask import Response, current_app, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.auth.models import LoginSession
from app.errors import Forbidden
from app.htmx import is_htmx
from app.light_jwt import (
    CSRFError,
    JWTExtendedException,
    PyJWTError,
    create_access_token,
    create_refresh_token,
    decode_token,
    get_jwt,
    verify_jwt_in_request,
)

Location = Literal["headers", "cookies"]
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Claims:
    """What a verified token says: whose it is, of which session, and the refresh id of the pair that it belongs to."""

    user_id: int
    session_id: str
    refresh_id: str


@dataclass(frozen=True)
class TokenPair:
    """An access token, good for `expires_in` seconds, and the refresh token that makes the next pair."""

    access_token: str
    refresh_token: str
    expires_in: int


class TokenError(Exception):
    """There is no token, or it is expired, malformed, forged or of the other kind."""


class StalePage(Forbidden):
    """The CSRF value of a browser's request is missing or another session's."""

    code = "csrf_failed"
    detail = _l("Esta página quedó vieja. Volvé a cargarla y probá de nuevo.")


def csrf_value(session_id: str) -> str:
    """Return the value that every unsafe request of a browser in this session must bring back."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, b"csrf:" + session_id.encode(), sha256).hexdigest()


def issue(session: LoginSession) -> TokenPair:
    """Return the tokens of `session` as it stands: its current refresh id goes into the refresh token."""
    claims: dict[str, Any] = {"sid": session.id, "rid": session.refresh_id, "csrf": csrf_value(session.id)}
    subject = str(session.user_id)
    return TokenPair(
        access_token=create_access_token(subject, additional_claims=claims),
        refresh_token=create_refresh_token(subject, additional_claims=claims),
        expires_in=int(current_app.config["JWT_ACCESS_TOKEN_EXPIRES"].total_seconds()),
    )


def _claims_of(token: dict[str, Any]) -> Claims:
    return Claims(user_id=int(token["sub"]), session_id=str(token["sid"]), refresh_id=str(token["rid"]))


def _read(*, refresh: bool, locations: list[Location]) -> Claims:
    try:
        verify_jwt_in_request(refresh=refresh, locations=locations, skip_revocation_check=True)
        return _claims_of(get_jwt())
    except CSRFError as error:
        # A page of ours has what it needs by the answer's headers; any other one has to be loaded anew.
        raise StalePage(
            _("Entraste de nuevo mientras esta página estaba abierta. Probá otra vez.") if is_htmx() else None
        ) from error
    except (JWTExtendedException, PyJWTError, KeyError, ValueError) as error:
        raise TokenError from error


def read_access(*locations: Location) -> Claims:
    """Return the claims of the request's access token. Raises TokenError, or StalePage when only CSRF is wrong."""
    return _read(refresh=False, locations=list(locations))


def read_refresh(*locations: Location) -> Claims:
    """Return the claims of the request's refresh token. Raises TokenError, or StalePage when only CSRF is wrong."""
    return _read(refresh=True, locations=list(locations))


def _cookie_options() -> dict[str, Any]:
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    return {"httponly": True, "samesite": "Lax", "secure": request.is_secure or host not in _LOCAL_HOSTS, "path": "/"}


def set_cookies(response: Response, pair: TokenPair) -> None:
    """Put both tokens into cookies that scripts cannot read; Secure everywhere but on this machine."""
    config, options = current_app.config, _cookie_options()
    refresh_life = config["JWT_REFRESH_TOKEN_EXPIRES"]
    response.set_cookie(config["JWT_ACCESS_COOKIE_NAME"], pair.access_token, max_age=refresh_life, **options)
    response.set_cookie(config["JWT_REFRESH_COOKIE_NAME"], pair.refresh_token, max_age=refresh_life, **options)


def has_cookies() -> bool:
    """Tell whether the browser brought tokens at all, good or not: it was signed in once."""
    names = (current_app.config["JWT_ACCESS_COOKIE_NAME"], current_app.config["JWT_REFRESH_COOKIE_NAME"])
    return any(name in request.cookies for name in names)


def find_claims_of_cookies() -> Claims | None:
    """Return what the browser's refresh token says, run out or not, or None when it says nothing that we signed.

    Whether that session still stands is not asked.
    """
    try:
        token = decode_token(request.cookies.get(current_app.config["JWT_REFRESH_COOKIE_NAME"], ""), allow_expired=True)
        return _claims_of(token)
    except (JWTExtendedException, PyJWTError, KeyError, ValueError):
        return None


def clear_cookies(response: Response) -> None:
    """Take both tokens out of the browser."""
    for name in ("JWT_ACCESS_COOKIE_NAME", "JWT_REFRESH_COOKIE_NAME"):
        response.delete_cookie(current_app.config[name], **_cookie_options())
