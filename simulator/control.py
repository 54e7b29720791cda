"""The control API: what a test, or the phone on screen, uses to act as clients, to cause faults and to look behind."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request

from simulator import journey
from simulator.compose import BadMessage, compose
from simulator.faults import FAULTS
from simulator.inbound import receive
from simulator.loopback import problem, require_loopback
from simulator.records import WAYS_TO_WRITE, Client, utcnow
from simulator.rules import TEMPLATE_STATES
from simulator.sample import new_world
from simulator.screen import client_json, message_view
from simulator.settings import SettingsError
from simulator.shapes import iso8601
from simulator.state import current_world, simulator_of

bp = Blueprint("control", __name__, url_prefix="/control")
bp.before_request(require_loopback)


def _given() -> dict[str, Any]:
    """Return the JSON object of the request."""
    given = request.get_json()
    if not isinstance(given, dict):
        abort(400)
    return given


def _client(key: str) -> Client:
    client = current_world().find_client(key)
    if client is None:
        abort(404)
    return client


@bp.get("/clients")
def list_clients() -> Response:
    """List the people with WhatsApp."""
    return jsonify(clients=[client_json(client) for client in list(current_world().clients.values())])


@bp.post("/clients")
def add_client() -> Response:
    """Add a person: {name, phone or user_id, auto_read}."""
    given = _given()
    if not given.get("phone") and not given.get("user_id"):
        return problem(400, "A client needs a phone or a user_id.")
    world, key = current_world(), given.get("phone") or given["user_id"]
    name, auto_read = str(given.get("name") or key), bool(given.get("auto_read", True))
    client = world.add_client(name, given.get("phone"), given.get("user_id"), auto_read)
    response = jsonify(client_json(client))
    response.status_code = 201
    return response


@bp.patch("/clients/<key>")
def change_client(key: str) -> Response:
    """Change a person: {name, auto_read, opted_out, writes_as}; or {window_hours: 25} to move their last message back.

    `writes_as` is both, phone, variant (the number's other form) or user_id.
    """
    world, client, given = current_world(), _client(key), _given()
    if given.get("writes_as", client.writes_as) not in WAYS_TO_WRITE:
        return problem(400, f"writes_as must be one of: {', '.join(WAYS_TO_WRITE)}.")
    with world.changing():
        client.name = str(given.get("name", client.name))
        client.auto_read = bool(given.get("auto_read", client.auto_read))
        client.writes_as = str(given.get("writes_as", client.writes_as))
        client.opted_out = bool(given.get("opted_out", client.opted_out))
        if "window_hours" in given:
            client.last_inbound_at = utcnow() - timedelta(hours=float(given["window_hours"]))
    if given.get("auto_read"):
        journey.open_chat(world, client)
    return jsonify(client_json(client))


@bp.post("/clients/<key>/open")
def open_chat(key: str) -> Response:
    """Let the person open the chat: what was delivered becomes read."""
    client = _client(key)
    journey.open_chat(current_world(), client)
    return jsonify(client_json(client))


@bp.post("/clients/<key>/messages")
def write(key: str) -> Response:
    """Write as the person; see `compose` for the members. `webhook: false` tells the app nothing."""
    world, client, given = current_world(), _client(key), _given()
    try:
        message = compose(world, client, given)
    except BadMessage as error:
        return problem(400, str(error))
    receive(world, message, client, notify=bool(given.get("webhook", True)))
    response = jsonify(sid=message.sid)
    response.status_code = 201
    return response


@bp.get("/clients/<key>/messages")
def list_chat(key: str) -> Response:
    """List the chat with one person, oldest first."""
    world, client = current_world(), _client(key)
    return jsonify(messages=[message_view(world, message) for message in world.chat(client)])


@bp.get("/templates")
def list_templates() -> Response:
    """List the templates, as WhatsApp has them."""
    world = current_world()
    with world.lock:
        return jsonify(templates=[dataclasses.asdict(template) for template in world.templates.values()])


@bp.patch("/templates/<sid>")
def decide_template(sid: str) -> Response:
    """Decide as WhatsApp: {status, rejection_reason, category}; see TEMPLATE_STATES for the states."""
    world, given = current_world(), _given()
    template = world.templates.get(sid)
    if template is None:
        abort(404)
    if given.get("status", template.status) not in TEMPLATE_STATES:
        return problem(400, f"The status must be one of: {', '.join(sorted(TEMPLATE_STATES))}.")
    with world.changing():
        for name in ("status", "rejection_reason", "category"):
            setattr(template, name, str(given.get(name, getattr(template, name))))
    return jsonify(dataclasses.asdict(template))


@bp.delete("/templates/<sid>")
def drop_template(sid: str) -> Response:
    """Forget a template, as when somebody deletes it in Twilio's console."""
    world = current_world()
    with world.changing():
        gone = world.templates.pop(sid, None)
    return jsonify(deleted=gone is not None)


@bp.get("/faults")
def list_faults() -> Response:
    """List the faults that wait for their next message."""
    return jsonify(faults=current_world().faults.active())


@bp.post("/faults")
def add_fault() -> Response:
    """Ask for a fault: {fault, times: 1 or null for good, value}."""
    world, given = current_world(), _given()
    name, times, value = given.get("fault"), given.get("times", 1), given.get("value")
    if name not in FAULTS:
        return problem(400, f"The fault must be one of: {', '.join(FAULTS)}.")
    if times is not None and (not isinstance(times, int) or times < 1):
        return problem(400, "times must be a positive number, or null for good.")
    if value is not None and not isinstance(value, int | float):
        return problem(400, "value must be a number.")
    with world.changing():
        world.faults.add(name, times, value)
    return jsonify(faults=world.faults.active())


@bp.delete("/faults")
@bp.delete("/faults/<name>")
def clear_faults(name: str | None = None) -> Response:
    """Forget one fault, or all of them."""
    world = current_world()
    with world.changing():
        world.faults.clear(name)
    return jsonify(faults=world.faults.active())


@bp.post("/settings")
def change_settings() -> Response:
    """Change where to post and how fast messages travel, for everything that follows."""
    world, given = current_world(), _given()
    names = ("webhook_url", "public_url", "sent_after", "delivered_after", "read_after", "priced_after")
    try:
        chosen = {name: given[name] for name in names if name in given}
        world.settings = dataclasses.replace(world.settings, **chosen)
    except (SettingsError, TypeError) as error:
        return problem(400, str(error))
    return jsonify({name: getattr(world.settings, name) for name in names})


@bp.post("/reset")
def reset() -> Response:
    """Begin again from the sample: no faults, an empty log, nothing pending."""
    simulator = simulator_of(current_app)
    simulator.turn_to(new_world(simulator.world.settings))
    return jsonify(reset=True)


@bp.get("/idle")
def wait_idle() -> Response:
    """Wait until no webhook and no callback is pending; 408 when `timeout` seconds (5) were not enough."""
    work = current_world().work
    idle = work.wait_idle(request.args.get("timeout", 5.0, type=float))
    response = jsonify(idle=idle, pending=work.pending)
    response.status_code = 200 if idle else 408
    return response


@bp.get("/deliveries")
def list_deliveries() -> Response:
    """List every attempt to post to the app, oldest first."""
    world = current_world()
    with world.lock:
        log = [{**dataclasses.asdict(delivery), "started_at": iso8601(delivery.started_at)} for delivery in world.log]
    return jsonify(deliveries=log)
