"""The door through which Twilio fetches what we send."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.auth.guard import public
from app.errors import NotFound
from app.media import queries
from app.media.names import outgoing_name
from app.media.serve import answer
from app.media.signing import read_token

bp = Blueprint("media_out", __name__, url_prefix="/media/out")
# Open: Twilio fetches without signing in. What opens a file is its token, which only we can write, and not for long.
bp.before_request(public)


@bp.get("/<token>/<name>")
def show(token: str, name: str) -> ResponseReturnValue:  # noqa: ARG001  The name is for whoever reads the address.
    file_id = read_token(token)
    file = queries.find_file(file_id) if file_id is not None else None
    if file is None:
        raise NotFound
    return answer(file, outgoing_name(file.filename, file.content_type), cache="no-store")
