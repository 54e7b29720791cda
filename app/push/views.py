"""The page Avisos: this device, the person's other devices, and what they want to be told."""

from __future__ import annotations

from datetime import time
from typing import Any

from flask import Blueprint, current_app, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.auth.guard import current_claims, current_user, person, require_staff
from app.auth.tokens import csrf_value
from app.errors import DomainError, Invalid, NotFound
from app.extensions import limiter, utcnow
from app.htmx import see_other
from app.pages import render_page
from app.push import actions, queries, webpush
from app.push.forms import parse_device, parse_name, parse_replaced, parse_wanted

bp = Blueprint("push", __name__, url_prefix="/settings/notifications")
bp.before_request(require_staff)


def _hour(at: time | None) -> str:
    return f"{at:%H:%M}" if at else ""


def _chosen(user_id: int) -> dict[str, Any]:
    preference = queries.find_preference(user_id)
    hours = {"quiet_from": _hour(preference.quiet_from), "quiet_to": _hour(preference.quiet_to)}
    return {"scope": preference.scope, "hide_text": preference.hide_text, **hours}


def _page(status: int = 200, *, problem: DomainError | None = None, **extra: Any) -> ResponseReturnValue:
    user, now = current_user(), utcnow()
    sentences = {
        "kept": _("Guardado."),
        "tried": _("Mandado. Si no lo ves en unos segundos, fijate en los avisos del sistema de ese dispositivo."),
        "forgotten": _("Ese dispositivo ya no recibe avisos."),
    }
    context = {
        "on": queries.is_on(),
        "devices": queries.list_subscriptions(user.id),
        "wanted": _chosen(user.id),
        "anybody": queries.anybody_reachable(now),
        "unheard": False,  # The page says so itself, and whoever reads it is about to mend it.
        "now": now,
        "errors": {},
        "problem": problem,
        "done": sentences.get(request.args.get("done", "")),
    }
    return render_page("push/notices.html", **context | extra), status


@bp.get("")
def show() -> ResponseReturnValue:
    return _page()


@bp.post("")
@limiter.limit("30 per minute", key_func=person)
def prefer() -> ResponseReturnValue:
    try:
        actions.prefer(current_user().id, parse_wanted(request.form))
    except Invalid as error:
        return _page(422, preference=request.form, errors=error.fields)
    return see_other(url_for(".show", done="kept"))


@bp.get("/key")
def key() -> ResponseReturnValue:
    """Answer what a browser asks its push service with, and the value that it must bring back with the answer."""
    if not queries.is_on():
        raise NotFound
    public_key = webpush.public_key(current_app.config["VAPID_PRIVATE_KEY"])
    response = jsonify(key=public_key, csrf=csrf_value(current_claims().session_id))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/devices")
@limiter.limit("30 per minute", key_func=person)
def subscribe() -> ResponseReturnValue:
    """Keep the browser that asks: as PushSubscription.toJSON() says it, with `replaces` where it had another before."""
    body = request.get_json(silent=True)
    claims, user_agent = current_claims(), request.headers.get("User-Agent", "")
    subscription_id = actions.subscribe(
        claims.user_id, claims.session_id, parse_device(body), user_agent, parse_replaced(body)
    )
    return jsonify(id=subscription_id), 201


@bp.post("/devices/<int:subscription_id>/name")
@limiter.limit("30 per minute", key_func=person)
def rename(subscription_id: int) -> ResponseReturnValue:
    try:
        actions.rename(current_user().id, subscription_id, parse_name(request.form.get("name", "")))
    except Invalid as error:
        return _page(422, errors=error.fields, at=subscription_id)
    return see_other(url_for(".show", done="kept"))


@bp.post("/devices/<int:subscription_id>/forget")
@limiter.limit("30 per minute", key_func=person)
def forget(subscription_id: int) -> ResponseReturnValue:
    actions.forget(current_user().id, subscription_id)
    return redirect(url_for(".show", done="forgotten"), 303)


@bp.post("/devices/<int:subscription_id>/test")
@limiter.limit("6 per minute", key_func=person)
def test(subscription_id: int) -> ResponseReturnValue:
    try:
        actions.try_device(current_user().id, subscription_id)
    except actions.PushFailed as error:
        return _page(502, problem=error)
    return redirect(url_for(".show", done="tried"), 303)
