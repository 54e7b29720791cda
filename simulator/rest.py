"""The Messages resource of the 2010 API: send, fetch, list, and the media of a message."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from simulator import rules
from simulator.files import answer_with_file
from simulator.journey import launch
from simulator.paging import page_of, uri_envelope
from simulator.records import Media, Message
from simulator.sending import accept, hold_answer, refusal_by_fault
from simulator.shapes import media_json, message_json
from simulator.state import World, current_world
from simulator.twilio_errors import not_found, refuse, require_account

bp = Blueprint("rest", __name__, url_prefix="/2010-04-01/Accounts/<account_sid>")
bp.before_request(require_account)


@bp.post("/Messages.json")
def create_message(account_sid: str) -> Response:
    """Accept a message for delivery, or refuse it with Twilio's code."""
    world = current_world()
    fault = refusal_by_fault(world)
    if fault is not None:
        return fault
    order = _order()
    template = world.templates.get(order.content_sid)
    code = rules.find_refusal(order, world.settings.address, template, world.find_client(order.to))
    if code is not None:
        return refuse(400, code, rules.describe(code))
    used = template if order.uses_template else None
    message = accept(world, order, used)
    answer = jsonify(message_json(message, account_sid, world.settings.priced_after))
    answer.status_code = 201
    return hold_answer(world, message, launch(world, message, used), answer)


def _order() -> rules.Order:
    form = request.form
    return rules.Order(
        to=form.get("To", ""),
        sender=form.get("From", ""),
        body=form.get("Body", ""),
        media_urls=tuple(form.getlist("MediaUrl")),
        content_sid=form.get("ContentSid", ""),
        content_variables=form.get("ContentVariables", ""),
        status_callback=form.get("StatusCallback", ""),
        messaging_service_sid=form.get("MessagingServiceSid", ""),
    )


@bp.get("/Messages.json")
def list_messages(account_sid: str) -> Response:
    """List messages, newest first, filtered by To, From and the three forms of DateSent."""
    world = current_world()
    try:
        found = _filtered(world)
    except ValueError:
        return refuse(400, 20001, "The DateSent filter is not a date.")
    page = page_of(found, [message.sid for message in found])
    shown = [message_json(message, account_sid, world.settings.priced_after) for message in page.items]
    return jsonify(messages=shown, **uri_envelope(page))


def _filtered(world: World) -> list[Message]:
    """Return the messages the filters let through.

    A queued message has no date yet and is filtered by its creation, so that a sender who got no answer finds it.
    """
    args = request.args
    after, before, exactly = (_moment(args.get(name)) for name in ("DateSent>", "DateSent<", "DateSent"))
    with world.lock:
        messages = list(world.messages.values())
    found = [
        message
        for message in messages
        if args.get("To") in (None, message.recipient)
        and args.get("From") in (None, message.sender)
        and (after is None or message.moment.replace(microsecond=0) >= after)
        and (before is None or message.moment.replace(microsecond=0) <= before)
        and (exactly is None or message.moment.date() == exactly.date())
    ]
    return sorted(found, key=lambda message: (message.moment, message.number), reverse=True)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _find_media(message_sid: str, media_sid: str) -> tuple[Message, Media] | None:
    message = current_world().messages.get(message_sid)
    media = next((media for media in message.media if media.sid == media_sid), None) if message else None
    return (message, media) if message and media else None


@bp.get("/Messages/<message_sid>.json")
def fetch_message(account_sid: str, message_sid: str) -> Response:
    """Return one message."""
    world = current_world()
    message = world.messages.get(message_sid)
    return jsonify(message_json(message, account_sid, world.settings.priced_after)) if message else not_found()


@bp.get("/Messages/<message_sid>/Media.json")
def list_media(account_sid: str, message_sid: str) -> Response:
    """List the media of a message."""
    message = current_world().messages.get(message_sid)
    if message is None:
        return not_found()
    page = page_of(message.media, [media.sid for media in message.media])
    shown = [media_json(media, message, account_sid) for media in page.items]
    return jsonify(media_list=shown, **uri_envelope(page))


@bp.get("/Messages/<message_sid>/Media/<media_sid>.json")
def fetch_media(account_sid: str, message_sid: str, media_sid: str) -> Response:
    """Return what is known about one media file."""
    found = _find_media(message_sid, media_sid)
    return jsonify(media_json(found[1], found[0], account_sid)) if found else not_found()


@bp.get("/Messages/<message_sid>/Media/<media_sid>")
def open_media(account_sid: str, message_sid: str, media_sid: str) -> AnyResponse:
    """Send whoever may see the file to its contents, which need no authentication, like Twilio's CDN."""
    found, world = _find_media(message_sid, media_sid), current_world()
    if found is None or account_sid != world.settings.account_sid or world.faults.happens("media_late"):
        return not_found()
    return answer_with_file(world, found[1])
