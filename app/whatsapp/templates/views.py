"""The pages of the templates: staff see them, admins say what their variables mean and write new ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.args import cut_text_arg
from app.auth.guard import person, require_admin, require_staff
from app.errors import DomainError, Invalid
from app.extensions import limiter
from app.htmx import see_other
from app.pages import render_page
from app.twilio.client import TwilioError
from app.whatsapp.templates import queries
from app.whatsapp.templates.actions import authoring
from app.whatsapp.templates.actions.sync import sync_templates
from app.whatsapp.templates.card import card_of, fill, places_of
from app.whatsapp.templates.forms import LANGUAGES, new_types, parse_mapping, parse_new, read_new
from app.whatsapp.templates.models import Template
from app.whatsapp.templates.values import FIXED, OFFICE_VALUES, suggest_mapping

bp = Blueprint("templates", __name__, url_prefix="/whatsapp/templates")
bp.before_request(require_staff)
admin = Blueprint("templates_admin", __name__, url_prefix="/whatsapp/templates")
admin.before_request(require_admin)


def _index(problem: str = "", status: int = 200) -> ResponseReturnValue:
    q = cut_text_arg(request.args, "q", 100)
    context = {"templates": queries.list_templates(q), "q": q, "synced_at": queries.last_synced_at()}
    return render_page("whatsapp/templates/templates.html", problem=problem, **context), status


@bp.get("")
def index() -> ResponseReturnValue:
    return _index()


@bp.post("/refresh")
@limiter.limit("10 per minute", key_func=person)
def refresh() -> ResponseReturnValue:
    """Ask Twilio now; when it cannot be asked, what is here stays as it is, and the page says so."""
    try:
        sync_templates()
    except TwilioError as error:
        reason = authoring.twilio_said(error).detail
        return _index(_("Las plantillas quedaron como estaban. %(reason)s", reason=reason), 502)
    return see_other(url_for(".index"))


def _show(template: Template, status: int = 200, **extra: Any) -> ResponseReturnValue:
    context: dict[str, Any] = {
        "template": template,
        "names": queries.names_of(template),
        "meanings": queries.meanings_of(template),
        "office_values": OFFICE_VALUES,
        "card": fill(card_of(template.types), template.variables),
        "errors": {},
        "fixed": FIXED,
    }
    return render_page("whatsapp/templates/template.html", **context | extra), status


@bp.get("/<int:template_id>")
def show(template_id: int) -> ResponseReturnValue:
    done = {"mapped": _("Guardado."), "sent": _("WhatsApp ya la está revisando.")}.get(request.args.get("done", ""))
    return _show(queries.get_template(template_id), done=done)


@admin.post("/<int:template_id>/mapping")
def map_variables(template_id: int) -> ResponseReturnValue:
    template = queries.get_template(template_id)
    try:
        authoring.map_variables(template_id, parse_mapping(template, request.form))
    except Invalid as refusal:
        return _show(template, refusal.status, errors=refusal.fields, given=request.form)
    return see_other(url_for("templates.show", template_id=template_id, done="mapped"))


@admin.post("/<int:template_id>/submit")
@limiter.limit("10 per minute", key_func=person)
def submit(template_id: int) -> ResponseReturnValue:
    """Ask WhatsApp for the approval that could not be asked when the template was made."""
    try:
        authoring.submit_template(template_id)
    except authoring.TwilioSaid as refusal:
        return _show(queries.get_template(template_id), refusal.status, problem=refusal.detail)
    return see_other(url_for("templates.show", template_id=template_id, done="sent"))


def _samples_of(given: Mapping[str, str]) -> dict[str, str]:
    """Return the sample of each variable in a template that is being written."""
    return {name: given.get(f"s-{name}", "") for name in places_of(card_of(new_types(given)))}


def _new(given: Mapping[str, str], refusal: DomainError | None = None) -> ResponseReturnValue:
    context = {
        "given": given,
        "errors": refusal.fields if refusal else {},
        "problem": refusal.detail if refusal and not refusal.fields else "",
        "samples": _samples_of(given),
        "languages": LANGUAGES,
        "card": fill(card_of(new_types(given)), _samples_of(given)),
    }
    return render_page("whatsapp/templates/new_template.html", **context), refusal.status if refusal else 200


@admin.get("/new")
def new() -> ResponseReturnValue:
    return _new(read_new({"language": "es_AR", "category": "UTILITY"}))


@admin.post("/new/preview")
def preview_new() -> ResponseReturnValue:
    """Answer how the template would look, and a field for the sample of each of its variables."""
    given = read_new(request.form)
    samples = _samples_of(given)
    card = fill(card_of(new_types(given)), samples)
    moved = set(samples) != {name[2:] for name in given if name.startswith("s-")}
    context = {"given": given, "samples": samples, "card": card, "errors": {}, "moved": moved}
    return render_template("whatsapp/templates/_new_template.html", **context)


@admin.post("/new")
@limiter.limit("20 per minute", key_func=person)
def create() -> ResponseReturnValue:
    given = read_new(request.form)
    try:
        new = parse_new(given)
        meanings = suggest_mapping(list(new.variables), new.variables, [given["text"]])
        created = authoring.create_template(new, meanings)
        if not created.already:
            authoring.submit_template(created.template_id)
    except DomainError as refusal:
        return _new(given, refusal)
    return see_other(url_for("templates.show", template_id=created.template_id, done="sent"))
