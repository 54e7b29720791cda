"""What cannot be taken back asks first, what can be is undone with one tap, and Enter in a field sends nothing."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from app.auth.models import User
from tests.e2e.conftest import Phone
from tests.e2e.test_round_trip import look_now, open_chat
from tests.factories import Factories

OpenPage = Callable[..., Page]


def menu(page: Page, name: str) -> None:
    page.locator(".chat-menu summary").click()
    page.get_by_role("button", name=name).click()


def test_what_needs_no_answer_can_be_undone_and_a_chat_left_for_later(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Gracias!")
    lucia.idle()
    page = open_page("/coordinaciones")
    open_chat(page, "Lucía Ferreyra")
    expect(page.locator("#whatsapp-badge")).to_have_attribute("data-count", "0")

    menu(page, "No hace falta responder")
    expect(page.locator("#settled")).to_contain_text("Ana marcó que no hace falta responder")
    page.get_by_role("button", name="Deshacer").click()
    expect(page.locator("#settled")).to_be_hidden()
    expect(page.locator("#conversation-status .waits")).to_be_visible()

    # The chat closes, so that whoever marked it does not read it again by looking on.
    menu(page, "Marcar como no leída")
    expect(page.locator("#conversation")).to_have_count(0)
    expect(page.locator("#whatsapp-badge")).to_have_attribute("data-count", "1")
    page.mouse.click(5, 5)
    look_now(page)
    expect(page.locator("#conversation-list .row.unread")).to_have_count(1)


def test_enter_in_a_field_of_a_template_sends_nothing(
    open_page: OpenPage, lucia: Phone, factories: Factories, carla: User
) -> None:
    chat = factories.conversation(lucia.phone, window_expires_at=None)
    factories.message(chat, "Hola")
    template = factories.template()
    sent: list[str] = []
    page = open_page(f"/whatsapp/conversations/{chat.id}", email=carla.email)
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.locator(".picker-row").click()
    page.locator("#v-2").fill("el martes")
    page.locator("#v-1").fill("Lucía")

    page.keyboard.press("Enter")
    expect(page.locator("#v-2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#v-2")).to_be_focused()

    page.goto("/whatsapp/templates/new")
    page.get_by_label("Nombre").fill("aviso")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Idioma")).to_be_focused()
    page.get_by_text("Pedir aprobación a WhatsApp").click()
    expect(page.get_by_text("Después no se puede cambiar.")).to_be_visible()
    assert [url for url in sent if url.endswith((f"/templates/{template.id}", "/templates/new"))] == []


def test_without_javascript_enter_in_a_field_of_a_template_sends_nothing_either(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    chat = factories.conversation(lucia.phone, window_expires_at=None)
    template = factories.template()
    url = f"/whatsapp/conversations/{chat.id}/templates/{template.id}"
    page = open_page(url, java_script_enabled=False)
    page.locator("#v-1").fill("Lucía")
    page.locator("#v-2").fill("el martes")

    page.keyboard.press("Enter")
    page.get_by_role("button", name="plantilla").click()

    expect(page.locator("#messages .msg.out")).to_have_count(1)
