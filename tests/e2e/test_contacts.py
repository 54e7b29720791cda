"""Who is who, in a real browser: joining and separating, names, the clock of the window, and what is about to close."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.extensions import utcnow, writing
from app.whatsapp.alerts.actions.closing_windows import tell_closing
from app.whatsapp.models import Conversation
from simulator.running import RunningSimulator
from tests.e2e.conftest import Phone
from tests.e2e.test_round_trip import open_chat
from tests.e2e.waiting import caught_up, look_now
from tests.factories import Factories
from tests.live_server import LiveServer

OpenPage = Callable[..., Page]


@pytest.fixture
def marta(office: LiveServer, simulator: RunningSimulator) -> Phone:
    return Phone(simulator, "+5493515550199", "Marta")


def closes_in(factories: Factories, phone: str, name: str, **left: int) -> Conversation:
    conversation = factories.conversation(phone, profile_name=name, window_expires_at=utcnow() + timedelta(**left))
    factories.message(conversation, "¿Siguen ahí?", read_at=utcnow(), sent_at=utcnow() - timedelta(hours=22))
    return conversation


def test_two_chats_are_joined_and_separated_and_what_was_typed_stays(
    open_page: OpenPage, lucia: Phone, marta: Phone
) -> None:
    lucia.say("Soy Lucía")
    lucia.idle()
    marta.say("Soy Lucía, del teléfono de mi hermana")
    marta.idle()
    page, colleague = open_page(), open_page()
    open_chat(colleague, "Marta")
    colleague.locator("#composer-text").fill("Hola Lu")
    open_chat(page, "Lucía Ferreyra")

    page.get_by_label("Más opciones").click()
    page.get_by_role("button", name="Unir con otra conversación…").click()
    page.keyboard.type("mart")
    page.locator("#who-results").get_by_role("button", name="Unir").click()
    expect(page.locator("#who-title")).to_have_text("¿Unir estas conversaciones?")
    page.locator("#who").get_by_role("button", name="Unir", exact=True).click()

    expect(page.locator("#messages .text")).to_have_text(["Soy Lucía", "Soy Lucía, del teléfono de mi hermana"])
    expect(page.locator("#who-dialog")).to_be_hidden()
    look_now(colleague)
    expect(colleague.locator("#conversation-name")).to_have_text("Lucía Ferreyra")
    expect(colleague.locator("#messages .text")).to_have_count(2)
    expect(colleague.locator("#composer-text")).to_have_value("Hola Lu")
    page.locator("#composer-text").fill("Te contesto acá")
    page.keyboard.press("Enter")
    expect(page.locator(".msg.out .by")).to_have_text("Ana")
    marta.idle()
    assert (lucia.received(), marta.received()) == ([], ["Te contesto acá"])

    page.get_by_label("Más opciones").click()
    page.get_by_role("button", name="Separar de +54 9 351 555-0199…").click()
    page.locator("#who").get_by_role("button", name="Separar").click()
    expect(page.locator("#messages .text")).to_have_text(["Soy Lucía"])


def test_escape_closes_the_dialog_and_nothing_below_it(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    page.get_by_label("Más opciones").click()
    page.get_by_role("button", name="Unir con otra conversación…").click()
    expect(page.get_by_label("Buscar nombre o número")).to_be_focused()

    page.keyboard.press("Escape")

    expect(page.locator("#who-dialog")).to_be_hidden()
    expect(page.locator("#conversation")).to_be_visible()
    expect(page.get_by_label("Más opciones")).to_be_focused()


def test_a_name_is_changed_in_its_place_and_no_poll_takes_it_away(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    page.get_by_role("button", name="Cambiar el nombre").click()
    expect(page.get_by_label("Nombre", exact=True)).to_be_focused()
    page.keyboard.type("La novia")

    lucia.say("¿Están?")
    lucia.idle()
    look_now(page)
    expect(page.locator("#messages")).to_contain_text("¿Están?")
    expect(page.get_by_label("Nombre", exact=True)).to_have_value("La novia")
    page.keyboard.press("Enter")

    expect(page.locator("#conversation-name")).to_have_text("La novia")
    expect(page.locator(".aka")).to_have_text("En WhatsApp: Lucía Ferreyra")
    page.get_by_role("button", name="Cambiar el nombre").click()
    expect(page.get_by_label("Nombre", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#conversation-name")).to_have_text("La novia")


def test_the_header_counts_down_by_itself(
    open_page: OpenPage, lucia: Phone, factories: Factories, trouble: list[str]
) -> None:
    closes_in(factories, lucia.phone, "Lucía Ferreyra", hours=2, seconds=30)
    page = open_page()
    page.clock.install()
    page.reload()  # What ticks began before.
    open_chat(page, "Lucía Ferreyra")
    expect(page.locator("#conversation-status")).to_contain_text("cierra en 2 h 0 min")
    expect(page.locator("#seen[data-unread]")).to_have_count(0)
    caught_up(page)
    page.route("**/whatsapp/**", lambda _route: None)  # The server's clock stands: it would say what was left before.

    page.clock.run_for(60_000)
    expect(page.locator("#conversation-status")).to_contain_text("cierra en 1 h 59 min")
    expect(page.locator(".window-left")).to_have_class("window-left soon")

    page.clock.fast_forward(3 * 3_600_000)
    page.clock.run_for(6000)
    expect(page.locator("#conversation-status")).to_contain_text("ventana cerrada")
    trouble.clear()  # Hours went by faster than the server could answer a poll.


def test_staff_are_told_of_a_window_that_closes_and_may_put_it_away(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    page = open_page("/coordinaciones")
    closes_in(factories, lucia.phone, "Lucía Ferreyra", hours=1, minutes=58, seconds=30)
    expect(page.locator("#closing-notice")).to_be_hidden()

    tell_closing()
    look_now(page)

    notice = page.locator("#closing-notice")
    expect(notice).to_contain_text("La ventana de Lucía Ferreyra cierra en 1 h 58 min")
    notice.get_by_role("link").click()
    expect(page.locator("#conversation-name")).to_have_text("Lucía Ferreyra")
    expect(notice).to_be_hidden()  # Its own header says it.
    page.get_by_label("Volver a las conversaciones").click()
    notice.get_by_role("button", name="Descartar el aviso").click()
    expect(notice).to_be_hidden()
    page.reload()
    expect(page.locator("#closing-notice")).to_be_hidden()

    closes_in(factories, "+5491155550188", "Otra Persona", minutes=40)
    tell_closing()
    look_now(page)
    expect(page.locator("#closing-notice")).to_contain_text("2 ventanas cierran pronto")


def test_a_draft_waits_for_the_client_to_answer(open_page: OpenPage, lucia: Phone, factories: Factories) -> None:
    conversation = closes_in(factories, lucia.phone, "Lucía Ferreyra", minutes=30)
    page = open_page("/whatsapp/")
    page.locator("#conversation-list .row").click()
    page.locator("#composer-text").fill("Te confirmo el horario")
    with writing() as session:
        session.get_one(Conversation, conversation.id).window_expires_at = utcnow() - timedelta(minutes=1)
    factories.message(conversation, "Un recordatorio", direction="outbound")
    look_now(page)
    expect(page.locator("#composer")).to_contain_text("Lo que escribiste queda guardado.")

    lucia.say("Perdón, acá estoy")
    lucia.idle()
    look_now(page)

    expect(page.locator("#composer-text")).to_have_value("Te confirmo el horario")


def test_baja_and_alta_are_seen_in_the_thread(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("BAJA")
    lucia.idle()
    page = open_page("/whatsapp/")
    page.locator("#conversation-list .row").click()
    expect(page.locator(".happened")).to_contain_text("Pidió no recibir más mensajes")
    expect(page.locator("#composer")).to_contain_text("tiene que mandar ALTA o START")

    lucia.say("alta")
    lucia.idle()
    look_now(page)

    expect(page.locator(".happened").last).to_contain_text("Volvió a aceptar mensajes")
    expect(page.locator("#composer-text")).to_be_visible()


def test_a_phone_that_writes_in_every_form_is_one_chat(
    open_page: OpenPage, lucia: Phone, simulator: RunningSimulator
) -> None:
    for way in ("user_id", "phone", "variant", "both"):
        lucia.control.patch(f"/control/clients/{lucia.phone}", json={"writes_as": way})
        lucia.say(way)
        lucia.idle()
    page = open_page("/whatsapp/")

    expect(page.locator("#conversation-list .row")).to_have_count(1)
    page.locator("#conversation-list .row").click()
    expect(page.locator("#messages .text")).to_have_text(["user_id", "phone", "variant", "both"])
    page.locator("#composer-text").fill("Te leo")
    page.keyboard.press("Enter")
    expect(page.locator(".msg.out .by")).to_have_text("Ana")
    lucia.idle()
    assert lucia.received() == ["Te leo"]
