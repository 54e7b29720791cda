"""What can go wrong, in our own words, and the one place that answers it: as a page, a fragment or JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import OperationalError, ProgrammingError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.http import HTTP_STATUS_CODES

from app.extensions import db, limiter, seconds_to_wait
from app.htmx import is_htmx
from app.pages import render_page
from app.schema import BEHIND, find_trouble


class DomainError(Exception):
    """Something a caller asked for cannot be done; `detail` tells a person why and what to do.

    `fields` maps a field's name to its own sentence; `extra` goes into the problem document as it is.
    """

    status = HTTPStatus.BAD_REQUEST
    code = "bad_request"
    detail = _l("No se pudo hacer lo que pediste.")

    def __init__(self, detail: str | None = None, *, fields: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(str(detail or self.code))
        self.detail = detail or self.detail
        self.fields = fields or {}
        self.extra = extra


class NotFound(DomainError):
    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    detail = _l("Eso no existe, o ya no está.")


class Unauthorized(DomainError):
    status = HTTPStatus.UNAUTHORIZED
    code = "unauthorized"
    detail = _l("Tu sesión terminó. Entrá de nuevo.")


class Forbidden(DomainError):
    status = HTTPStatus.FORBIDDEN
    code = "forbidden"
    detail = _l("No tenés permiso para hacer eso.")


class Invalid(DomainError):
    """Fields that cannot be taken as they came; `fields` says which and why."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid"
    detail = _l("Revisá los datos marcados.")


class Conflict(DomainError):
    status = HTTPStatus.CONFLICT
    code = "conflict"
    detail = _l("Eso ya existe.")


# What HTTP itself refuses, said as people say it; any other status keeps the sentence of "bad_request".
_HTTP_SENTENCES = {
    403: _l("No tenés permiso para hacer eso."),
    404: _l("Esa página no existe, o ya no está."),
    405: _l("Eso no se puede hacer acá."),
    413: _l("Lo que mandaste es demasiado grande: hasta 4 MB."),
    415: _l("Mandá los datos como JSON."),
    429: _l("Demasiados intentos seguidos. Esperá un momento y probá de nuevo."),
    500: _l("Algo falló de nuestro lado. Probá de nuevo en un momento."),
}
_NOT_MIGRATED = _l("La base de datos no está al día. En el servidor hay que correr: flask db upgrade.")


def problem(status: int, code: str, detail: str, fields: dict[str, str] | None = None, **extra: Any) -> Response:
    """Return an RFC 9457 problem document."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES[status],  # Python's own words for them change from version to version.
        "status": status,
        "detail": detail,
        "code": code,
        **extra,
    }
    if fields:
        body["errors"] = fields
    response = jsonify(body)
    response.status_code = status
    response.mimetype = "application/problem+json"
    if status == HTTPStatus.UNAUTHORIZED:  # RFC 9110, 15.5.2: a 401 says how to come in.
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _answer(status: int, code: str, detail: str, fields: dict[str, str] | None = None, **extra: Any) -> Response:
    if request.path.startswith("/api/"):
        return problem(status, code, detail, fields, **extra)
    if not is_htmx():
        # Around a page about an error of ours stands nothing: the database may be what failed.
        render = render_template if status >= HTTPStatus.INTERNAL_SERVER_ERROR else render_page
        return make_response(render("error.html", status=status, detail=detail), status)
    response = make_response(render_template("_alert.html", status=status, detail=detail), status)
    # The alert goes where alerts go, and what the person was looking at stays.
    response.headers["HX-Retarget"] = "#alerts"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def _answer_domain(error: DomainError) -> Response:
    return _answer(error.status, error.code, str(error.detail), error.fields, **error.extra)


def _answer_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400 or error.response is not None:  # A redirect of the routing, or an answer that a limit wrote.
        return make_response(error.get_response())
    code = HTTP_STATUS_CODES.get(status, "error").lower().replace(" ", "_")
    response = _answer(status, code, str(_HTTP_SENTENCES.get(status, DomainError.detail)))
    if status == HTTPStatus.TOO_MANY_REQUESTS and limiter.current_limit:
        response.headers["Retry-After"] = str(seconds_to_wait(limiter.current_limit))
    if status == HTTPStatus.METHOD_NOT_ALLOWED and error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def _is_behind(error: BaseException | None) -> bool:
    """Tell whether `error` is what an empty or old database answers; PostgreSQL calls an outage by another name."""
    telling = OperationalError if db.engine.dialect.name == "sqlite" else ProgrammingError
    return isinstance(error, telling) and find_trouble(db.engine) == BEHIND


def _answer_unexpected(error: InternalServerError) -> Response:
    if _is_behind(error.original_exception):
        return _answer(503, "database_not_migrated", str(_NOT_MIGRATED))
    return _answer(500, "internal_error", str(_HTTP_SENTENCES[500]))


def init_app(app: Flask) -> None:
    """Answer every error of `app` here."""
    app.register_error_handler(DomainError, _answer_domain)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(InternalServerError, _answer_unexpected)
