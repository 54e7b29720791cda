"""Under a bubble that failed: send the same again, or ask the admins to look."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from app.auth.guard import current_user, person, require_staff
from app.extensions import limiter
from app.htmx import is_htmx, see_other
from app.whatsapp import queries
from app.whatsapp.alerts.actions import notices as writing_notices
from app.whatsapp.inbox.thread_queries import thread_context
from app.whatsapp.messaging.actions.send import send as send_message
from app.whatsapp.messaging.queries import request_again
from app.whatsapp.messaging.request import retry_key

bp = Blueprint("whatsapp_retry", __name__, url_prefix="/whatsapp")
bp.before_request(require_staff)


def _rows(*ids: int) -> str:
    messages = [queries.get_message(message_id) for message_id in ids]
    return render_template("whatsapp/thread/_renewed.html", **thread_context(messages))


def _back_to(message_id: int) -> ResponseReturnValue:
    conversation_id = queries.get_message(message_id).conversation_id
    return see_other(url_for("whatsapp.show", conversation_id=conversation_id, _anchor=f"m-{message_id}"))


@bp.post("/messages/<int:message_id>/retry")
@limiter.limit("60 per minute", key_func=person)
def retry(message_id: int) -> ResponseReturnValue:
    """Send again what failed, once for everybody; the answer is both bubbles: the new one, and the one that says so."""
    key = retry_key(message_id)
    known = queries.find_message_by_key(key)
    again_id = known.id if known else send_message(request_again(message_id), key, current_user().id).message_id
    return (_rows(message_id, again_id), 201) if is_htmx() else _back_to(again_id)


@bp.post("/messages/<int:message_id>/tell")
@limiter.limit("60 per minute", key_func=person)
def tell(message_id: int) -> ResponseReturnValue:
    writing_notices.tell_admins(message_id, current_user())
    return _rows(message_id) if is_htmx() else _back_to(message_id)
