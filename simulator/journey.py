"""The way of an accepted message: queued, sent, delivered, read, or failed, with a callback for each step."""

from __future__ import annotations

import threading

from simulator.attached import fetch_attached
from simulator.delivery import Parcel, post
from simulator.records import Client, Message, Template, stable_hex, utcnow
from simulator.rules import UNDELIVERED_CODES, describe, failure_on_the_way
from simulator.state import World


def launch(world: World, message: Message, template: Template | None) -> threading.Event:
    """Start the journey in the background. The event is set once the first callback was posted, or never will be."""
    first_posted = threading.Event()

    def travel() -> None:
        try:
            _travel(world, message, template, first_posted)
        finally:
            first_posted.set()

    world.work.start(travel)
    return first_posted


def _travel(world: World, message: Message, template: Template | None, first_posted: threading.Event) -> None:
    settings, route = world.settings, message.route
    client = world.find_client(message.recipient)
    code = route.error_code or failure_on_the_way(client, template, message.body, utcnow())
    code = code or fetch_attached(message)
    if not world.work.pause(0 if route.callback_first else settings.sent_after):
        return
    if code and code not in UNDELIVERED_CODES:
        _step(world, message, "failed", code)
        return
    if route.backwards and client and not code:
        _travel_backwards(world, message, client)
        return
    _step(world, message, "sent")
    first_posted.set()
    if world.work.pause(settings.delivered_after):
        _step(world, message, "undelivered" if code else "delivered", code)
        if client and client.auto_read and not code:
            read_later(world, message)


def read_later(world: World, message: Message) -> None:
    """Let the client read a delivered message after the usual delay, in the background."""

    def read() -> None:
        if world.work.pause(world.settings.read_after) and world.advance(message, "read", only_from="delivered"):
            report(world, message, world.find_client(message.recipient), "read")

    world.work.start(read)


def open_chat(world: World, client: Client) -> None:
    """The client opens the chat: everything delivered and not read becomes read."""
    for message in world.chat(client):
        if not message.inbound and message.status == "delivered":
            read_later(world, message)


def _travel_backwards(world: World, message: Message, client: Client) -> None:
    """Report the steps in the wrong order, as two of Twilio's workers can do; the message itself is where it ends."""
    steps = ["sent", "delivered", *(["read"] if client.auto_read else [])]
    world.advance(message, steps[-1])
    for status in reversed(steps):
        report(world, message, client, status)


def _step(world: World, message: Message, status: str, code: int | None = None) -> None:
    world.advance(message, status, code)
    report(world, message, world.find_client(message.recipient), status)


def report(world: World, message: Message, client: Client | None, status: str) -> None:
    """Post one status callback, as often as the faults of this message say."""
    if not message.status_callback or message.route.lost:
        return
    parcel = Parcel("status", message.sid, message.status_callback, status_parameters(world, message, client, status))
    for _copy in range(message.route.copies):
        post(world, parcel, message.route.wrong_signature)


def status_parameters(world: World, message: Message, client: Client | None, status: str) -> list[tuple[str, str]]:
    """Return the parameters of a status callback in Twilio's order; there is no time among them."""
    recipient = message.recipient.removeprefix("whatsapp:")
    parameters = [
        ("ChannelPrefix", "whatsapp"),
        ("ApiVersion", "2010-04-01"),
        ("MessageStatus", status),
        ("SmsSid", message.sid),
        ("SmsStatus", status),
        ("ChannelInstallSid", "XE" + stable_hex(world.settings.number)),
        ("To", message.recipient),
        ("From", message.sender),
        ("MessageSid", message.sid),
        ("AccountSid", world.settings.account_sid),
        ("ChannelToAddress", recipient[:-4] + "XXXX"),
    ]
    return parameters + _only_some(message, client, status)


def _only_some(message: Message, client: Client | None, status: str) -> list[tuple[str, str]]:
    parameters: list[tuple[str, str]] = []
    if status in ("sent", "failed"):
        parameters.append(("StructuredMessage", "false"))
    if status in ("delivered", "read") and client:
        parameters.append(("ExternalUserId", f"whatsapp:{client.user_id}"))
    if status in ("failed", "undelivered") and message.error_code:
        sentence = describe(message.error_code)
        parameters += [("ErrorCode", str(message.error_code)), ("ErrorMessage", f"Twilio Error: {sentence}")]
        parameters.append(("ChannelStatusMessage", sentence))
    if message.messaging_service_sid:
        parameters.append(("MessagingServiceSid", message.messaging_service_sid))
    return parameters
