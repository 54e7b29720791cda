"""When things go wrong: nothing typed is lost, nothing looks sent that was not, and each failure says what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import APIResponse, Page, Route, expect
from sqlalchemy import update

from app.extensions import utcnow, writing
from app.whatsapp.models import Conversation
from tests.e2e.conftest import Phone
from tests.e2e.test_round_trip import open_chat
from tests.e2e.waiting import POLL, caught_up, look_now
from tests.factories import PASSWORD

OpenPage = Callable[..., Page]


def close_window() -> None:
    with writing() as session:
        session.execute(update(Conversation).values(window_expires_at=utcnow() - timedelta(minutes=1)))


def write(page: Page, words: str) -> None:
    page.locator("#composer-text").fill(words)
    page.keyboard.press("Enter")


def begin(open_page: OpenPage, lucia: Phone) -> Page:
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    return page


def test_a_window_that_closed_meanwhile_refuses_and_keeps_the_words(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    expect(page.locator("#seen[data-unread]")).to_have_count(0)
    page.locator("#composer-text").fill("¿Seguís ahí?")
    caught_up(page)  # Nothing is on its way that could tell it first,
    page.route(POLL, lambda route: route.fulfill(status=304))  # nor does a poll.
    close_window()

    page.locator("#composer-text").press("Enter")

    expect(page.locator("#composer")).to_contain_text("Pasaron las 24 h")
    expect(page.locator("#composer")).to_contain_text("Lo que escribiste queda guardado.")
    expect(page.locator(".msg.out")).to_have_count(0)
    page.unroute("**/whatsapp/unread*")
    lucia.say("Acá estoy")
    lucia.idle()
    look_now(page)
    expect(page.locator("#composer-text")).to_have_value("¿Seguís ahí?")
    assert lucia.received() == []
    assert len(trouble) == 1
    assert "409" in trouble.pop()


def test_a_message_that_twilio_refuses_says_so_and_can_be_sent_again(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    lucia.fault("refuse_429", times=2)

    write(page, "Ahora sí")

    failed = page.locator(".msg.out .failed:visible")
    expect(failed).to_contain_text("Twilio estaba ocupado")
    failed.get_by_role("button", name="Mandar de nuevo").click()
    expect(page.locator(".msg.out")).to_have_count(2)
    lucia.idle()
    assert lucia.received() == ["Ahora sí"]


def test_an_answer_that_never_comes_is_shown_as_unconfirmed_and_heals(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    lucia.fault("error_500")

    write(page, "¿Llegó?")

    expect(page.locator(".msg.out .unsure")).to_contain_text("no lo mandes de nuevo")


def test_a_failure_told_by_callback_shows_its_reason(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    lucia.fault("fail_with", value=63024)

    write(page, "¿Te llega?")
    expect(page.locator(".msg.out .by")).to_have_text("Ana")
    lucia.idle()
    look_now(page)

    expect(page.locator(".msg.out .failed:visible")).to_contain_text("Ese número no tiene WhatsApp")


def test_a_panel_that_cannot_be_loaded_says_so_and_tries_again(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page("/coordinaciones")
    page.route("**/whatsapp/panel", lambda route: route.abort())
    page.locator("#whatsapp-button").click()
    expect(page.locator("#chat-panel")).to_contain_text("No pudimos cargar las conversaciones.")

    page.unroute("**/whatsapp/panel")
    page.locator("#chat-panel").get_by_role("button", name="Reintentar").click()

    expect(page.locator("#conversation-list .row")).to_have_count(1)
    trouble.clear()  # The request that was cut is in the console.


def test_a_session_that_ended_comes_back_to_the_same_page(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = open_page("/coordinaciones?when=all")
    page.context.clear_cookies()

    look_now(page)

    page.get_by_role("link", name="Entrar de nuevo").click()
    page.get_by_label("Correo").fill("ana@example.com")
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    expect(page).to_have_url(re.compile(r"/coordinaciones\?when=all$"))
    trouble.clear()  # The refused poll is in the console as a 401.


def test_a_proxy_that_gives_up_after_the_message_went_out_sends_it_to_nobody_twice(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    answers: list[int] = []

    def give_up_once(route: Route) -> None:
        answer = route.fetch()
        answers.append(answer.status)
        route.fulfill(status=504, body="late") if len(answers) == 1 else route.fulfill(response=answer)

    caught_up(page)  # Nothing is on its way that could bring it.
    page.route("**/messages", give_up_once)
    page.route("**/whatsapp/unread*", lambda route: route.fulfill(status=304))  # No poll tells first that it went out.
    write(page, "Una sola vez")

    expect(page.locator(".msg.out .failed:visible")).to_contain_text("no llega dos veces")
    expect(page.locator("#composer-text")).to_have_value("")
    expect(page.locator(".msg.out .by")).to_have_text("Ana")

    expect(page.locator(".msg.out")).to_have_count(1)
    assert answers == [201, 201]
    lucia.idle()
    assert lucia.received() == ["Una sola vez"]
    assert "504" in trouble.pop()


def test_an_answer_that_comes_late_takes_no_tick_back(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/messages", lambda route: held.append((route, route.fetch())))

    write(page, "¿Llegó?")
    expect(page.locator(".msg.pending")).to_have_count(1)
    lucia.idle()
    look_now(page)
    expect(page.locator(".msg.out .tick-read")).to_be_visible()
    with page.expect_response("**/messages"):
        for route, answer in held:
            route.fulfill(response=answer)
    caught_up(page)

    expect(page.locator(".msg.out")).to_have_count(1)
    expect(page.locator(".msg.out .tick-read")).to_be_visible()
