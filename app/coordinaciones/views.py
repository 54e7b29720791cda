"""Coordinaciones for people: the list, and the page of each one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.args import find_number
from app.auth.guard import person, require_staff
from app.coordinaciones import actions, queries
from app.coordinaciones.doubt_queries import Doubt, find_doubts, unanswered
from app.coordinaciones.filters import Filters, parse_filters
from app.coordinaciones.forms import (
    FIELDS,
    Values,
    changed_fields,
    fill_form,
    parse_changes,
    parse_new,
    parse_seen,
    read_form,
)
from app.coordinaciones.models import Coordinacion
from app.errors import Conflict, Invalid
from app.extensions import limiter
from app.formats import today
from app.htmx import is_htmx, see_other
from app.pages import render_page

PAGE_SIZE = 25
_LAST_PAGE = 10_000

bp = Blueprint("coordinaciones", __name__, url_prefix="/coordinaciones")
bp.before_request(require_staff)

home = Blueprint("home", __name__)
home.before_request(require_staff)


@home.get("/")
def to_list() -> ResponseReturnValue:
    return redirect(url_for("coordinaciones.index"), 303)


def _filters() -> Filters:
    region = current_app.config["DEFAULT_REGION"]
    # What makes no sense counts as absent: the page shows what it understood.
    return parse_filters(request.args, today=today(), region=region)[0]


def _page_number() -> int:
    number = find_number(request.args.get("page", ""), 99_999_999) or 1
    return min(number, _LAST_PAGE)


def _list_context(filters: Filters) -> dict[str, Any]:
    number = _page_number()
    page = queries.list_coordinaciones(filters, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
    return {"page": page, "number": number, "filters": filters, "query": filters.query(), "today": filters.today}


@bp.get("", strict_slashes=False)
def index() -> ResponseReturnValue:
    return render_page("coordinaciones/index.html", **_list_context(_filters()))


@bp.get("/list")
def list_piece() -> ResponseReturnValue:
    """The list alone, as the search asks for it; the address bar gets the page's own URL with the same filters."""
    context = _list_context(_filters())
    if "renew" in request.args:  # The same page on another day; what it counts is asked for by another room's piece.
        return render_template("coordinaciones/_list.html", **context), {"HX-Trigger": "whatsapp-changed"}
    response = make_response(render_template("coordinaciones/_results.html", **context))
    response.headers["HX-Replace-Url"] = url_for(".index", **context["query"])
    return response


def _form_context(
    coordinacion: Coordinacion | None,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    doubts: Sequence[Doubt] = (),
) -> dict[str, Any]:
    djs = queries.list_djs(keep=coordinacion.dj_id if coordinacion else None)
    # The cursor goes to what has to be mended, to what is asked, and to the first field when there is neither.
    focus = next((name for name in FIELDS if name in errors), "" if doubts else FIELDS[0])
    seen = fill_form(coordinacion) if coordinacion else {}
    context = {"coordinacion": coordinacion, "djs": djs, "values": values, "errors": errors, "doubts": doubts}
    return context | {"focus": focus, "seen": seen}


def _stored_context(coordinacion: Coordinacion) -> dict[str, Any]:
    return _form_context(coordinacion, fill_form(coordinacion), {})


def _show_form(
    coordinacion: Coordinacion | None,
    changed: Mapping[str, str],
    *,
    errors: Mapping[str, str] | None = None,
    doubts: Sequence[Doubt] = (),
) -> ResponseReturnValue:
    """Answer the form again as it was sent, each error beside its field, or what is asked: nothing typed is lost.

    Of one that exists only `changed` was typed; the rest is shown as it is now.
    """
    values = fill_form(coordinacion) | dict(changed) if coordinacion else request.form
    context = _form_context(coordinacion, values, errors or {}, doubts)
    if is_htmx():
        return render_template("coordinaciones/_form.html", **context), 422
    return render_page("coordinaciones/edit.html" if coordinacion else "coordinaciones/new.html", **context), 422


def _unanswered(values: Values, coordinacion: Coordinacion | None = None) -> list[Doubt]:
    return unanswered(find_doubts(values, coordinacion), request.form.get("confirmed", ""))


def _show(coordinacion: Coordinacion, done: str) -> ResponseReturnValue:
    """Show `coordinacion` after it was written: its details to htmx, and its page to everyone else."""
    if not is_htmx():
        return redirect(url_for(".show", coordinacion_id=coordinacion.id), 303)
    return render_template("coordinaciones/_details.html", coordinacion=coordinacion, today=today(), done=done)


@bp.get("/new")
def new() -> ResponseReturnValue:
    values = {"event_kind": "other", "state": "quote"}
    return render_page("coordinaciones/new.html", **_form_context(None, values, {}))


@bp.post("", strict_slashes=False)
@limiter.limit("120 per minute", key_func=person)
def create() -> ResponseReturnValue:
    try:
        dj_ids = {user.id for user in queries.list_djs()}
        values = parse_new(read_form(request.form), region=current_app.config["DEFAULT_REGION"], dj_ids=dj_ids)
        if doubts := _unanswered(values):
            return _show_form(None, request.form, doubts=doubts)
        coordinacion = actions.create(values)
    except (Invalid, Conflict) as error:
        return _show_form(None, request.form, errors=error.fields)
    return see_other(url_for(".show", coordinacion_id=coordinacion.id))


@bp.get("/<int:coordinacion_id>")
def show(coordinacion_id: int) -> ResponseReturnValue:
    coordinacion = queries.get_coordinacion(coordinacion_id)
    return render_page("coordinaciones/show.html", coordinacion=coordinacion, today=today())


@bp.get("/<int:coordinacion_id>/details")
def details(coordinacion_id: int) -> ResponseReturnValue:
    """The details alone: what Cancelar brings back in place of the form, and what another day renews."""
    coordinacion = queries.get_coordinacion(coordinacion_id)
    back = "renew" not in request.args
    return render_template("coordinaciones/_details.html", coordinacion=coordinacion, today=today(), back=back)


@bp.get("/<int:coordinacion_id>/edit")
def edit(coordinacion_id: int) -> ResponseReturnValue:
    return render_page("coordinaciones/edit.html", **_stored_context(queries.get_coordinacion(coordinacion_id)))


@bp.get("/<int:coordinacion_id>/form")
def form(coordinacion_id: int) -> ResponseReturnValue:
    """The form alone: what Editar puts in place of the details."""
    return render_template("coordinaciones/_form.html", **_stored_context(queries.get_coordinacion(coordinacion_id)))


@bp.post("/<int:coordinacion_id>")
@limiter.limit("120 per minute", key_func=person)
def update(coordinacion_id: int) -> ResponseReturnValue:
    coordinacion = queries.get_coordinacion(coordinacion_id)
    dj_ids = {user.id for user in queries.list_djs(keep=coordinacion.dj_id)}
    seen = parse_seen(request.form.get("seen", ""))
    # Only what this person changed is written: what a colleague changed meanwhile stays.
    changed = changed_fields(request.form, seen)
    try:
        region = current_app.config["DEFAULT_REGION"]
        values = parse_changes(read_form(changed), region=region, dj_ids=dj_ids)
        if doubts := _unanswered(values, coordinacion):
            return _show_form(coordinacion, changed, doubts=doubts)
        coordinacion = actions.update(coordinacion_id, values, seen)
    except (Invalid, Conflict) as error:
        return _show_form(coordinacion, changed, errors=error.fields)
    return _show(coordinacion, _("Cambios guardados."))


@bp.post("/<int:coordinacion_id>/archive")
@limiter.limit("120 per minute", key_func=person)
def archive(coordinacion_id: int) -> ResponseReturnValue:
    return _show(actions.archive(coordinacion_id), _("Archivada."))


@bp.post("/<int:coordinacion_id>/unarchive")
@limiter.limit("120 per minute", key_func=person)
def unarchive(coordinacion_id: int) -> ResponseReturnValue:
    return _show(actions.unarchive(coordinacion_id), _("De vuelta en la lista."))
