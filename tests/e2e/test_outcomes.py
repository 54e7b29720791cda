"""What becomes of what staff send: the next step under a failure, the alarm, what clients see, and what it all cost."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page, expect

from app.auth.models import User
from app.twilio.client import Account, Twilio
from app.whatsapp.costs.actions import learn_prices
from simulator.running import RunningSimulator
from tests.e2e.conftest import Phone
from tests.e2e.test_trouble import begin, write
from tests.e2e.waiting import look_now
from tests.factories import Factories

OpenPage = Callable[..., Page]


def fail_with(page: Page, lucia: Phone, code: int, words: str) -> None:
    lucia.fault("fail_with", value=code)
    write(page, words)
    expect(page.locator(".msg.out .by").last).to_have_text("Ana")
    lucia.idle()
    look_now(page)


def test_a_failed_message_is_sent_again_and_both_know_of_each_other(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    fail_with(page, lucia, 63012, "¿Confirmamos?")
    bubbles = page.locator("#messages .msg.out")
    expect(bubbles.locator(".failed:visible")).to_contain_text("Falló algo en WhatsApp.")

    bubbles.get_by_role("button", name="Mandar de nuevo").click()

    expect(bubbles).to_have_count(2)
    expect(bubbles.first).to_contain_text("Ya se mandó de nuevo.")
    expect(bubbles.first.get_by_role("button", name="Mandar de nuevo")).to_have_count(0)
    expect(bubbles.last).to_contain_text("Es otro intento del que no salió.")
    lucia.idle()
    assert lucia.received() == ["¿Confirmamos?", "¿Confirmamos?"]
    bubbles.first.get_by_role("link", name="Ya se mandó de nuevo.").click()
    expect(page).to_have_url(re.compile(r"#m-\d+$"))


def test_what_whatsapp_would_not_take_goes_back_into_the_composer(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    fail_with(page, lucia, 63013, "Texto prohibido")

    page.get_by_role("button", name="Corregirlo").click()

    expect(page.locator("#composer-text")).to_have_value("Texto prohibido")
    expect(page.locator("#composer-text")).to_be_focused()


def test_the_step_of_a_template_leads_to_the_closed_composer(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    fail_with(page, lucia, 63016, "¿Seguís ahí?")

    page.locator("#messages").get_by_role("link", name="Elegir plantilla").click()

    expect(page.locator("#composer :focus")).to_have_count(1)


def test_staff_tell_the_admin_who_sees_it_and_puts_it_away(
    open_page: OpenPage, lucia: Phone, carla: User, factories: Factories
) -> None:
    factories.device(carla)  # Else admins are told on every page that nobody has one.
    page = begin(open_page, lucia)
    admin = open_page(email=carla.email)
    fail_with(page, lucia, 21608, "Hola")

    page.get_by_role("button", name="Avisar al administrador").click()

    expect(page.locator(".msg.out .failed")).to_contain_text("Ya le avisamos al administrador.")
    look_now(admin)
    expect(admin.locator("#whatsapp-notices")).to_contain_text("Ana pide que mires por qué no salió un mensaje.")
    admin.get_by_role("button", name="Ya lo vi").click()
    expect(admin.locator("#whatsapp-notices")).to_have_text("")


def test_an_account_that_sends_nothing_alarms_everybody_until_something_goes_out(
    open_page: OpenPage, lucia: Phone, carla: User, factories: Factories
) -> None:
    factories.device(carla)
    page = begin(open_page, lucia)
    admin = open_page(email=carla.email)
    lucia.fault("refuse_with", value=20003)

    write(page, "¿Sale?")

    expect(page.locator("#composer-trouble")).to_contain_text("WhatsApp no está saliendo.")
    look_now(admin)
    expect(admin.locator("#whatsapp-notices")).to_contain_text("WhatsApp no está saliendo desde las")
    expect(admin.get_by_role("link", name="Ver diagnóstico")).to_be_visible()
    write(page, "Ahora sí")
    lucia.idle()
    look_now(page)
    look_now(admin)
    expect(page.locator("#composer-trouble")).to_have_text("")
    expect(admin.locator("#whatsapp-notices")).to_have_text("")


def test_the_client_sees_that_they_were_read_and_that_somebody_writes(
    open_page: OpenPage, lucia: Phone, simulator: RunningSimulator
) -> None:
    page = begin(open_page, lucia)
    phone = page.context.new_page()
    phone.goto(f"{simulator.url}/phones/{lucia.phone}")
    expect(phone.locator(".msg.mine .tick.read")).to_have_count(1)
    with simulator.world.changing():
        simulator.world.find_client(lucia.phone).typing_until = None  # type: ignore[union-attr]
    expect(phone.locator("#presence")).not_to_have_text("escribiendo…")

    with page.expect_response("**/typing"):
        page.locator("#composer-text").press_sequentially("Hola")

    expect(phone.locator("#presence")).to_have_text("escribiendo…")


def test_an_admin_sees_what_it_cost(
    open_page: OpenPage, lucia: Phone, carla: User, app: Flask, simulator: RunningSimulator
) -> None:
    lucia.control.post("/control/settings", json={"priced_after": 0})
    page = begin(open_page, lucia)
    write(page, "¡Hola!")
    expect(page.locator(".msg.out .by")).to_have_text("Ana")
    lucia.idle()
    told = simulator.world.settings
    app.extensions["twilio"] = Twilio(Account(told.account_sid, told.auth_token, told.number, base_url=simulator.url))
    assert learn_prices() == 2

    admin = open_page(email=carla.email)
    admin.locator(".who summary").click()
    admin.get_by_role("link", name="Costos").click()

    expect(admin.get_by_role("heading", name="Costos de WhatsApp")).to_be_visible()
    expect(admin.locator("figure svg").first).to_be_visible()
    expect(admin.locator(".cost-table tfoot")).to_contain_text("0,01")
