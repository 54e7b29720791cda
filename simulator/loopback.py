"""Who may use the phone and the control API: this same computer, and no other site's page."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, jsonify, request

LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")


def require_loopback() -> Response | None:
    """Refuse other computers and other origins: whoever gets in can write as any client."""
    origin = request.headers.get("Origin")
    if request.remote_addr in LOOPBACK and (origin is None or urlsplit(origin).netloc == request.host):
        return None
    return problem(403, "The simulator's own pages answer only to this computer.")


def problem(status: int, sentence: str) -> Response:
    """Answer with one sentence that says what is wrong."""
    response = jsonify(error=sentence)
    response.status_code = status
    return response
