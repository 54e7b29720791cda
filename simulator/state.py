"""The world of one simulator: everything it remembers, behind one lock. A reset makes a new world."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from flask import Flask, current_app

from simulator.faults import Faults
from simulator.records import Client, Media, Message, Sender, Service, Template, new_sid, stable_hex, utcnow
from simulator.settings import Settings
from simulator.work import Work

if TYPE_CHECKING:
    from simulator.delivery import Delivery


LONGEST_POST = 20  # Seconds: to be connected, and to be answered (delivery.py).


class World:
    """Clients, messages, templates, faults and the log of posts. `change` grows with everything a screen shows."""

    def __init__(self, settings: Settings) -> None:
        self.name = new_sid("")
        self.settings = settings
        self.lock = threading.RLock()
        self.clients: dict[str, Client] = {}
        self.messages: dict[str, Message] = {}
        self.media: dict[str, Media] = {}
        self.templates: dict[str, Template] = {}
        webhook = {"callback_url": settings.webhook_url, "callback_method": "POST"}
        self.sender = Sender("XE" + stable_hex(settings.number), settings.address, webhook)
        self.services: dict[str, Service] = {}
        self.account_status = "active"
        self.log: list[Delivery] = []
        self.faults = Faults()
        self.work = Work()
        self.change = 0

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock while something visible changes."""
        with self.lock:
            yield
            self.change += 1

    def add_client(self, name: str, phone: str | None, user_id: str | None = None, auto_read: bool = True) -> Client:
        """Remember a person with WhatsApp; without a user id they get one that a restart does not change."""
        digits = int(stable_hex(phone or name)[:13], 16)
        client = Client(name, phone, user_id or f"AR.{digits:016d}", auto_read)
        with self.changing():
            self.clients[client.key] = client
        return client

    def find_client(self, key: str) -> Client | None:
        """Find a client by phone (with or without `+` or `whatsapp:`) or by user id."""
        bare = key.strip().removeprefix("whatsapp:")
        with self.lock:
            found = self.clients.get(bare) or self.clients.get(f"+{bare}")
            named = {f"whatsapp:{bare}", f"whatsapp:+{bare}"}
            return found or next((client for client in self.clients.values() if client.addresses & named), None)

    def add_message(self, message: Message) -> None:
        """Remember a message and its media; an inbound one opens the 24 hour window from its own time."""
        with self.changing():
            message.number = len(self.messages) + 1
            self.messages[message.sid] = message
            self.media.update((media.sid, media) for media in message.media)
            client = self.find_client(message.client_address) if message.inbound else None
            if client and (client.last_inbound_at is None or client.last_inbound_at < message.moment):
                client.last_inbound_at = message.moment

    def chat(self, client: Client) -> list[Message]:
        """Return the messages with one client, oldest first."""
        addresses = client.addresses
        with self.lock:
            found = [message for message in self.messages.values() if message.client_address in addresses]
        return sorted(found, key=lambda message: (message.moment, message.number))

    def find_service(self, sid: str) -> Service:
        """Return a Messaging Service; any sid names one, which posts to the webhook until it is told otherwise."""
        with self.lock:
            return self.services.setdefault(sid, Service(sid, self.settings.webhook_url))

    def post_to(self, url: str) -> None:
        """Post what clients write to another address from now on."""
        with self.changing():
            self.settings = replace(self.settings, webhook_url=url)

    def advance(self, message: Message, status: str, error_code: int | None = None, only_from: str = "") -> bool:
        """Give a message its next status, with the times that Twilio would show.

        With `only_from` nothing happens, and False is returned, unless the message has that status.
        """
        with self.changing():
            if only_from and message.status != only_from:
                return False
            message.status = status
            message.error_code = error_code
            message.updated_at = utcnow()
            if message.sent_at is None and status not in ("queued", "accepted"):
                message.sent_at = message.updated_at
            return True


@dataclass
class Simulator:
    """What the Flask app carries: the world of the moment."""

    world: World
    turning: threading.Lock = field(default_factory=threading.Lock)

    def turn_to(self, world: World) -> None:
        """Stop the old world, give its last posts a moment to end, and begin the new one."""
        with self.turning:
            old, self.world = self.world, world
            old.work.stop()
            old.work.wait_idle(LONGEST_POST)


def simulator_of(app: Flask) -> Simulator:
    """Return the simulator that `create_simulator` hung on its app."""
    return cast(Simulator, app.extensions["simulator"])


def current_world() -> World:
    """Return the world of the app that answers the current request."""
    return simulator_of(current_app).world
