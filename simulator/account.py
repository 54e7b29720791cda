"""What an office sets up at Twilio: the account, its WhatsApp sender, and Messaging Services."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from simulator.paging import meta_envelope, page_of
from simulator.records import Sender, Service
from simulator.settings import is_web_url
from simulator.shapes import Json, account_json, sender_json, service_json
from simulator.state import World, current_world
from simulator.twilio_errors import not_found, refuse, require_account

bp = Blueprint("account", __name__)
bp.before_request(require_account)

WEBHOOK_NAMES = {f"{name}_{part}" for name in ("callback", "fallback", "status_callback") for part in ("url", "method")}


@bp.get("/2010-04-01/Accounts/<account_sid>.json")
def fetch_account(account_sid: str) -> Response:
    """Return the account."""
    return jsonify(account_json(account_sid, current_world().account_status))


@bp.get("/v2/Channels/Senders")
def list_senders() -> Response:
    """List the one sender there is."""
    world = current_world()
    if request.args.get("Channel") != "whatsapp":
        return refuse(400, 20001, "The channel must be whatsapp.")
    page = page_of([world.sender], [world.sender.sid])
    shown = [_shown(world, sender) for sender in page.items]
    return jsonify(senders=shown, meta=meta_envelope(page, "senders", world.settings.public_url))


def _shown(world: World, sender: Sender) -> Json:
    return sender_json(sender, world.settings.public_url)


@bp.get("/v2/Channels/Senders/<sender_sid>")
def fetch_sender(sender_sid: str) -> Response:
    """Return the sender."""
    world = current_world()
    return jsonify(_shown(world, world.sender)) if sender_sid == world.sender.sid else not_found()


@bp.post("/v2/Channels/Senders/<sender_sid>")
def update_sender(sender_sid: str) -> Response:
    """Change where the sender's webhooks go. The webhook is taken as a whole: what it does not name is gone."""
    world = current_world()
    given = request.get_json(silent=True)
    if sender_sid != world.sender.sid:
        return not_found()
    webhook = given.get("webhook") if isinstance(given, dict) else None
    if not isinstance(webhook, dict) or not set(webhook) <= WEBHOOK_NAMES:
        return refuse(400, 20001, "Only the webhook of a sender can be changed here.")
    if any(not is_web_url(str(value)) for name, value in webhook.items() if name.endswith("_url")):
        return refuse(400, 20001, "A webhook must be a full http or https address.")
    with world.changing():
        world.sender.webhook = {name: str(value) for name, value in webhook.items()}
    if "callback_url" in webhook:
        world.post_to(world.sender.webhook["callback_url"])
    answer = jsonify(_shown(world, world.sender))
    answer.status_code = 202
    return answer


@bp.get("/v1/Services/<service_sid>")
def fetch_service(service_sid: str) -> Response:
    """Return a Messaging Service."""
    return _service(current_world(), current_world().find_service(service_sid))


def _service(world: World, service: Service) -> Response:
    return jsonify(service_json(service, world.settings.account_sid, world.settings.public_url))


@bp.post("/v1/Services/<service_sid>")
def update_service(service_sid: str) -> Response:
    """Change where a Messaging Service posts; what is not named stays."""
    world = current_world()
    service = world.find_service(service_sid)
    url = request.form.get("InboundRequestUrl")
    if url is not None and not is_web_url(url):
        return refuse(400, 21402, "InboundRequestUrl is not a valid address.")
    with world.changing():
        service.inbound_request_url = url or service.inbound_request_url
        service.inbound_method = request.form.get("InboundMethod", service.inbound_method)
        service.status_callback = request.form.get("StatusCallback", service.status_callback)
    if url and not service.defers:
        world.post_to(url)
    return _service(world, service)
