"""An open page across a night: its words are renewed, and nothing that somebody does there is disturbed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from app.extensions import utcnow
from app.formats import today
from tests.e2e.conftest import Phone
from tests.e2e.waiting import caught_up
from tests.factories import Factories

OpenPage = Callable[..., Page]
# Stands in for "hoy" when it is "ayer" already: the server's clock cannot be moved.
MAKE_OLD = """() => {
  const words = [...document.querySelectorAll("[data-holds-until]")];
  for (const one of words) if (!one.querySelector("*")) one.textContent = "viejo";
  return words.length;
}"""


def a_night_passes(page: Page) -> None:
    assert page.evaluate(MAKE_OLD) > 0
    page.clock.fast_forward(timedelta(hours=30).total_seconds() * 1000)
    page.clock.run_for(6_000)


def test_the_words_of_an_open_chat_are_renewed_over_night_and_nothing_moves(
    open_page: OpenPage, lucia: Phone, factories: Factories, trouble: list[str]
) -> None:
    conversation = factories.conversation(lucia.phone)
    for number in range(40):
        factories.message(conversation, f"Mensaje {number}", sent_at=utcnow() - timedelta(minutes=50 - number))
    page = open_page("/whatsapp/")
    page.clock.install()
    page.locator("#conversation-list .row").click()
    expect(page.locator("#seen[data-unread]")).to_have_count(0)
    caught_up(page)
    page.locator("#composer-text").fill("A medio escr")
    page.evaluate("document.querySelector('#thread').scrollTop = 300")

    a_night_passes(page)

    expect(page.locator(".day").last).to_have_text("hoy")
    expect(page.locator("#conversation-list time").first).not_to_have_text("viejo")
    expect(page.locator("#conversation-status")).not_to_contain_text("viejo")
    expect(page.locator("#composer-text")).to_have_value("A medio escr")
    expect(page.locator("#composer-text")).to_be_focused()
    assert page.evaluate("document.querySelector('#thread').scrollTop") == 300
    trouble.clear()  # Hours went by faster than the server could answer a poll.


def test_the_days_left_are_renewed_in_the_list_and_on_the_page_of_an_event(
    open_page: OpenPage, lucia: Phone, factories: Factories, trouble: list[str]
) -> None:
    event = factories.coordinacion(title="Boda", phone=lucia.phone, event_on=today() + timedelta(days=20))
    factories.message(factories.conversation(lucia.phone), coordinacion_id=event.id)
    page = open_page("/coordinaciones")
    page.clock.install()
    expect(page.locator(f"#wa-count-{event.id} .count")).to_contain_text("1")
    page.locator("#coordinaciones-q").focus()

    a_night_passes(page)

    expect(page.locator(".day-cell")).to_contain_text("en 20 días")
    expect(page.locator(f"#wa-count-{event.id} .count")).to_contain_text("1")
    expect(page.locator("#coordinaciones-q")).to_be_focused()

    page.goto(f"/coordinaciones/{event.id}")
    expect(page.locator("#history .day")).to_have_text("hoy")
    page.get_by_role("link", name="Editar").focus()

    a_night_passes(page)

    expect(page.locator(".facts")).to_contain_text("en 20 días")
    expect(page.locator("#history .day")).to_have_text("hoy")
    expect(page.get_by_role("link", name="Editar")).to_be_focused()
    trouble.clear()
