"""What Twilio tells the app when a client writes: the parameters of the inbound webhook, in the order it uses."""

from __future__ import annotations

import json

from simulator.delivery import Parcel, post
from simulator.records import Client, Message
from simulator.replies import answer_to_client
from simulator.rules import opt_out_choice
from simulator.state import World

BEFORE = (
    "Latitude",
    "Longitude",
    "Address",
    "Label",
    "ButtonText",
    "ButtonPayload",
    "ButtonType",
    "ListId",
    "ListTitle",
    "FlowData",
    "OriginalRepliedMessageSid",
    "OriginalRepliedMessageSender",
    "Forwarded",
    "FrequentlyForwarded",
    "ReferralBody",
    "ReferralHeadline",
    "ReferralSourceId",
    "ReferralSourceType",
    "ReferralSourceUrl",
    "ReferralCtwaClid",
)


def receive(world: World, message: Message, client: Client, notify: bool = True) -> None:
    """Take in a client's message: remember it, mind STOP and START, and tell the app in the background."""
    world.add_message(message)
    choice = opt_out_choice(message.body) if message.kind == "text" else None
    if choice is not None:
        with world.changing():
            client.opted_out = choice
    message.route = world.faults.inbound_route(bool(message.media)) if notify else message.route
    if notify and not message.route.lost:
        for _copy in range(message.route.copies):
            world.work.start(lambda: _notify(world, message, client))


def _notify(world: World, message: Message, client: Client) -> None:
    parcel = Parcel("inbound", message.sid, world.settings.webhook_url, inbound_parameters(world, message, client))
    delivery = post(world, parcel, message.route.wrong_signature)
    with world.changing():
        message.webhook_status = str(delivery.status_code or "sin respuesta")
    if delivery.succeeded:
        answer_to_client(world, message, delivery.content_type, delivery.answer)


def inbound_parameters(world: World, message: Message, client: Client) -> list[tuple[str, str]]:
    """Return the webhook's parameters. Those that only some kinds have stand around the fixed ones."""
    known = [(name, message.details[name]) for name in BEFORE if name in message.details]
    unknown = [(name, value) for name, value in message.details.items() if name not in BEFORE]
    types = [(f"MediaContentType{at}", item.content_type) for at, item in enumerate(message.media)]
    return [
        *([("ExternalUserId", f"whatsapp:{client.user_id}")] if client.writes_as in ("both", "user_id") else []),
        *types,
        *known,
        *_fixed(world, message, client),
        *[(f"MediaUrl{at}", media_url(world, message, at)) for at in range(len(message.media))],
        *unknown,
        ("ApiVersion", "2010-04-01"),
    ]


def _fixed(world: World, message: Message, client: Client) -> list[tuple[str, str]]:
    return [
        ("SmsMessageSid", message.sid),
        ("NumMedia", str(len(message.media))),
        ("ProfileName", client.name),
        ("MessageType", message.kind),
        ("SmsSid", message.sid),
        *([("WaId", client.shown_phone.removeprefix("+"))] if client.shown_phone else []),
        ("SmsStatus", "received"),
        ("Body", message.body),
        ("To", world.settings.address),
        ("NumSegments", "1"),
        ("ReferralNumMedia", "0"),
        ("MessageSid", message.sid),
        ("AccountSid", world.settings.account_sid),
        ("ChannelMetadata", _channel_metadata(client)),
        ("From", client.address),
    ]


def media_url(world: World, message: Message, at: int) -> str:
    """Return the address, with authentication, of one media file of a message; by a fault, one that is not ours."""
    if message.route.media_elsewhere:
        return f"https://files.example/Media/{message.media[at].sid}"
    account = f"{world.settings.public_url}/2010-04-01/Accounts/{world.settings.account_sid}"
    return f"{account}/Messages/{message.sid}/Media/{message.media[at].sid}"


def _channel_metadata(client: Client) -> str:
    context = {"ProfileName": client.name}
    if client.shown_phone:
        context["WaId"] = client.shown_phone.removeprefix("+")
    metadata = {"type": "whatsapp", "data": {"context": context}}
    return json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
