"""What stands above a chat, used with a mouse: choices that open there, the name, the call; and the chat on paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from app.extensions import utcnow
from tests.e2e.conftest import Phone
from tests.factories import Factories

OpenPage = Callable[..., Page]


def test_a_click_outside_closes_every_choice_and_takes_the_focus(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page("/whatsapp/")
    page.locator("#conversation-list .row").click()

    page.get_by_role("button", name="Nadie la atiende. Elegir quién.").click()
    expect(page.locator(".people")).to_be_visible()
    page.locator("#composer-text").click()
    expect(page.locator(".people")).to_have_count(0)
    expect(page.locator("a#assignee")).to_be_visible()
    expect(page.locator("#composer-text")).to_be_focused()

    page.locator("#context").get_by_role("button", name="Elegir").click()
    page.get_by_label("Buscar evento, cliente, lugar o fecha").fill("boda")
    expect(page.locator("#event-results")).to_contain_text("Nada coincide con «boda».")
    page.locator("#composer-text").click()
    expect(page.locator("section#context")).to_have_count(0)
    expect(page.locator("div#context")).to_be_visible()
    expect(page.locator("#composer-text")).to_be_focused()


def test_renaming_begins_with_the_present_name_and_leaving_it_gives_none(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    conversation = factories.conversation(lucia.phone, profile_name="Lucía Ferreyra")
    factories.message(conversation)
    page = open_page(f"/whatsapp/conversations/{conversation.id}")

    page.get_by_role("button", name="Cambiar el nombre").click()
    name = page.get_by_label("Nombre", exact=True)
    expect(name).to_have_value("Lucía Ferreyra")
    assert page.evaluate("getSelection().toString()") == "Lucía Ferreyra"
    page.keyboard.press("Enter")

    expect(page.locator("#conversation-name")).to_have_text("Lucía Ferreyra")
    assert factories.reload(conversation).given_name == ""
    expect(page.get_by_role("link", name="Llamar al")).to_have_attribute("href", f"tel:{lucia.phone}")


def test_a_printed_chat_is_its_messages_from_the_first_to_the_last(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    conversation = factories.conversation(lucia.phone)
    for number in range(30):
        factories.message(conversation, f"Mensaje {number}", sent_at=utcnow() - timedelta(minutes=40 - number))
    page = open_page(f"/whatsapp/conversations/{conversation.id}", color_scheme="dark")
    expect(page.locator("#messages .msg")).to_have_count(30)

    page.emulate_media(media="print")

    for gone in ("header.top", "#list-pane", ".composer-area", ".assignee", "#whatsapp-button", ".call"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.locator("#conversation-name")).to_be_visible()
    paper = page.evaluate(
        "() => ({cut: document.querySelector('#thread').scrollHeight - document.querySelector('#thread').clientHeight,"
        " bottom: document.querySelector('#messages .msg:last-of-type').getBoundingClientRect().bottom + scrollY,"
        " page: document.documentElement.scrollHeight,"
        " scheme: getComputedStyle(document.documentElement).colorScheme})"
    )
    assert paper["cut"] == 0
    assert paper["page"] > 1000
    assert paper["bottom"] <= paper["page"]
    assert paper["scheme"] == "light"
