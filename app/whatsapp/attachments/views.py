"""Under a file that did not come: ask for it once more."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from app.auth.guard import person, require_staff
from app.extensions import limiter
from app.htmx import is_htmx, see_other
from app.whatsapp.attachments.actions import files

bp = Blueprint("whatsapp_media", __name__, url_prefix="/whatsapp/media")
bp.before_request(require_staff)


@bp.post("/<int:media_id>/retry")
@limiter.limit("60 per minute", key_func=person)
def retry(media_id: int) -> ResponseReturnValue:
    """Ask for a file again; the open thread looks at once, and shows that it is on its way."""
    conversation_id = files.ask_again(media_id)
    if not is_htmx():
        return see_other(url_for("whatsapp.show", conversation_id=conversation_id))
    return Response(status=204, headers={"HX-Trigger": "whatsapp-changed"})
