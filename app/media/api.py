"""The JSON API of files: /api/media. docs/openapi.yaml says it whole."""

from __future__ import annotations

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.auth.guard import current_user, person, require_api_staff
from app.errors import Invalid
from app.extensions import limiter
from app.media import queries
from app.media.actions.keep import keep_outgoing
from app.media.forms import serialize_file
from app.media.serve import answer

bp = Blueprint("media_api", __name__, url_prefix="/api/media")
bp.before_request(require_api_staff)


@bp.post("")
@limiter.limit("120 per minute", key_func=person)
def add() -> ResponseReturnValue:
    """Take a file that is going to be sent, in one piece."""
    given = request.files.get("file")
    if given is None:
        raise Invalid(fields={"file": _("Falta el archivo, en el campo file de un formulario multipart.")})
    file = keep_outgoing(given.read(), given.filename or "", current_user().id)
    return jsonify(serialize_file(file, url_for(".show", file_id=file.id))), 201


@bp.get("/<int:file_id>")
def show(file_id: int) -> ResponseReturnValue:
    return answer(queries.get_file(file_id))
