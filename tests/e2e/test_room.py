"""The frame holds: no page is longer than what it shows, whatever is hidden in its lists for screen readers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from app.auth.models import User
from app.extensions import utcnow
from tests.factories import Factories

OpenPage = Callable[..., Page]
DESKTOP = {"width": 1366, "height": 650}
# How far the document can be scrolled, down and to the side.
SCROLLABLE = """() => {
  const page = document.scrollingElement;
  return [page.scrollHeight - page.clientHeight, page.scrollWidth - page.clientWidth, scrollY];
}"""


@pytest.fixture
def browser(desktop_browser: Browser) -> Browser:
    return desktop_browser


def crowd(factories: Factories, ana: User, count: int = 40) -> None:
    """Make `count` conversations that nobody has read, every second one with somebody who looks after it."""
    for number in range(count):
        name = f"Clienta {number:02}"
        conversation = factories.conversation(
            f"+54911555{number:05}", profile_name=name, assigned_to_id=ana.id if number % 2 else None
        )
        for line in range(3):
            factories.message(conversation, f"Mensaje {line}", sent_at=utcnow() - timedelta(minutes=number * 3 + line))


def test_the_page_never_scrolls_in_the_inbox(open_page: OpenPage, ana: User, factories: Factories) -> None:
    crowd(factories, ana)
    page = open_page("/whatsapp/", viewport=DESKTOP)
    assert page.evaluate("innerWidth - document.querySelector('.list').clientWidth") > 0
    assert page.evaluate(SCROLLABLE) == [0, 0, 0]

    page.locator("#conversation-list .row").nth(1).click()
    expect(page.locator("#composer-text")).to_be_focused()

    assert page.evaluate(SCROLLABLE) == [0, 0, 0]
    page.locator("#conversation-list .row").nth(39).click()
    expect(page.locator("#conversation-name")).to_have_text("Clienta 39")
    assert page.evaluate(SCROLLABLE) == [0, 0, 0]
    expect(page.locator("header.top")).to_be_in_viewport(ratio=1)
