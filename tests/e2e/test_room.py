"""The frame holds: no page is longer than what it shows, whatever is hidden in its lists for screen readers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.auth.models import User
from app.extensions import utcnow
from tests.e2e.waiting import caught_up
from tests.factories import Factories

OpenPage = Callable[..., Page]
DESKTOP = {"width": 1366, "height": 650}
# The narrowest phone, a laptop at twice its size, a desktop at four times: WCAG 2.2, 1.4.10 (Reflow).
SMALL = ((320, 640), (683, 325), (320, 256))
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


def box(piece: Locator) -> dict[str, float]:
    found: dict[str, float] = piece.evaluate("piece => piece.getBoundingClientRect().toJSON()")
    return found


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


@pytest.mark.parametrize(("width", "height"), SMALL)
def test_a_chat_can_be_read_and_answered_however_little_room_there_is(
    open_page: OpenPage, factories: Factories, width: int, height: int
) -> None:
    conversation = factories.conversation(profile_name="Maximiliano Hernández-Etcheverry de la Fuente")
    for number in range(20):
        factories.message(conversation, f"Mensaje {number}: ¿a qué hora llegan a armar?")
    page = open_page("/whatsapp/", viewport={"width": width, "height": height})
    page.locator("#conversation-list .row").click()
    name, text = page.locator("#conversation-name"), page.locator("#composer-text")
    expect(text).to_be_focused()

    text.fill("Llegamos 19:30 y armamos en una hora. Después probamos el sonido. " * 3)

    assert page.evaluate(SCROLLABLE) == [0, 0, 0]
    for piece in (
        name,
        text,
        page.locator("#conversation .back"),
        page.locator("#composer-form > button.round:last-of-type"),
    ):
        expect(piece).to_be_in_viewport(ratio=1)
    assert box(name)["width"] > 90
    assert box(text)["width"] > 150
    assert box(page.locator("#thread"))["height"] > 50
    page.locator("#conversation .back").click()
    expect(page.locator("#list-title")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1024, 700), (390, 844)])
def test_the_round_button_and_its_badge_cover_nothing(
    open_page: OpenPage, factories: Factories, width: int, height: int
) -> None:
    factories.message(factories.conversation())
    for _number in range(12):
        factories.coordinacion()
    page = open_page("/coordinaciones?when=all", viewport={"width": width, "height": height})
    button = box(page.locator("#whatsapp-button"))
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    rows = box(page.locator(".coordinaciones"))

    if width > 720:  # Beside all there is, however far it is scrolled.
        assert rows["x"] + rows["width"] < button["x"]
        return
    bar = box(page.locator("header.top nav"))
    links = [box(link) for link in page.locator("header.top nav a").all()]
    assert button["x"] + button["width"] / 2 == bar["x"] + bar["width"] / 2
    assert bar["y"] - button["height"] / 2 < button["y"] < bar["y"]
    assert button["y"] + button["height"] < height
    assert links[0]["x"] + links[0]["width"] < button["x"]
    assert button["x"] + button["width"] < links[1]["x"]
    assert box(page.locator("main").get_by_role("link").last)["y"] + 24 < button["y"]


# Once it says so: how far down the strip, what is below it and the composer reach, and how far the page scrolls.
WITHOUT_NETWORK = """(selector) => {
  const strip = document.querySelector("#offline").getBoundingClientRect();
  const below = document.querySelector(selector).getBoundingClientRect();
  const composer = document.querySelector("#composer").getBoundingClientRect();
  const page = document.scrollingElement;
  return strip.height && {
    over: Math.max(0, strip.bottom - below.top), under: Math.max(0, composer.bottom - innerHeight),
    scrolls: page.scrollHeight - page.clientHeight,
  };
}"""


@pytest.mark.parametrize("screen", [DESKTOP, {"width": 390, "height": 844}])
def test_what_says_that_there_is_no_network_covers_nothing(
    open_page: OpenPage, ana: User, factories: Factories, trouble: list[str], screen: dict[str, int]
) -> None:
    crowd(factories, ana, 3)
    page = open_page("/whatsapp/", viewport=screen)
    page.locator("#conversation-list .row").first.click()
    expect(page.locator("#conversation")).to_be_visible()
    caught_up(page)

    page.context.set_offline(True)
    inbox = page.wait_for_function(WITHOUT_NETWORK, arg="#conversation > header").json_value()
    page.context.set_offline(False)
    page.goto("/coordinaciones")
    page.locator("#whatsapp-button").click()
    page.locator("#conversation-list .row").first.click()
    expect(page.locator("#conversation")).to_be_visible()
    caught_up(page)
    page.context.set_offline(True)
    panel = page.wait_for_function(WITHOUT_NETWORK, arg="#chat-panel").json_value()

    assert inbox == {"over": 0, "under": 0, "scrolls": 0}
    assert (panel["over"], panel["under"]) == (0, 0)
    trouble.clear()  # The browser says so too.
