"""The phone on screen: one page for a person at the demo, and the files that messages carry."""

from __future__ import annotations

import io

from flask import Blueprint, Response, abort, jsonify, render_template, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from simulator.faults import FAULTS
from simulator.loopback import require_loopback
from simulator.records import Client
from simulator.screen import client_json, list_entry, message_view
from simulator.state import World, current_world

bp = Blueprint("phone", __name__)
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


@bp.before_request
def require_this_computer() -> Response | None:
    """Keep the pages to this computer; the files are for whoever was sent to them."""
    return None if request.endpoint == "phone.show_media" else require_loopback()


@bp.after_request
def set_policy(response: Response) -> Response:
    """Let the page run nothing but its own files, whatever a message says."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@bp.get("/")
def show_list() -> str:
    """Show the list of phones, with none open."""
    return render_template("phone.html", faults=FAULTS, settings=current_world().settings, key="")


@bp.get("/phones/<key>")
def show_phone(key: str) -> str:
    """Show one person's phone."""
    client = current_world().find_client(key) or abort(404)
    return render_template("phone.html", faults=FAULTS, settings=current_world().settings, key=client.key)


@bp.get("/phones.json")
def poll() -> AnyResponse:
    """Return what the page shows, or 304 while that is still the same."""
    world = current_world()
    client = world.find_client(request.args.get("key", ""))
    with world.lock:
        tag = f"{world.name}-{world.change}-{_clockwork(client)}"
        answer = jsonify(_screen(world, client)) if not request.if_none_match.contains(tag) else Response(status=304)
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _clockwork(client: Client | None) -> str:
    """Return what changes by itself as time passes: the typing indicator and the minutes left of the window."""
    shown = client_json(client) if client else {}
    return f"{shown.get('typing')}-{shown.get('window_minutes_left')}"


def _screen(world: World, client: Client | None) -> dict[str, object]:
    entries = [list_entry(world, person) for person in world.clients.values()]
    entries.sort(key=lambda entry: str(entry["at"] or ""), reverse=True)
    chat = world.chat(client) if client else []
    return {
        "clients": entries,
        "client": client_json(client) if client else None,
        "messages": [message_view(world, message) for message in chat],
        "faults": world.faults.active(),
        "posts": [
            {"kind": delivery.kind, "status_code": delivery.status_code, "error": delivery.error}
            for delivery in world.log[-1:]
        ],
    }


@bp.get("/media/<media_sid>")
def show_media(media_sid: str) -> AnyResponse:
    """Return a file without asking who wants it: only Twilio's own redirect and the phone lead here."""
    media = current_world().media.get(media_sid)
    if media is None or not media.data:
        abort(404)
    return send_file(io.BytesIO(media.data), mimetype=media.content_type, download_name=media.file_name)
