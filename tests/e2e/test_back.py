"""Back leads to what was there before: from a chat to its list, from the panel to its page, never out of the inbox."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.auth.models import User
from app.whatsapp.models import Conversation
from tests.e2e.test_unsaved import sign_in_here
from tests.factories import Factories

OpenPage = Callable[..., Page]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
AS_AN_APP = """const ask = matchMedia;
window.matchMedia = (query) => ask(query === "(display-mode: browser)" ? "not all" : query);"""
LIST = re.compile(r"/whatsapp/$")


@pytest.fixture
def people(factories: Factories) -> list[Conversation]:
    """Three clients who wrote."""
    found = []
    for number, name in enumerate(("Lucía", "Sergio", "Marta")):
        conversation = factories.conversation(f"+549115555010{number}", profile_name=name)
        factories.message(conversation, f"Soy {name}")
        found.append(conversation)
    return found


def tap(page: Page, name: str) -> None:
    page.locator("#conversation-list").get_by_text(name, exact=True).click()
    expect(page.locator("#conversation-name")).to_have_text(name)


def shows_list(page: Page) -> None:
    expect(page.locator("#list-title")).to_be_visible()
    expect(page.locator("#conversation")).to_have_count(0)


def steps(page: Page) -> int:
    return int(page.evaluate("history.length"))


def test_on_a_phone_back_leads_from_a_chat_to_the_list(open_page: OpenPage, people: list[Conversation]) -> None:
    page = open_page("/coordinaciones", **PHONE)
    page.goto("/whatsapp/?filter=waiting")

    tap(page, "Lucía")
    expect(page).to_have_url(re.compile(rf"/whatsapp/conversations/{people[0].id}\?filter=waiting$"))
    page.go_back()
    shows_list(page)
    expect(page).to_have_url(re.compile(r"/whatsapp/\?filter=waiting$"))
    expect(page.locator(f"#open-{people[0].id}")).to_be_focused()

    page.go_forward()
    expect(page.locator("#conversation-name")).to_have_text("Lucía")
    page.get_by_label("Volver a las conversaciones").click()
    shows_list(page)
    expect(page).to_have_url(re.compile(r"/whatsapp/\?filter=waiting$"))
    page.go_back()  # Nothing of the chat is left behind.
    expect(page).to_have_url(re.compile(r"/coordinaciones$"))


@pytest.mark.parametrize("installed", [False, True])
def test_a_chat_opened_by_its_address_stands_on_the_list(
    open_page: OpenPage, people: list[Conversation], installed: bool
) -> None:
    page = open_page("/coordinaciones", **({} if installed else PHONE))
    if installed:
        page.add_init_script(AS_AN_APP)
    page.goto(f"/whatsapp/conversations/{people[1].id}")
    expect(page).to_have_title(re.compile(r"^\(\d\) Sergio · Coordina$"))

    page.evaluate("history.back()")

    shows_list(page)
    expect(page).to_have_url(LIST)
    expect(page).to_have_title(re.compile(r"^\(\d\) Conversaciones · Coordina$"))
    tap(page, "Marta")
    page.reload()
    expect(page.locator("#conversation-name")).to_have_text("Marta")
    page.evaluate("history.back()")
    shows_list(page)
    expect(page).to_have_url(LIST)


def test_on_a_desktop_back_goes_through_the_chats_that_were_open(
    open_page: OpenPage, people: list[Conversation]
) -> None:
    page = open_page("/whatsapp/")
    tap(page, "Lucía")
    page.locator("#composer-text").fill("medio escrito")
    tap(page, "Sergio")
    tap(page, "Marta")
    expect(page).to_have_title(re.compile(r"^(\(\d\) )?Marta · Coordina$"))

    page.evaluate("history.back(); history.back()")

    expect(page.locator("#conversation-name")).to_have_text("Lucía")
    expect(page.locator("#composer-text")).to_have_value("medio escrito")
    expect(page).to_have_title(re.compile(r"^(\(\d\) )?Lucía · Coordina$"))
    expect(page.locator("a.row[aria-current=true]")).to_contain_text("Lucía")
    page.go_forward()
    expect(page.locator("#conversation-name")).to_have_text("Sergio")
    page.locator(".chat-menu summary").click()
    page.get_by_text("Marcar como no leída").click()  # It closes the chat.
    shows_list(page)
    expect(page).to_have_url(LIST)
    page.go_back()
    page.go_back()  # Before the chat in between is there.
    shows_list(page)
    expect(page).to_have_url(LIST)


def test_the_address_keeps_the_filter_and_the_search(open_page: OpenPage, people: list[Conversation]) -> None:
    page = open_page("/whatsapp/")
    page.locator(".chip", has_text="Sin responder").click()
    expect(page).to_have_url(re.compile(r"\?filter=waiting$"))
    before = steps(page)
    page.locator("#conversation-filter [name=q]").press_sequentially("soy marta")
    expect(page.locator("#conversation-list .row")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=soy\+marta&filter=waiting$"))
    assert steps(page) == before

    tap(page, "Marta")
    page.reload()

    expect(page.locator("#conversation-name")).to_have_text("Marta")
    expect(page.locator("#conversation-list .row")).to_have_count(1)
    expect(page.locator("#conversation-filter [name=q]")).to_have_value("soy marta")
    page.locator("#conversation-filter [name=q]").fill("")
    page.locator(".chip", has_text="Todas").click()
    expect(page.locator("#conversation-list .row")).to_have_count(3)
    expect(page).to_have_url(re.compile(rf"/conversations/{people[2].id}$"))
    page.go_back()
    shows_list(page)
    expect(page.locator("#conversation-list .row")).to_have_count(1)
    expect(page.locator("#conversation-filter [name=q]")).to_have_value("soy marta")


@pytest.mark.parametrize("screen", [PHONE, {}])
def test_in_the_panel_back_closes_the_chat_and_then_the_panel(
    open_page: OpenPage, people: list[Conversation], screen: dict[str, Any]
) -> None:
    page = open_page("/settings/password", **screen)
    page.goto("/coordinaciones")
    page.locator("#whatsapp-button").click()
    tap(page, "Lucía")

    page.go_back()
    shows_list(page)
    tap(page, "Sergio")
    page.reload()  # In the middle of it.
    expect(page.locator("#conversation-name")).to_have_text("Sergio")
    page.go_back()
    shows_list(page)
    page.go_back()

    expect(page.locator("#chat-panel")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/coordinaciones$"))
    page.locator("#whatsapp-button").click()
    tap(page, "Marta")
    page.locator("#conversation [data-close-panel]").click()
    expect(page.locator("#chat-panel")).to_be_hidden()
    page.wait_for_function("!history.state.open")
    page.go_back()  # Nothing of the panel is left behind.
    expect(page).to_have_url(re.compile(r"/settings/password$"))


def test_the_panel_that_somebody_left_open_is_not_opened_for_the_next_one(
    open_page: OpenPage, people: list[Conversation], bruno: User
) -> None:
    page = open_page("/coordinaciones")
    page.locator("#whatsapp-button").click()
    tap(page, "Lucía")
    page.locator(".who summary").click()
    page.get_by_role("button", name="Salir").click()

    sign_in_here(page, bruno)

    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_function("history.state?.below")  # The page has looked what was open.
    expect(page.locator("#chat-panel")).to_be_hidden()


def test_back_closes_what_lies_on_top_and_no_more(open_page: OpenPage, people: list[Conversation]) -> None:
    page = open_page("/whatsapp/", **PHONE)
    tap(page, "Lucía")
    page.locator(".chat-menu summary").click()
    page.get_by_text("Unir con otra conversación…").click()
    expect(page.locator("#who-dialog")).to_be_visible()

    page.evaluate("history.back()")

    expect(page.locator("#who-dialog")).to_be_hidden()
    expect(page.locator("#conversation-name")).to_have_text("Lucía")
    page.wait_for_function("history.state.chat")
    page.evaluate("history.back()")
    shows_list(page)


def test_without_network_the_address_says_what_is_there(
    open_page: OpenPage, people: list[Conversation], trouble: list[str]
) -> None:
    page = open_page("/whatsapp/")
    tap(page, "Lucía")
    tap(page, "Sergio")
    page.context.set_offline(True)

    page.evaluate("history.back()")

    page.wait_for_function(f"history.state.at === 1 && location.pathname.endsWith('/{people[1].id}')")
    expect(page.locator("#conversation-name")).to_have_text("Sergio")
    page.evaluate("history.back()")
    shows_list(page)
    expect(page).to_have_url(LIST)
    trouble.clear()  # The browser says what it could not fetch.
