"""Who is who: the name of a client, and conversations that are one person's."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.args import cut_text_arg, parse_int_arg
from app.auth.guard import require_staff
from app.errors import Invalid
from app.extensions import LARGEST_ID, utcnow
from app.htmx import is_htmx
from app.pages import render_page
from app.whatsapp import party_queries, queries
from app.whatsapp.contacts.actions import joining, judging
from app.whatsapp.contacts.queries import find_likely
from app.whatsapp.models import Conversation
from app.whatsapp.names import written_name
from app.whatsapp.search import MAX_SEARCH

bp = Blueprint("whatsapp_contacts", __name__, url_prefix="/whatsapp")
bp.before_request(require_staff)

RESULTS = 8


def _other(name: str, values: Any) -> int:
    """Return the id of the other conversation. Raises Invalid when there is none."""
    other_id = parse_int_arg(values, name, None, 1, LARGEST_ID)
    if other_id is None:
        raise Invalid
    return other_id


def _who_context(conversation: Conversation) -> dict[str, Any]:
    """Return what the dialog shows: a question, where one was asked for, else whom one may join or separate."""
    joining_id = parse_int_arg(request.args, "with", None, 1, LARGEST_ID)
    parting_id = parse_int_arg(request.args, "apart", None, 1, LARGEST_ID)
    joined = party_queries.list_joined(conversation)
    return {
        "conversation": conversation,
        "joined": joined,
        "other": queries.get_conversation(joining_id) if joining_id else None,
        "parting": next((row for row in joined if row.id == parting_id), None),
        **_results_context(conversation),
    }


def _results_context(conversation: Conversation) -> dict[str, Any]:
    q = cut_text_arg(request.args, "q", MAX_SEARCH)
    criteria = queries.ConversationFilter(now=utcnow(), q=q)
    found = queries.list_conversations(criteria, RESULTS + 1).items
    return {
        "q": q,
        "conversation": conversation,
        "found": [conversation_found for conversation_found in found if conversation_found.id != conversation.id][
            :RESULTS
        ],
    }


@bp.get("/conversations/<int:conversation_id>/who")
def who(conversation_id: int) -> ResponseReturnValue:
    """Show on a page of its own what browsers with JavaScript show in a dialog."""
    return render_page("whatsapp/contacts/who.html", **_who_context(queries.get_conversation(conversation_id)))


@bp.get("/conversations/<int:conversation_id>/who/dialog")
def dialog(conversation_id: int) -> ResponseReturnValue:
    return render_template("whatsapp/contacts/_who.html", **_who_context(queries.get_conversation(conversation_id)))


@bp.get("/conversations/<int:conversation_id>/who/results")
def results(conversation_id: int) -> ResponseReturnValue:
    context = _results_context(queries.get_conversation(conversation_id))
    return render_template("whatsapp/contacts/_who_results.html", **context)


@bp.get("/conversations/<int:conversation_id>/names")
def names(conversation_id: int) -> ResponseReturnValue:
    """Answer the names of a client, or with `edit` the form that changes the one that staff give."""
    piece = "whatsapp/contacts/_name_form.html" if "edit" in request.args else "whatsapp/contacts/_names.html"
    return render_template(piece, conversation=queries.get_conversation(conversation_id), focus=True)


@bp.post("/conversations/<int:conversation_id>/names")
def rename(conversation_id: int) -> ResponseReturnValue:
    name = request.form.get("name", "")
    conversation = queries.get_conversation(conversation_id)
    # The field began with the name as it is: who leaves it so has given none, and WhatsApp's may still change.
    unchanged = not conversation.given_name and name.strip() == written_name(conversation)
    try:
        if not unchanged:
            joining.rename(conversation_id, name)
    except Invalid as refusal:
        conversation, current = queries.get_conversation(conversation_id), {"name": name, "refusal": refusal}
        if is_htmx():
            form = {"conversation": conversation, "focus": True} | current
            return render_template("whatsapp/contacts/_name_form.html", **form), refusal.status
        return render_page("whatsapp/contacts/who.html", **_who_context(conversation), **current), refusal.status
    if not is_htmx():
        return _show(conversation_id)
    return names(conversation_id)


@bp.post("/conversations/<int:conversation_id>/join")
def join(conversation_id: int) -> ResponseReturnValue:
    return _show(joining.join(conversation_id, _other("other", request.form)))


@bp.post("/conversations/<int:conversation_id>/separate")
def separate(conversation_id: int) -> ResponseReturnValue:
    joining.separate(conversation_id, _other("member", request.form))
    return _show(conversation_id)


@bp.post("/conversations/<int:conversation_id>/distinct")
def keep_apart(conversation_id: int) -> ResponseReturnValue:
    joining.keep_apart(conversation_id, _other("other", request.form))
    if not is_htmx():
        return _show(conversation_id)
    conversation = queries.get_conversation(conversation_id)
    return render_template(
        "whatsapp/contacts/_likely.html", conversation=conversation, likely=find_likely(conversation)
    )


@bp.post("/conversations/<int:conversation_id>/same-person")
def same_person(conversation_id: int) -> ResponseReturnValue:
    return _show(judging.say_same_person(conversation_id))


@bp.post("/conversations/<int:conversation_id>/other-person")
def other_person(conversation_id: int) -> ResponseReturnValue:
    return _show(judging.say_other_person(conversation_id))


def _show(conversation_id: int) -> ResponseReturnValue:
    """Lead a page to the conversation's page, and htmx to the chat itself, which it puts in place of the old one."""
    there = "whatsapp.chat" if is_htmx() else "whatsapp.show"
    return redirect(url_for(there, conversation_id=conversation_id), 303)
