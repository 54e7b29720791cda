"""Saying which event a conversation is about: the choice, its search, and what stands above the chat afterwards."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.args import parse_int_arg
from app.auth.guard import require_staff
from app.extensions import LARGEST_INT
from app.htmx import is_htmx, see_other
from app.whatsapp import queries
from app.whatsapp.inbox import event_queries
from app.whatsapp.inbox.actions import events as writing_events

bp = Blueprint("whatsapp_events", __name__, url_prefix="/whatsapp")
bp.before_request(require_staff)


@bp.get("/conversations/<int:conversation_id>/coordinacion")
def choose(conversation_id: int) -> ResponseReturnValue:
    choices = event_queries.choices_of(queries.get_conversation(conversation_id))
    return render_template("whatsapp/events/_choose_coordinacion.html", **choices)


@bp.get("/conversations/<int:conversation_id>/coordinacion/results")
def results(conversation_id: int) -> ResponseReturnValue:
    """Answer the events that the search (`event`) finds, for the choice that is open."""
    choices = event_queries.choices_of(queries.get_conversation(conversation_id), request.args.get("event", ""))
    return render_template("whatsapp/events/_choose_results.html", **choices)


@bp.get("/conversations/<int:conversation_id>/context")
def context(conversation_id: int) -> ResponseReturnValue:
    """Answer which event the chat is about; with `away` the focus is elsewhere already."""
    conversation, focus = queries.get_conversation(conversation_id), "away" not in request.args
    return render_template("whatsapp/events/_context.html", conversation=conversation, focus=focus)


@bp.post("/conversations/<int:conversation_id>/coordinacion")
def assign(conversation_id: int) -> ResponseReturnValue:
    writing_events.assign(conversation_id, parse_int_arg(request.form, "coordinacion_id", None, 1, LARGEST_INT))
    if not is_htmx():
        return see_other(url_for("whatsapp.show", conversation_id=conversation_id))
    return context(conversation_id)
