"""What people and admins are told on the page: windows that close, an account that sends nothing, notices."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.args import parse_int_arg
from app.auth.guard import require_admin, require_staff
from app.htmx import is_htmx, see_other
from app.whatsapp.alerts.actions import notices as writing_notices
from app.whatsapp.alerts.notice_queries import find_notices, read_notices
from app.whatsapp.alerts.window_queries import list_told, notice_key

bp = Blueprint("whatsapp_alerts", __name__, url_prefix="/whatsapp")
bp.before_request(require_staff)
admins = Blueprint("whatsapp_notices", __name__, url_prefix="/whatsapp/notices")
admins.before_request(require_admin)


@bp.get("/closing")
def closing() -> ResponseReturnValue:
    """Answer the notice of windows that close; nothing while it is the one that is on the page (`shown`)."""
    conversations = list_told()
    if notice_key(conversations) == request.args.get("shown"):
        return "", 204
    inbox = request.args.get("inbox") == "1"
    return make_response(render_template("whatsapp/alerts/_closing_notice.html", closing=conversations, inbox=inbox))


@bp.get("/trouble")
def trouble() -> ResponseReturnValue:
    """Answer the composer's line about an account that sends nothing, or its empty place."""
    return render_template("whatsapp/composer/_trouble.html", notices=find_notices())


@admins.get("")
def show() -> ResponseReturnValue:
    return render_template("whatsapp/alerts/_notices.html", **read_notices({}))


@admins.post("/dismiss")
def dismiss() -> ResponseReturnValue:
    code = parse_int_arg(request.form, "code", None, 1, 10**9)
    if code:
        writing_notices.dismiss(code)
    return show() if is_htmx() else see_other(url_for("whatsapp.index"))
