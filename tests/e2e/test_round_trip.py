"""The main job, end to end: a client writes, staff see it, answer, and watch the ticks turn blue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Phone
from tests.e2e.waiting import A_TURN, POLL, look_now
from tests.factories import Factories

OpenPage = Callable[..., Page]
__all__ = ["A_TURN", "held", "look_now", "open_chat"]


@contextmanager
def held(page: Page, url: str) -> Iterator[None]:
    """Hold back what the page asks of `url` until the block is over."""
    waiting: list[Route] = []
    over = False

    def take(route: Route) -> None:
        if over:
            route.continue_()
        else:
            waiting.append(route)

    page.route(url, take)
    with page.expect_request(url):
        yield
    over = True
    for route in waiting:
        route.continue_()


def open_chat(page: Page, name: str) -> None:
    page.locator("#whatsapp-button").click()
    page.locator("#conversation-list").get_by_text(name, exact=True).click()
    expect(page.locator("#conversation-name")).to_have_text(name)


def test_a_message_makes_the_round_trip(open_page: OpenPage, lucia: Phone, factories: Factories) -> None:
    factories.coordinacion(title="Casamiento de Lucía y Tomás", client_name="Lucía Ferreyra", phone=lucia.phone)
    page = open_page("/coordinaciones")
    expect(page.locator("#whatsapp-badge")).to_have_attribute("data-count", "0")

    lucia.say("¿A qué hora llegan a armar?")
    lucia.idle()
    with page.expect_request(POLL) as polled:  # The first after it came: nobody clicks, nothing is loaded anew.
        pass
    assert polled.value.response() is not None
    expect(page.locator("#whatsapp-badge")).to_have_attribute("data-count", "1")
    expect(page).to_have_title("(1) Coordinaciones")
    open_chat(page, "Lucía Ferreyra")
    expect(page.locator("#messages")).to_contain_text("¿A qué hora llegan a armar?")
    page.locator("#composer-text").fill("A las 18, por el portón.")
    page.keyboard.press("Enter")

    bubble = page.locator("#messages .msg.out")
    expect(bubble).to_contain_text("A las 18, por el portón.")
    expect(bubble.locator(".by")).to_have_text("Ana")
    lucia.idle()
    expect(bubble.locator(".tick-read")).to_be_visible()
    expect(page.locator("#whatsapp-badge")).to_have_attribute("data-count", "0")
    expect(page).to_have_title("Coordinaciones")
    assert lucia.received() == ["A las 18, por el portón."]


def test_the_bubble_is_there_at_once_and_a_second_click_sends_nothing(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    page.locator("#composer-text").fill("Una sola vez")

    with held(page, "**/conversations/*/messages"):
        page.locator("#composer-form .round[aria-label=Mandar]").dblclick()
        expect(page.locator(".msg.pending .tick-clock")).to_be_visible()

    expect(page.locator(".msg.out .by")).to_have_text("Ana")
    expect(page.locator(".msg.out")).to_have_count(1)
    lucia.idle()
    assert lucia.received() == ["Una sola vez"]


def test_several_messages_in_a_row_all_go_in_order(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    lucia.fault("slow_answer", value=1)

    for words in ("uno", "dos", "tres"):
        page.locator("#composer-text").fill(words)
        page.keyboard.press("Enter")

    expect(page.locator(".msg.out:not(.pending)")).to_have_count(3)
    expect(page.locator(".msg.out .text")).to_have_text(["uno", "dos", "tres"])
    lucia.idle()
    assert lucia.received() == ["uno", "dos", "tres"]


def test_the_button_of_a_coordinacion_opens_its_chat_and_shows_its_count(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    wedding = factories.coordinacion(title="Casamiento", client_name="Lucía Ferreyra", phone=lucia.phone)
    lucia.say("Hola")
    lucia.idle()
    page = open_page("/coordinaciones")
    expect(page.locator(f"#wa-count-{wedding.id} .count")).to_contain_text("1")

    page.locator(f"form[action$='/coordinaciones/{wedding.id}/open'] button").click()

    expect(page.locator("#context")).to_contain_text("Casamiento")
    expect(page.locator("#messages")).to_contain_text("Hola")
    expect(page.locator(f"#wa-count-{wedding.id}")).to_have_text("")


def test_the_event_of_a_chat_changes_with_a_tap(open_page: OpenPage, lucia: Phone, factories: Factories) -> None:
    factories.coordinacion(title="Civil", phone=lucia.phone)
    factories.coordinacion(title="Fiesta", phone=lucia.phone)
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    page.locator("#whatsapp-button").click()
    page.locator("#conversation-list .row").click()
    other = "Civil" if "Fiesta" in page.locator("#context").inner_text() else "Fiesta"

    page.locator("#context").get_by_role("button", name="Cambiar").click()
    page.locator("#context").get_by_role("button", name=other).click()

    expect(page.locator("#context b")).to_have_text(other)


def test_a_conversation_works_without_javascript(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page("/whatsapp/", java_script_enabled=False)

    page.get_by_role("link", name="Lucía Ferreyra").click()
    page.locator("#composer-text").fill("Sin JavaScript también")
    page.get_by_role("button", name="Mandar", exact=True).click()

    expect(page.locator("#messages .msg.out")).to_contain_text("Sin JavaScript también")
    lucia.idle()
    assert lucia.received() == ["Sin JavaScript también"]
