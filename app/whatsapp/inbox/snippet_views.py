"""The quick replies beside the composer: offered, kept, taken away and brought back."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.auth.guard import current_user, require_staff
from app.whatsapp.inbox.actions import snippets
from app.whatsapp.inbox.snippet_queries import list_deleted_quick_replies, list_quick_replies

bp = Blueprint("whatsapp_snippets", __name__, url_prefix="/whatsapp/quick-replies")
bp.before_request(require_staff)


def _offered() -> ResponseReturnValue:
    return render_template("whatsapp/composer/_quick_replies.html", quick_replies=list_quick_replies(), focus=True)


def _edited(*, dropped: bool = False) -> ResponseReturnValue:
    context = {"quick_replies": list_quick_replies(), "deleted": list_deleted_quick_replies(), "dropped": dropped}
    return render_template("whatsapp/composer/_quick_replies_edit.html", **context)


@bp.get("")
def show() -> ResponseReturnValue:
    """Answer the replies to tap; with `edit` those to take away, and those that were, lately."""
    return _edited() if "edit" in request.args else _offered()


@bp.post("")
def keep() -> ResponseReturnValue:
    snippets.keep_quick_reply(request.form.get("body", ""))
    return _offered()


@bp.post("/<int:reply_id>/delete")
def drop(reply_id: int) -> ResponseReturnValue:
    snippets.drop_quick_reply(reply_id, current_user().id)
    return _edited(dropped=True)


@bp.post("/<int:reply_id>/restore")
def bring_back(reply_id: int) -> ResponseReturnValue:
    snippets.bring_back_quick_reply(reply_id)
    return _edited()
