"""The typing indicator: seen for 25 seconds at most, and also WhatsApp's only way to mark messages as read."""

from __future__ import annotations

from datetime import timedelta

from simulator.records import utcnow
from simulator.state import World

SHOWN_FOR = timedelta(seconds=25)


def show_typing(world: World, message_sid: str) -> bool:
    """Show the indicator to the writer of an inbound message, with blue ticks up to it; False for any other sid."""
    message = world.messages.get(message_sid)
    client = world.find_client(message.sender) if message and message.inbound else None
    if message is None or client is None:
        return False
    with world.changing():
        client.typing_until = utcnow() + SHOWN_FOR
        for earlier in world.chat(client):
            if earlier.inbound and earlier.moment <= message.moment:
                earlier.read_by_office = True
    return True
