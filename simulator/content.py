"""The Content API (templates and their approval) and the typing indicator."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from simulator.paging import meta_envelope, page_of
from simulator.records import Template, new_sid, utcnow
from simulator.rules import CATEGORIES, TEMPLATE_NAME
from simulator.shapes import approval_fetch_json, approval_json, content_and_approval_json, content_json
from simulator.state import World, current_world
from simulator.twilio_errors import not_found, refuse, require_account
from simulator.typing_indicator import show_typing

bp = Blueprint("content", __name__)
bp.before_request(require_account)


def _templates(world: World) -> list[Template]:
    with world.lock:
        return sorted(world.templates.values(), key=lambda template: template.created_at, reverse=True)


@bp.get("/v1/Content")
def list_contents() -> Response:
    """List the templates."""
    settings = current_world().settings
    templates = _templates(current_world())
    page = page_of(templates, [template.sid for template in templates])
    shown = [content_json(template, settings.account_sid, settings.public_url) for template in page.items]
    return jsonify(contents=shown, meta=meta_envelope(page, "contents", settings.public_url))


@bp.get("/v1/ContentAndApprovals")
def list_contents_and_approvals() -> Response:
    """List the templates, each with its approval."""
    settings = current_world().settings
    templates = _templates(current_world())
    page = page_of(templates, [template.sid for template in templates])
    shown = [content_and_approval_json(template, settings.account_sid) for template in page.items]
    return jsonify(contents=shown, meta=meta_envelope(page, "contents", settings.public_url))


@bp.post("/v1/Content")
def create_content() -> Response:
    """Create a template, not yet submitted for approval."""
    world = current_world()
    given = request.get_json(silent=True)
    if not isinstance(given, dict) or not given.get("language") or not isinstance(given.get("types"), dict):
        return refuse(400, 20001, "Language and Types are required.")
    template = Template(
        sid=new_sid("HX"),
        friendly_name=str(given.get("friendly_name") or ""),
        language=str(given["language"]),
        variables={str(name): str(value) for name, value in (given.get("variables") or {}).items()},
        types=given["types"],
        created_at=utcnow(),
    )
    with world.changing():
        world.templates[template.sid] = template
    answer = jsonify(content_json(template, world.settings.account_sid, world.settings.public_url))
    answer.status_code = 201
    return answer


@bp.get("/v1/Content/<content_sid>")
def fetch_content(content_sid: str) -> Response:
    """Return one template."""
    settings = current_world().settings
    template = current_world().templates.get(content_sid)
    if template is None:
        return not_found()
    return jsonify(content_json(template, settings.account_sid, settings.public_url))


@bp.post("/v1/Content/<content_sid>/ApprovalRequests/whatsapp")
def create_approval(content_sid: str) -> Response:
    """Submit a template to WhatsApp; it stays `received` until a person or a test decides."""
    world = current_world()
    template = world.templates.get(content_sid)
    given = request.get_json(silent=True)
    if template is None:
        return not_found()
    if not isinstance(given, dict) or not given.get("name") or not given.get("category"):
        return refuse(400, 20001, "Name and Category are required.")
    if not TEMPLATE_NAME.fullmatch(str(given["name"])) or given["category"] not in CATEGORIES:
        return refuse(400, 20001, "The name takes lower case letters, digits and underscores; the category is unknown.")
    with world.changing():
        template.approval_name, template.category = str(given["name"]), str(given["category"])
        template.status, template.rejection_reason = "received", ""
    answer = jsonify(approval_json(template))
    answer.status_code = 201
    return answer


@bp.get("/v1/Content/<content_sid>/ApprovalRequests")
def fetch_approval(content_sid: str) -> Response:
    """Return what WhatsApp said about one template."""
    settings = current_world().settings
    template = current_world().templates.get(content_sid)
    if template is None:
        return not_found()
    return jsonify(approval_fetch_json(template, settings.account_sid, settings.public_url))


@bp.post("/v2/Indicators/Typing.json")
def create_typing_indicator() -> Response:
    """Show the client that somebody is writing, and mark what they wrote as read."""
    form = request.form
    if form.get("channel", "").lower() != "whatsapp":
        return refuse(400, 20001, "The channel must be whatsapp.")
    if not show_typing(current_world(), form.get("messageId", "")):
        return not_found()
    return jsonify(success=True)
