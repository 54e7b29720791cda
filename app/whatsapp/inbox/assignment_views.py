"""Who looks after a conversation, and whether its client still waits."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.args import parse_int_arg
from app.auth.guard import current_user, require_staff
from app.auth.queries import list_users
from app.extensions import LARGEST_ID, LARGEST_INT
from app.htmx import is_htmx, see_other
from app.pages import render_page
from app.whatsapp import queries
from app.whatsapp.inbox.actions import assignment, settling

bp = Blueprint("whatsapp_care", __name__, url_prefix="/whatsapp/conversations/<int:conversation_id>")
bp.before_request(require_staff)

own = Blueprint("whatsapp_assigned", __name__, url_prefix="/whatsapp/assigned")
own.before_request(require_staff)


@bp.get("/assignee")
def assignee(conversation_id: int) -> ResponseReturnValue:
    """Answer who looks after the conversation, as a piece of its header; with `away` the focus is elsewhere already."""
    conversation = queries.get_conversation(conversation_id)
    return render_template(
        "whatsapp/thread/_assignee.html", conversation=conversation, focus="away" not in request.args
    )


@bp.get("/hand")
def choose(conversation_id: int) -> ResponseReturnValue:
    """Offer the people of the office: in place of who looks after it now, or as a page of its own."""
    people = [user for user in list_users() if user.active]
    context = {"conversation": queries.get_conversation(conversation_id), "people": people}
    if is_htmx():
        return render_template("whatsapp/thread/_choose_person.html", **context), {"Vary": "HX-Request"}
    return render_page("whatsapp/thread/hand.html", **context), {"Vary": "HX-Request"}


@bp.post("/assignee")
def hand(conversation_id: int) -> ResponseReturnValue:
    user_id = parse_int_arg(request.form, "user_id", None, 1, LARGEST_INT)
    assignment.hand_to(conversation_id, user_id, by_id=current_user().id)
    if not is_htmx():
        return see_other(url_for("whatsapp.show", conversation_id=conversation_id))
    conversation = queries.get_conversation(conversation_id)
    return render_template("whatsapp/thread/_assignee.html", conversation=conversation, focus=True)


@bp.post("/done")
def done(conversation_id: int) -> ResponseReturnValue:
    until = parse_int_arg(request.form, "until", None, 0, LARGEST_ID)
    settling.mark_done(conversation_id, until, current_user().id)
    return _back(conversation_id)


@bp.post("/done/undo")
def undo_done(conversation_id: int) -> ResponseReturnValue:
    settling.undo_done(conversation_id, request.form.get("marked", ""))
    return _back(conversation_id)


def _back(conversation_id: int) -> ResponseReturnValue:
    """Lead a page to the chat; htmx's asks for what changed by itself."""
    return ("", 204) if is_htmx() else see_other(url_for("whatsapp.show", conversation_id=conversation_id))


@own.post("/seen")
def seen() -> ResponseReturnValue:
    """Note that whoever is signed in knows of all that was given to them, and take the notice away."""
    assignment.mark_assignments_seen(current_user().id)
    if not is_htmx():
        return see_other(url_for("whatsapp.index", filter="mine"))
    return render_template("whatsapp/alerts/_assigned_notice.html", assigned=())
