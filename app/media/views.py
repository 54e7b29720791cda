"""The browser's doors to files: looking at one, and uploading one in parts. Uploads are asked for by a script."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.guard import current_user, person, require_staff
from app.errors import DomainError, problem
from app.extensions import limiter
from app.media import queries
from app.media.actions import uploads
from app.media.forms import parse_upload, serialize_file
from app.media.serve import answer

bp = Blueprint("media", __name__, url_prefix="/media")
bp.before_request(require_staff)

uploads_bp = Blueprint("media_uploads", __name__, url_prefix="/media/uploads")
uploads_bp.before_request(require_staff)


@uploads_bp.errorhandler(DomainError)
def _answer_script(error: DomainError) -> Response:
    """Answer as the JSON API does: who asks is a script, which puts the sentence where the file was chosen."""
    return problem(error.status, error.code, str(error.detail), error.fields, **error.extra)


@bp.get("/<int:file_id>")
def show(file_id: int) -> ResponseReturnValue:
    return answer(queries.get_file(file_id), download=request.args.get("download") == "1")


@uploads_bp.post("")
@limiter.limit("120 per minute", key_func=person)
def begin() -> ResponseReturnValue:
    filename, size = parse_upload(request.get_json(silent=True))
    file = uploads.begin(filename, size, current_user().id)
    return jsonify(id=file.id, part_bytes=uploads.UPLOAD_PART), 201


@uploads_bp.put("/<int:file_id>/parts/<int:number>")
def put_part(file_id: int, number: int) -> ResponseReturnValue:
    uploads.put_part(file_id, current_user().id, number, request.get_data(cache=False))
    return "", 204


@uploads_bp.post("/<int:file_id>/finish")
def finish(file_id: int) -> ResponseReturnValue:
    file = uploads.finish(file_id, current_user().id)
    return jsonify(serialize_file(file, url_for("media.show", file_id=file.id))), 201
