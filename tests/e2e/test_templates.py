"""Templates end to end: after the 24 hours, as the first word, and from their writing to their use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.auth.models import User
from app.extensions import db, utcnow, writing
from app.formats import format_day_long, today
from app.whatsapp.models import Conversation
from simulator.running import RunningSimulator
from simulator.sample import add_template
from tests.e2e.conftest import Phone
from tests.e2e.test_round_trip import open_chat
from tests.e2e.waiting import caught_up, look_now
from tests.factories import Factories

OpenPage = Callable[..., Page]

CONFIRMATION: dict[str, Any] = {
    "friendly_name": "confirmacion",
    "variables": {"1": "Lucía", "2": "sábado 12", "3": "Salón Azul"},
    "types": {
        "twilio/quick-reply": {
            "body": "Hola {{1}}, te confirmamos. Fecha: {{2}}. Lugar: {{3}}. ¿Está bien?",
            "actions": [{"type": "QUICK_REPLY", "title": "Está bien", "id": "ok"}],
        }
    },
}


@pytest.fixture
def templates(lucia: Phone, simulator: RunningSimulator) -> None:
    """What Twilio has: one that can be sent, and one that WhatsApp refused."""
    add_template(simulator.world, CONFIRMATION, 0)
    refused = {"friendly_name": "promo", "status": "rejected", "types": {"twilio/text": {"body": "Promo"}}}
    add_template(simulator.world, refused, 1)


def close_window(lucia: Phone) -> None:
    """Let a day pass since the client wrote, here and at WhatsApp."""
    lucia.control.patch(f"/control/clients/{lucia.phone}", json={"window_hours": 25})
    with writing() as session:
        session.scalars(select(Conversation)).one().window_expires_at = utcnow() - timedelta(hours=1)


def refresh(page: Page) -> None:
    page.goto("/whatsapp/templates")
    page.get_by_role("button", name="Actualizar").click()
    expect(page.get_by_text("Confirmacion", exact=True)).to_be_visible()


@pytest.mark.usefixtures("templates")
def test_after_the_24_hours_a_template_is_filled_and_sent(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    event_on = today() + timedelta(days=12)  # Ahead, whenever this runs.
    day = format_day_long(event_on)
    factories.coordinacion(title="Casamiento", client_name="Lucía Ferreyra", phone=lucia.phone, event_on=event_on)
    lucia.say("Hola")
    lucia.idle()
    close_window(lucia)
    page = open_page()
    refresh(page)
    open_chat(page, "Lucía Ferreyra")
    picker = page.locator("#template-picker")
    expect(picker.locator(".picker-row")).to_have_count(1)
    picker.locator(".picker-row").click()

    # The place is missing: it is marked, the hand is there, and nothing goes.
    expect(picker.get_by_label("Fecha")).to_have_value(day)
    missing = picker.locator("#v-3")
    expect(missing).to_be_focused()
    expect(picker.locator("mark.blank")).to_have_text("Lugar")
    page.get_by_role("button", name="Mandar plantilla").click()
    expect(page.locator("#messages .msg.out")).to_have_count(0)

    # A poll brings news, and what is being typed stays.
    missing.press_sequentially("Quinta ")
    caught_up(page)
    missing.press_sequentially("Los Aromos")
    expect(picker.locator("#template-preview")).to_contain_text("Lugar: Quinta Los Aromos.")
    expect(picker.locator("mark.blank")).to_have_count(0)
    page.get_by_role("button", name="Mandar plantilla").dblclick()

    words = f"Hola Lucía, te confirmamos. Fecha: {day}. Lugar: Quinta Los Aromos. ¿Está bien?"
    expect(page.locator("#messages .msg.out:not(.pending)")).to_contain_text(words)
    expect(page.locator("#messages .msg.out")).to_have_count(1)
    lucia.idle()
    assert lucia.received() == [words]

    # A tap on the phone opens the window again, and free text comes first.
    lucia.say("", type="button", text="Está bien", payload="ok")
    lucia.idle()
    look_now(page)
    expect(page.locator("#composer-text")).to_be_visible()


@pytest.mark.usefixtures("templates")
def test_what_was_typed_is_kept_and_can_be_a_value(open_page: OpenPage, lucia: Phone, factories: Factories) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    refresh(page)
    open_chat(page, "Lucía Ferreyra")
    page.locator("#composer-text").fill("Quinta Los Aromos,\na las 18")
    close_window(lucia)
    page.reload()
    expect(page.get_by_text("Lo que escribiste queda guardado.")).to_be_visible()
    page.locator(".picker-row").click()

    field = page.locator(".picker-field", has=page.locator("#v-3"))
    field.get_by_role("button", name="Usar lo que escribiste").click()

    expect(page.locator("#v-3")).to_have_value("Quinta Los Aromos, a las 18")
    expect(page.locator("#template-preview")).to_contain_text("Lugar: Quinta Los Aromos, a las 18.")
    page.locator("#v-2").fill("el sábado")
    page.get_by_role("button", name="Mandar plantilla").click()
    expect(page.locator("#messages .msg.out:not(.pending)")).to_have_count(1)
    expect(page.get_by_text("Lo que escribiste queda guardado.")).to_be_hidden()


def fill_a_template(open_page: OpenPage, lucia: Phone) -> Page:
    """Open the chat of a client whose 24 hours are over, and begin to fill the template."""
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    refresh(page)
    close_window(lucia)
    open_chat(page, "Lucía Ferreyra")
    page.locator(".picker-row").click()
    page.locator("#v-2").fill("el sábado")
    return page


@pytest.mark.usefixtures("templates")
def test_a_lost_answer_keeps_the_form_and_the_same_press_sends_nothing_twice(
    open_page: OpenPage, lucia: Phone, factories: Factories, trouble: list[str]
) -> None:
    page = fill_a_template(open_page, lucia)
    page.locator("#v-3").fill("Salón Azul")
    page.route("**/conversations/*/templates/*", lambda route: (route.fetch(), route.abort())[1])

    page.get_by_role("button", name="Mandar plantilla").click()
    expect(page.get_by_text("Reintentar no lo manda dos veces.")).to_be_visible()
    page.unroute("**/conversations/*/templates/*")
    page.route("**/conversations/*/templates/*", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    page.get_by_role("button", name="Mandar plantilla").click()
    expect(page.get_by_text("Reintentar no lo manda dos veces.")).to_be_visible()
    expect(page.locator("#messages .msg.pending")).to_have_count(0)
    expect(page.locator("#v-3")).to_have_value("Salón Azul")
    page.unroute("**/conversations/*/templates/*")
    page.get_by_role("button", name="Mandar plantilla").click()

    expect(page.locator(".picker-row")).to_be_visible()
    expect(page.locator("#messages .msg.out")).to_have_count(1)
    lucia.idle()
    assert len(lucia.received()) == 1
    trouble.clear()  # The browser says that the network failed.


@pytest.mark.usefixtures("templates")
def test_what_the_server_refuses_leaves_no_bubble_and_nothing_is_lost(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = fill_a_template(open_page, lucia)
    page.locator("#v-3").evaluate("field => field.removeAttribute('required')")

    page.get_by_role("button", name="Mandar plantilla").click()

    expect(page.get_by_text("Falta este dato.")).to_be_visible()
    expect(page.locator("#v-3")).to_be_focused()
    expect(page.locator("#v-2")).to_have_value("el sábado")
    expect(page.locator("#messages .msg.out")).to_have_count(0)
    assert lucia.received() == []
    trouble.clear()  # The browser reports the 422, too.


def test_a_new_template_is_approved_and_then_offered(
    app: Flask, open_page: OpenPage, lucia: Phone, carla: User, trouble: list[str]
) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page("/whatsapp/templates/new", email=carla.email)
    page.get_by_label("Nombre").fill("aviso_de_llegada")
    page.get_by_label("Texto").fill("Hola {{1}}, en un rato llegamos a armar.")
    expect(page.get_by_label("{{1}}", exact=True)).to_be_visible()
    page.get_by_text("Pedir aprobación a WhatsApp").click()
    page.get_by_role("button", name="Sí, pedir aprobación").click()
    expect(page.get_by_text("Poné un ejemplo: WhatsApp lo pide.")).to_be_visible()
    trouble.clear()  # The browser reports the 422, too.
    page.get_by_label("{{1}}", exact=True).fill("Lucía")
    expect(page.get_by_text("Poné un ejemplo: WhatsApp lo pide.")).to_have_count(0)
    expect(page.get_by_label("{{1}}", exact=True)).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("#template-preview")).to_contain_text("Hola Lucía, en un rato")
    page.get_by_text("Pedir aprobación a WhatsApp").click()
    page.get_by_role("button", name="Sí, pedir aprobación").click()
    expect(page.get_by_text("En revisión")).to_be_visible()
    chat = page.locator("#template-picker")
    close_window(lucia)
    db.session.rollback()
    conversation = db.session.scalars(select(Conversation)).one()
    page.goto(f"/whatsapp/conversations/{conversation.id}")
    expect(chat.get_by_text("Todavía no hay plantillas aprobadas.")).to_be_visible()

    (made,) = lucia.control.get("/control/templates").json["templates"]
    lucia.control.patch(f"/control/templates/{made['sid']}", json={"status": "approved"})
    page.goto("/whatsapp/templates")
    page.get_by_role("button", name="Actualizar").click()
    expect(page.get_by_text("Aprobada")).to_be_visible()
    page.goto(f"/whatsapp/conversations/{conversation.id}")

    expect(chat.get_by_text("Aviso de llegada")).to_be_visible()
