"""The round trip in another engine: Firefox, as Debian's package `firefox-esr` brings it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.auth.models import User
from tests.e2e.conftest import Phone
from tests.e2e.firefox import ENTER, Firefox, running_firefox
from tests.factories import PASSWORD
from tests.live_server import LiveServer


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Firefox]:
    executable = shutil.which("firefox-esr") or shutil.which("firefox")
    if executable is None and os.environ.get("CI"):
        pytest.fail("Firefox is missing, and in CI this test must run: install the package `firefox-esr`.")
    if executable is None:
        pytest.skip("Firefox is not installed: the round trip was not tried in it.")
    with running_firefox(executable, tmp_path) as running:
        yield running


def test_a_message_makes_the_round_trip_in_firefox(
    firefox: Firefox, office: LiveServer, ana: User, lucia: Phone
) -> None:
    firefox.go(f"{office.url}/login")
    firefox.type("input[name=email]", ana.email)
    firefox.type("input[name=password]", PASSWORD + ENTER)
    firefox.until("document.querySelector('#whatsapp-badge')?.dataset.count === '0'")
    loaded = firefox.ask("performance.timeOrigin")

    lucia.say("¿A qué hora llegan a armar?")
    firefox.until("document.querySelector('#whatsapp-badge').dataset.count === '1'")
    # A link that htmx has not made ready yet leads to the page of its own, as without JavaScript.
    firefox.click("#whatsapp-button[data-htmx-powered]")
    firefox.click("#conversation-list a.row[data-htmx-powered]")
    firefox.until("document.querySelector('#messages')?.textContent.includes('¿A qué hora llegan a armar?')")
    firefox.type("#composer-text", "A las 18, por el portón." + ENTER)

    firefox.until("document.querySelector('#messages .msg.out .by')?.textContent === 'Ana'")
    lucia.idle()
    assert lucia.received() == ["A las 18, por el portón."]
    firefox.until("document.querySelector('#messages .msg.out .tick-read')?.checkVisibility()")
    firefox.until("document.querySelector('#whatsapp-badge').dataset.count === '0'")
    assert firefox.ask("performance.timeOrigin") == loaded  # All of it on the page that was there.
