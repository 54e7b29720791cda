"""A real Chromium against a real server and the simulator: what a coordinator and a client do on a Saturday night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from app.auth.models import User
from app.push.webpush import make_keys
from simulator.running import RunningSimulator, running_simulator
from tests.factories import PASSWORD
from tests.live_server import CountedServer, LiveServer, simulator_settings
from tests.push.receiver import Receiver, running_receiver

NOWHERE = "http://127.0.0.1:9/api/whatsapp/webhook"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in Path(str(item.fspath)).parts:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture(scope="session")
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator(simulator_settings(NOWHERE)) as running:
        yield running


@pytest.fixture(scope="session")
def push_service() -> Iterator[Receiver]:
    """The push service of every browser here: Chromium has none of its own without the network."""
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def live(
    migrated_app: Flask,
    database_url: str,
    simulator: RunningSimulator,
    push_service: Receiver,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[CountedServer]:
    log = tmp_path_factory.mktemp("server") / "server.log"
    settings = {
        "TWILIO_API_BASE_URL": simulator.url,
        "VAPID_PRIVATE_KEY": make_keys()[0],
        "VAPID_SUBJECT": "mailto:office@coordina.example",
        "PUSH_SERVICES": push_service.url,
    }
    server = CountedServer(database_url, log, workers=1, **settings)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def office(
    app: Flask, live: CountedServer, simulator: RunningSimulator, push_service: Receiver
) -> Iterator[LiveServer]:
    """The server on an empty database, and a simulator with nothing in it."""
    simulator.reset(simulator_settings(f"{live.url}/api/whatsapp/webhook"))
    push_service.forget()
    yield live
    simulator.reset(simulator_settings(NOWHERE))  # Nothing of this test's reaches the next one's database,
    live.wait_idle()  # nor what its browsers asked before they were closed.


class Phone:
    """One client's phone: what is typed on it, what arrives on it, and what is to go wrong with the next message."""

    def __init__(self, simulator: RunningSimulator, phone: str, name: str) -> None:
        self.control, self.phone = simulator.app.test_client(), phone
        self.control.post("/control/clients", json={"name": name, "phone": phone, "auto_read": True})

    def say(self, body: str, **fields: Any) -> str:
        answer = self.control.post(f"/control/clients/{self.phone}/messages", json={"body": body, **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json["sid"])

    def fault(self, name: str, **fields: Any) -> None:
        assert self.control.post("/control/faults", json={"fault": name, **fields}).status_code < 300

    def messages(self) -> list[dict[str, Any]]:
        """Return all, in the order in which WhatsApp was given them: which arrives first is nobody's promise."""
        answer = self.control.get(f"/control/clients/{self.phone}/messages").json
        messages: list[dict[str, Any]] = answer if isinstance(answer, list) else answer["messages"]
        return sorted(messages, key=lambda message: message["number"])

    def received(self) -> list[str]:
        return [message["body"] for message in self.messages() if message["direction"] != "inbound"]

    def files(self) -> list[tuple[str, str, bytes]]:
        """Return kind, words and bytes of each file that arrived, in their order."""
        arrived = [message for message in self.messages() if message["direction"] != "inbound" and message["media"]]
        return [(one["kind"], one["body"], self.control.get(one["media"][0]["url"]).data) for one in arrived]

    def unanswered(self) -> list[object]:
        """Return what became of those posts to the office that it did not take."""
        deliveries = self.control.get("/control/deliveries").json["deliveries"]
        return [one["status_code"] or one["error"] for one in deliveries if (one["status_code"] or 500) >= 300]

    def idle(self) -> None:
        assert self.control.get("/control/idle?timeout=20").status_code == 200


@pytest.fixture
def lucia(office: LiveServer, simulator: RunningSimulator) -> Phone:
    return Phone(simulator, "+5491155550101", "Lucía Ferreyra")


class Trouble(list[str]):
    """What a browser complained of.

    Who clears it expected that requests find nobody, or are refused: what the browser says of that a moment later,
    while a last poll is under way, is expected too. What a script of ours does wrong never is.
    """

    OF_REQUESTS = ("Failed to load resource", "htmx: htmx:error: Failed to fetch")

    def __init__(self) -> None:
        super().__init__()
        self.requests_may_fail = False

    def clear(self) -> None:
        super().clear()
        self.requests_may_fail = True

    def note(self, text: str) -> None:
        if not (self.requests_may_fail and text.startswith(self.OF_REQUESTS)):
            self.append(text)


@pytest.fixture
def trouble() -> Trouble:
    """What the browser complained of; the test that fills it fails, unless it expects it and clears it."""
    return Trouble()


@pytest.fixture
def open_page(browser: Browser, office: LiveServer, ana: User, trouble: Trouble) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a browser of one's own, signed in as Ana unless told otherwise."""
    contexts: list[BrowserContext] = []

    def watch(page: Page) -> Page:
        def complain(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                trouble.note(message.text)

        page.on("console", complain)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        return page

    def open_(path: str = "/", *, email: str = ana.email, **options: Any) -> Page:
        options = {"viewport": {"width": 1440, "height": 900}, "locale": "es-AR", "base_url": office.url} | options
        context = browser.new_context(**options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        answer = context.request.post("/login", form={"email": email, "password": PASSWORD}, max_redirects=0)
        assert answer.status == 303, answer.text()
        page = watch(context.new_page())
        page.goto(path)
        page.get_by_role("heading", level=1).wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert trouble == []


@pytest.fixture
def open_phone(browser: Browser, simulator: RunningSimulator) -> Iterator[Callable[[Phone], Page]]:
    """Return a function that opens the screen of a client's phone, in a browser of its own."""
    contexts: list[BrowserContext] = []

    def open_(phone: Phone) -> Page:
        contexts.append(browser.new_context(viewport={"width": 1200, "height": 900}, locale="es-AR"))
        page = contexts[-1].new_page()
        page.goto(f"{simulator.url}/phones/{phone.phone}")
        return page

    yield open_
    for context in contexts:
        context.close()
