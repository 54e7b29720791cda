"""Somebody is writing in a composer: the client may know."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.auth.guard import person, require_staff
from app.extensions import limiter
from app.whatsapp.messaging.actions.typing import note_typing

bp = Blueprint("whatsapp_typing", __name__, url_prefix="/whatsapp")
bp.before_request(require_staff)


@bp.post("/conversations/<int:conversation_id>/typing")
@limiter.limit("120 per minute", key_func=person)
def typing(conversation_id: int) -> ResponseReturnValue:
    note_typing(conversation_id)
    return "", 204
