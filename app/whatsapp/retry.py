"""Under a bubble that failed: send the same again, or ask the admins to look; and what admins are told on each page."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.args import parse_int_arg
from app.auth.guard import current_user, person, require_admin, require_staff
from app.extensions import limiter
from app.htmx import is_htmx, see_other
from app.whatsapp import queries
from app.whatsapp.actions import notices as writing_notices
from app.whatsapp.actions.send import send as send_message
from app.whatsapp.answers import request_again
from app.whatsapp.notices import find_notices
from app.whatsapp.related import thread_context
from app.whatsapp.request import retry_key

bp = Blueprint("whatsapp_retry", __name__, url_prefix="/whatsapp")
bp.before_request(require_staff)
admins = Blueprint("whatsapp_notices", __name__, url_prefix="/whatsapp/notices")
admins.before_request(require_admin)


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


@bp.get("/trouble")
def trouble() -> ResponseReturnValue:
    """Answer the composer's line about an account that sends nothing, or its empty place."""
    return render_template("whatsapp/composer/_trouble.html", notices=find_notices())


@admins.get("")
def show() -> ResponseReturnValue:
    return render_template("whatsapp/alerts/_notices.html")


@admins.post("/dismiss")
def dismiss() -> ResponseReturnValue:
    code = parse_int_arg(request.form, "code", None, 1, 10**9)
    if code:
        writing_notices.dismiss(code)
    return show() if is_htmx() else see_other(url_for("whatsapp.index"))
