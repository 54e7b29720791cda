"""Choosing a template for a conversation, filling it, and sending it: pieces of the composer, and pages without it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.args import cut_text_arg
from app.auth.guard import current_user, person, require_staff
from app.errors import DomainError
from app.extensions import limiter, utcnow
from app.htmx import is_htmx, see_other
from app.pages import render_page
from app.whatsapp.costs.queries import find_estimate
from app.whatsapp.errors import KeyReused
from app.whatsapp.messaging.actions.send import send as send_message
from app.whatsapp.messaging.forms import parse_key, parse_known
from app.whatsapp.messaging.queries import newest_id
from app.whatsapp.messaging.request import SendRequest, page_key
from app.whatsapp.models import Conversation
from app.whatsapp.queries import get_conversation
from app.whatsapp.templates import queries
from app.whatsapp.templates.card import card_of, fill
from app.whatsapp.templates.forms import parse_values
from app.whatsapp.templates.models import Template
from app.whatsapp.templates.values import meaning_label, office_values, value_of

bp = Blueprint("whatsapp_templates", __name__, url_prefix="/whatsapp/conversations/<int:conversation_id>")
bp.before_request(require_staff)


@dataclass(frozen=True)
class Field:
    """One variable of the chosen template, as the form asks for it."""

    name: str
    label: str
    value: str
    sample: str
    error: str = ""


def _search() -> str:
    return cut_text_arg(request.args, "tq", 100)


def _offer(conversation: Conversation) -> dict[str, Any]:
    is_open, q = conversation.window_open(utcnow()), _search()
    offered = queries.list_offered(window_open=is_open, q=q)
    return {"conversation": conversation, "offered": offered, "tq": q, "open": is_open}


def _labels(template: Template) -> dict[str, str]:
    meanings = queries.meanings_of(template)
    names = queries.names_of(template)
    return {name: meaning_label(meanings.get(name, "")) or _("Dato %(name)s", name=name) for name in names}


def _suggested(conversation: Conversation, template: Template) -> dict[str, str]:
    meanings = queries.meanings_of(template)
    known = office_values(conversation, conversation.coordinacion, current_user().name, template.language)
    return {name: value_of(meanings.get(name, ""), known) for name in queries.names_of(template)}


def _filled(
    conversation: Conversation, template: Template, values: Mapping[str, str], refusal: DomainError | None = None
) -> dict[str, Any]:
    """Return what the fields and their preview show; `refusal` says what was wrong with what was sent."""
    labels, errors = _labels(template), refusal.fields if refusal else {}
    samples, of = template.variables, "template.variables."
    fields = [
        Field(name, label, values.get(name, ""), samples.get(name, ""), errors.get(of + name, ""))
        for name, label in labels.items()
    ]
    general = [text for name, text in errors.items() if not name.startswith(of)]
    return {
        "conversation": conversation,
        "template": template,
        "fields": fields,
        "labels": labels,
        "card": fill(card_of(template.types), values),
        "problem": (general[0] if general else "" if errors else refusal.detail) if refusal else "",
        "key": str(uuid.uuid4()),
        "known": newest_id(conversation.id),
        "answers": getattr(refusal, "answers", ()),
    }


def _form(
    conversation: Conversation, template: Template, values: Mapping[str, str], refusal: DomainError | None = None
) -> dict[str, Any]:
    """Return what the whole form shows: its fields, and what the template will probably cost."""
    estimate = find_estimate(template.category, conversation, utcnow())
    return {**_filled(conversation, template, values, refusal), "estimate": estimate}


@bp.get("/picker")
def offer(conversation_id: int) -> ResponseReturnValue:
    return render_template("whatsapp/templates/_template_picker.html", **_offer(get_conversation(conversation_id)))


@bp.get("/picker/<int:template_id>")
def choose(conversation_id: int, template_id: int) -> ResponseReturnValue:
    conversation, template = get_conversation(conversation_id), queries.get_template(template_id)
    context = _form(conversation, template, _suggested(conversation, template))
    return render_template("whatsapp/templates/_template_fill.html", **context)


@bp.get("/picker/<int:template_id>/preview")
def preview(conversation_id: int, template_id: int) -> ResponseReturnValue:
    conversation, template = get_conversation(conversation_id), queries.get_template(template_id)
    context = _filled(conversation, template, parse_values(template, request.args))
    return render_template("whatsapp/templates/_template_preview.html", **context)


@bp.get("/templates")
def offer_page(conversation_id: int) -> ResponseReturnValue:
    """Offer the templates where there is no JavaScript to put them into the composer."""
    return render_page("whatsapp/templates/choose_template.html", **_offer(get_conversation(conversation_id)))


@bp.get("/templates/<int:template_id>")
def fill_page(conversation_id: int, template_id: int) -> ResponseReturnValue:
    conversation, template = get_conversation(conversation_id), queries.get_template(template_id)
    context = _form(conversation, template, _suggested(conversation, template))
    return render_page("whatsapp/templates/choose_template.html", **context)


@bp.post("/templates/<int:template_id>")
@limiter.limit("60 per minute", key_func=person)
def send(conversation_id: int, template_id: int) -> ResponseReturnValue:
    """Send what the form holds; its hidden key makes a second click the same message."""
    template = queries.get_template(template_id)
    key = parse_key(request.form.get("key")) or str(uuid.uuid4())
    values = parse_values(template, request.form)
    to_send = SendRequest(
        conversation_id=conversation_id,
        content_sid=template.content_sid,
        content_variables=values,
        known_id=parse_known(request.form),
    )
    try:
        send_message(to_send, page_key(key), current_user().id)
    except DomainError as refusal:
        return _refuse(conversation_id, template_id, key, values, refusal)
    if not is_htmx():
        return see_other(url_for("whatsapp.show", conversation_id=conversation_id))
    # The open thread asks for what changed after every send, and gets the bubble so.
    context = _offer(get_conversation(conversation_id))
    piece = "whatsapp/templates/_template_none.html" if context["open"] else "whatsapp/templates/_template_picker.html"
    return render_template(piece, **context), 201


def _refuse(
    conversation_id: int, template_id: int, key: str, values: dict[str, str], refusal: DomainError
) -> ResponseReturnValue:
    conversation, template = get_conversation(conversation_id), queries.get_template(template_id)
    context = _form(conversation, template, values, refusal)
    if not isinstance(refusal, KeyReused):  # Under a spent key other words would never go out.
        context["key"] = key
    if is_htmx():
        return render_template("whatsapp/templates/_template_fill.html", **context), refusal.status
    return render_page("whatsapp/templates/choose_template.html", **context), refusal.status
