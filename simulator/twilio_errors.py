"""Twilio's way of saying no, and the door that asks for the account's name and token."""

from __future__ import annotations

import hmac

from flask import Response, jsonify, request

from simulator.state import current_world

UNAUTHORIZED, NOT_FOUND, TOO_MANY, INTERNAL = 20003, 20404, 20429, 20500


def refuse(status: int, code: int, sentence: str) -> Response:
    """Answer in the shape of Twilio's errors."""
    more_info = f"https://www.twilio.com/docs/errors/{code}"
    response = jsonify(code=code, message=sentence, more_info=more_info, status=status)
    response.status_code = status
    return response


def not_found() -> Response:
    """Answer that the path names nothing."""
    return refuse(404, NOT_FOUND, f"The requested resource {request.path} was not found")


def require_account() -> Response | None:
    """Let in whoever brings the account SID and its auth token; run before every REST request."""
    settings = current_world().settings
    given = request.authorization
    name, token = (given.username or "", given.password or "") if given and given.type == "basic" else ("", "")
    known = hmac.compare_digest(name.encode(), settings.account_sid.encode())
    if not (known and hmac.compare_digest(token.encode(), settings.auth_token.encode())):
        response = refuse(401, UNAUTHORIZED, "Authenticate")
        response.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
        return response
    asked = (request.view_args or {}).get("account_sid", settings.account_sid)
    return None if asked == settings.account_sid else not_found()
