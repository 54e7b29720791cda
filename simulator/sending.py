"""Accepting a message of the office, and the faults that befall the answer to its request."""

from __future__ import annotations

import socket
import threading

from flask import Response, request

from simulator import rules
from simulator.records import Media, Message, Template, new_sid, utcnow
from simulator.shown import shown
from simulator.state import World
from simulator.twilio_errors import INTERNAL, NOT_FOUND, TOO_MANY, UNAUTHORIZED, refuse

CALLBACK_SECONDS = 20
# Twilio refuses most with 400; these have a status of their own.
STATUS_OF = {UNAUTHORIZED: 401, NOT_FOUND: 404, TOO_MANY: 429, INTERNAL: 500, 20005: 401}


def refusal_by_fault(world: World) -> Response | None:
    """Refuse the request when such a fault was asked for; nothing is created then."""
    if world.faults.happens("refuse_429"):
        return refuse(429, TOO_MANY, "Too Many Requests")
    if world.faults.happens("error_500"):
        return refuse(500, INTERNAL, "An internal server error has occurred")
    code = world.faults.take("refuse_with")
    if code is None:
        return None
    return refuse(STATUS_OF.get(int(code), 400), int(code), rules.describe(int(code)))


def accept(world: World, order: rules.Order, used: Template | None) -> Message:
    """Create the message that `order` asks for; `used` is the template that is sent, None for free form."""
    variables = rules.parse_variables(order.content_variables) or {}
    message = Message(
        sid=new_sid("MM" if order.media_urls or used else "SM"),
        direction="outbound-api",
        sender=world.settings.address,
        recipient=order.to,
        body=rules.fill(used, variables) if used else order.body,
        status="accepted" if order.messaging_service_sid else "queued",
        created_at=utcnow(),
        kind="template" if used else "media" if order.media_urls else "text",
        media=[Media(new_sid("ME"), "application/octet-stream", source=url) for url in order.media_urls],
        buttons=used.buttons if used else [],
        shown=shown(used, variables) if used else None,
        status_callback=order.status_callback or None,
        content_sid=order.content_sid or None,
        category=used.category if used else "",
        messaging_service_sid=order.messaging_service_sid or None,
        route=world.faults.outbound_route(),
    )
    _stop_typing(world, order.to)
    world.add_message(message)
    return message


def _stop_typing(world: World, address: str) -> None:
    client = world.find_client(address)
    if client:
        client.typing_until = None


def hold_answer(world: World, message: Message, first_posted: threading.Event, answer: Response) -> Response:
    """Give the answer, late or never when such a fault was asked for."""
    if message.route.callback_first:
        first_posted.wait(CALLBACK_SECONDS)
    slow = world.faults.take("slow_answer")
    if slow is not None:
        world.work.pause(slow)
    silent = world.faults.take("timeout_after_accepting")
    if silent is not None:
        world.work.pause(silent)
        _hang_up()
    return answer


def _hang_up() -> None:
    """Close the connection under the answer. Only a real server has one; the test client just gets the answer."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
