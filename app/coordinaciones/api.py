"""Coordinaciones for programs: /api/coordinaciones."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.args import parse_int_arg, refused_into
from app.auth.guard import person, require_api_staff
from app.coordinaciones import actions, queries
from app.coordinaciones.doubt_queries import Doubt, find_doubts
from app.coordinaciones.filters import parse_filters
from app.coordinaciones.forms import Values, parse_changes, parse_new, parse_ref
from app.coordinaciones.models import Coordinacion
from app.cursors import Place
from app.errors import Invalid
from app.extensions import limiter
from app.formats import to_timestamp, today

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 100

bp = Blueprint("coordinaciones_api", __name__, url_prefix="/api/coordinaciones")
bp.before_request(require_api_staff)


def serialize_coordinacion(coordinacion: Coordinacion) -> dict[str, Any]:
    """Return a coordinación as the API shows one: days and hours are the office's, moments are UTC."""
    c = coordinacion
    return {
        "id": c.id,
        "title": c.title,
        "client_name": c.client_name,
        "phone": c.phone,
        "event_kind": c.event_kind,
        "event_on": c.event_on.isoformat() if c.event_on else None,
        "start_time": c.start_time.strftime("%H:%M") if c.start_time is not None else None,
        "place": c.place,
        "dj": {"id": c.dj.id, "name": c.dj.name} if c.dj else None,
        "state": c.state,
        "notes": c.notes,
        "external_ref": c.external_ref,
        "archived": c.archived_at is not None,
        "archived_at": to_timestamp(c.archived_at),
        "created_at": to_timestamp(c.created_at),
        "updated_at": to_timestamp(c.updated_at),
    }


def _written(coordinacion: Coordinacion, doubts: list[Doubt]) -> Response:
    """Answer what was kept, and what staff would have been asked about it: a program cannot answer a question."""
    warnings = [
        {
            "code": doubt.code,
            "detail": doubt.sentence.rstrip(":"),
            "coordinacion_ids": [event.id for event in doubt.others],
        }
        for doubt in doubts
    ]
    return jsonify(serialize_coordinacion(coordinacion) | ({"warnings": warnings} if warnings else {}))


def _json_object() -> dict[str, object]:
    data = request.get_json()
    if not isinstance(data, dict):
        raise Invalid(_("Mandá un objeto JSON, con los campos por su nombre."))
    return data


def _dj_ids(coordinacion: Coordinacion | None) -> set[int]:
    return {user.id for user in queries.list_djs(keep=coordinacion.dj_id if coordinacion else None)}


def _limit(errors: dict[str, str]) -> int:
    limit = None
    with refused_into(errors):
        limit = parse_int_arg(request.args, "limit", None, 1, LARGEST_LIMIT, blank=False)
    return limit or DEFAULT_LIMIT


def _after(errors: dict[str, str]) -> Place | None:
    text = request.args.get("cursor")
    place = queries.find_place(text) if text is not None else None
    if text is not None and place is None:
        errors["cursor"] = _("Usá el next_cursor de la respuesta anterior, tal como vino.")
    return place


@bp.get("")
def list_coordinaciones() -> ResponseReturnValue:
    """List by `q`, `state`, `when` (all unless said; from and to mean range) and `archived`, `limit` at a time.

    `next_cursor` asks for what follows, with the same filters; it is null at the end.
    """
    region = current_app.config["DEFAULT_REGION"]
    filters, errors = parse_filters(request.args, today=today(), region=region, when="all")
    limit, after = _limit(errors), _after(errors)
    if errors:
        raise Invalid(fields=errors)
    page = queries.list_coordinaciones(filters, limit=limit, after=after)
    return jsonify(
        items=[serialize_coordinacion(coordinacion) for coordinacion in page.items],
        next_cursor=page.next_cursor,
    )


@bp.post("")
@limiter.limit("120 per minute", key_func=person)
def create() -> ResponseReturnValue:
    """Create one from its fields; those that are absent take their defaults. Unknown fields are refused by name."""
    region = current_app.config["DEFAULT_REGION"]
    values = parse_new(_json_object(), region=region, dj_ids=_dj_ids(None))
    doubts = find_doubts(values)
    coordinacion = actions.create(values)
    response = _written(coordinacion, doubts)
    response.status_code = 201
    response.headers["Location"] = url_for(".show", coordinacion_id=coordinacion.id)
    return response


@bp.get("/<int:coordinacion_id>")
def show(coordinacion_id: int) -> ResponseReturnValue:
    """Read one, archived or not."""
    return jsonify(serialize_coordinacion(queries.get_coordinacion(coordinacion_id)))


@bp.patch("/<int:coordinacion_id>")
@limiter.limit("120 per minute", key_func=person)
def update(coordinacion_id: int) -> ResponseReturnValue:
    """Change the fields that are sent and keep the others; null empties a field that may be empty."""
    coordinacion = queries.get_coordinacion(coordinacion_id)
    region = current_app.config["DEFAULT_REGION"]
    values = parse_changes(_json_object(), region=region, dj_ids=_dj_ids(coordinacion))
    doubts = find_doubts(values, coordinacion)
    return _written(actions.update(coordinacion_id, values), doubts)


def _external_values(ref: str) -> Values:
    data = _json_object()
    if data.get("external_ref", ref) != ref:
        raise Invalid(fields={"external_ref": _("No es la referencia de la dirección. Podés dejarla afuera.")})
    region = current_app.config["DEFAULT_REGION"]
    dj_ids = _dj_ids(queries.find_coordinacion_by_ref(ref))
    return parse_new({**data, "external_ref": ref}, region=region, dj_ids=dj_ids)


@bp.put("/external/<path:ref>", merge_slashes=False)
@limiter.limit("120 per minute", key_func=person)
def upsert_external(ref: str) -> ResponseReturnValue:
    """Create or replace the one that another program knows as `ref`: 201 or 200, the same however often it is sent.

    The body is the whole record, so absent fields take their defaults; being archived is not part of it and stays.
    """
    ref = parse_ref(ref)
    values = _external_values(ref)
    doubts = find_doubts(values, queries.find_coordinacion_by_ref(ref))
    coordinacion, created = actions.upsert_external(ref, values)
    response = _written(coordinacion, doubts)
    response.headers["Location"] = url_for(".show", coordinacion_id=coordinacion.id)
    response.status_code = 201 if created else 200
    return response
