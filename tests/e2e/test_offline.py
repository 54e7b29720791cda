"""What is written without a network goes out by itself, once and in order; where something happened since, it asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, Route, expect
from sqlalchemy import update

from app.auth.models import User
from app.extensions import utcnow, writing
from app.whatsapp.models import Conversation
from tests.e2e.conftest import Phone
from tests.e2e.test_device import until, with_worker
from tests.e2e.test_together import open_chat
from tests.e2e.waiting import look_now
from tests.factories import PASSWORD

OpenPage = Callable[..., Page]
TRIES = """Object.entries(localStorage).filter(([name]) => name.startsWith("outbox:"))
    .map(([, item]) => JSON.parse(item).tries)"""
KEPT = "Object.keys(localStorage).filter((name) => name.startsWith('outbox:')).length"

AGED = """() => {
    const name = Object.keys(localStorage).find((one) => one.startsWith("outbox:"));
    const item = JSON.parse(localStorage[name]);
    localStorage[name] = JSON.stringify({ ...item, at: item.at - 13 * 3600000 });
}"""


def begin(open_page: OpenPage, lucia: Phone) -> Page:
    lucia.say("¿A qué hora llegan?")
    lucia.idle()
    page = open_chat(open_page())
    expect(page.locator("#messages")).to_contain_text("¿A qué hora llegan?")
    return page


def write(page: Page, *messages: str) -> None:
    for words in messages:
        page.locator("#composer-text").fill(words)
        page.locator("#composer-text").press("Enter")


def write_without_network(page: Page, *messages: str) -> None:
    page.context.set_offline(True)
    write(page, *messages)
    expect(page.locator("#messages .failed.unsure").first).to_contain_text("Sale solo cuando vuelva")


def tried(page: Page, times: int) -> None:
    """Wait until what waits was tried so often; the page's own clock may stand still."""
    while page.evaluate(TRIES) != [times]:
        page.wait_for_timeout(20)


def answer_as(page: Page, words: str) -> None:
    write(page, words)
    expect(page.locator("#messages .msg.out:not(.pending)")).to_contain_text([words])


def test_what_was_written_without_a_network_goes_out_by_itself_in_order(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    write_without_network(page, "A las 18", "Por el portón", "Somos cuatro")
    expect(page.locator("#conversation-list .row")).to_contain_text("3 sin mandar")
    expect(page.locator("#messages .failed:visible")).to_have_count(3)
    expect(page.locator("#offline")).to_be_visible()

    page.context.set_offline(False)

    expect(page.locator("#messages .msg.out .by")).to_have_count(3)
    expect(page.locator("#messages .msg.out .text")).to_have_text(["A las 18", "Por el portón", "Somos cuatro"])
    expect(page.locator("[data-pending], .unsent-mark")).to_have_count(0)
    expect(page.locator("#offline")).to_be_hidden()
    lucia.idle()
    assert lucia.received() == ["A las 18", "Por el portón", "Somos cuatro"]
    assert page.evaluate(KEPT) == 0
    trouble.clear()  # Chromium itself reports each request that found no network.


def test_another_tab_sends_what_a_tab_that_was_closed_could_not(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    others = [page.context.new_page() for _ in range(2)]
    for other in others:
        other.goto("/coordinaciones")
        other.locator("#whatsapp-button").wait_for()
    write_without_network(page, "A las 18", "Por el portón")
    page.close()

    others[0].context.set_offline(False)

    for other in others:
        until(other, f"{KEPT} === 0")
    lucia.idle()
    assert lucia.received() == ["A las 18", "Por el portón"]
    trouble.clear()


def test_a_page_that_is_opened_later_sends_it(open_page: OpenPage, lucia: Phone, trouble: list[str]) -> None:
    page = begin(open_page, lucia)
    write_without_network(page, "A las 18", "Por el portón")
    context = page.context
    page.close()
    context.set_offline(False)
    page = context.new_page()

    page.goto("/coordinaciones")

    until(page, f"{KEPT} === 0")
    lucia.idle()
    assert lucia.received() == ["A las 18", "Por el portón"]
    trouble.clear()


def test_a_colleague_who_answered_meanwhile_is_asked_about_in_the_thread(
    open_page: OpenPage, lucia: Phone, bruno: User, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    other = open_chat(open_page(email=bruno.email))
    write_without_network(page, "A las 19", "Por el portón")
    answer_as(other, "A las 18")

    page.context.set_offline(False)

    bubble = page.locator("#messages [data-pending]").first
    expect(bubble).to_contain_text("alguien le respondió mientras tanto")
    expect(bubble.locator(".text")).to_have_text("A las 19")
    expect(page.locator("#messages [data-pending]").last).to_contain_text("Sale después del anterior")
    expect(page.locator("#messages")).to_contain_text("A las 18")
    expect(page.locator("#conversation-list .row")).to_contain_text("2 sin mandar")
    lucia.idle()
    assert lucia.received() == ["A las 18"]
    bubble.get_by_role("button", name="Mandar igual").click()
    expect(page.locator("[data-pending]")).to_have_count(0)
    lucia.idle()
    assert lucia.received() == ["A las 18", "A las 19", "Por el portón"]
    trouble.clear()


def test_what_asks_is_told_on_every_page_with_its_words(open_page: OpenPage, lucia: Phone, trouble: list[str]) -> None:
    page = begin(open_page, lucia)
    write_without_network(page, "¿Seguís ahí?")
    context = page.context
    page.close()
    with writing() as session:
        session.execute(update(Conversation).values(window_expires_at=utcnow() - timedelta(minutes=1)))
    context.set_offline(False)
    page = context.new_page()

    page.goto("/coordinaciones")

    notice = page.locator("#unsent-notices .notice")
    expect(notice).to_contain_text("Le escribiste a Lucía Ferreyra:")
    expect(notice).to_contain_text("¿Seguís ahí?")
    expect(notice).to_contain_text("pasaron las 24 h")
    notice.get_by_role("link", name="Ver el chat").click()
    bubble = page.locator("#chat-panel #messages [data-pending]")
    expect(bubble).to_contain_text("¿Seguís ahí?")
    expect(notice).to_have_count(0)
    expect(page.locator("#conversation-list .row")).to_contain_text("1 sin mandar")
    bubble.get_by_role("button", name="Guardar como borrador").click()
    expect(page.locator("#composer")).to_contain_text("Lo que escribiste queda guardado.")
    expect(page.locator("[data-pending], .unsent-mark")).to_have_count(0)
    lucia.say("Acá estoy")
    lucia.idle()
    look_now(page)
    expect(page.locator("#composer-text")).to_have_value("¿Seguís ahí?")
    assert lucia.received() == []
    trouble.clear()


def test_what_was_not_sent_can_be_taken_back(open_page: OpenPage, lucia: Phone, trouble: list[str]) -> None:
    page = begin(open_page, lucia)
    twin = page.context.new_page()
    open_chat(twin)
    write_without_network(page, "No, mejor no")
    expect(twin.locator("#messages [data-pending]")).to_have_count(1)

    page.get_by_role("button", name="No mandar").click()

    expect(page.locator("#composer-text")).to_have_value("No, mejor no")
    for tab in (page, twin):
        expect(tab.locator("[data-pending]")).to_have_count(0)
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    lucia.idle()
    assert lucia.received() == []
    trouble.clear()


def test_a_session_that_ended_keeps_what_was_sent_until_the_same_person_is_back(
    open_page: OpenPage, lucia: Phone, bruno: User, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    page.route("**/whatsapp/unread*", lambda route: route.fulfill(status=304))  # No poll tells it first.
    cookies: list[Any] = list(page.context.cookies())
    page.context.clear_cookies()

    write(page, "A las 18")

    expect(page.locator("#messages .failed.unsure")).to_contain_text("Entrá de nuevo y sale solo")
    page.context.request.post("/login", form={"email": bruno.email, "password": PASSWORD})
    other = page.context.new_page()
    other.goto("/coordinaciones")
    other.locator("#whatsapp-button").wait_for()
    assert other.evaluate(KEPT) == 1
    expect(other.locator("#unsent-notices")).to_be_empty()
    page.context.clear_cookies()
    page.context.add_cookies(cookies)
    other.goto("/coordinaciones")
    until(other, f"{KEPT} === 0")
    lucia.idle()
    assert lucia.received() == ["A las 18"]
    trouble.clear()


def test_a_server_or_a_network_that_answers_nonsense_is_asked_again(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    context = page.context
    answers: list[dict[str, Any]] = [
        {"status": 200, "content_type": "text/html", "body": "<h1>Wi-Fi del salón: aceptá las condiciones</h1>"},
        {"status": 502, "body": "late"},
        {"status": 429, "headers": {"Retry-After": "3"}, "body": ""},
    ]
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.post_data or "")
        if len(asked) <= len(answers):
            route.fulfill(**answers[len(asked) - 1])
        else:
            route.continue_()

    page.route("**/messages", answer)
    context.clock.install()

    write(page, "A las 18")

    held = page.locator("#messages .failed.unsure")
    for tries in (1, 2):
        tried(page, tries)
        expect(held).to_contain_text("no llega dos veces")
        context.clock.run_for(13_000)
    expect(held).to_contain_text("Sale solo en un momento")
    context.clock.run_for(5000)
    expect(page.locator("[data-pending]")).to_have_count(0)
    lucia.idle()
    assert lucia.received() == ["A las 18"]
    assert len(asked) == 4
    assert len(set(asked)) == 1  # The same key each time.
    trouble.clear()


def test_what_was_written_half_a_day_ago_asks_first(open_page: OpenPage, lucia: Phone, trouble: list[str]) -> None:
    page = begin(open_page, lucia)
    write_without_network(page, "Llego en diez minutos")
    page.evaluate(AGED)

    page.context.set_offline(False)

    expect(page.locator("#messages [data-pending]")).to_contain_text("lo escribiste hace muchas horas")
    page.get_by_role("button", name="Mandar igual").click()
    expect(page.locator("[data-pending]")).to_have_count(0)
    lucia.idle()
    assert lucia.received() == ["Llego en diez minutos"]
    trouble.clear()


def test_a_reload_without_a_network_comes_back_by_itself_and_sends(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    page.goto("/whatsapp/")
    with_worker(page)
    page = open_chat(page)
    write_without_network(page, "A las 18", "Por el portón")
    page.reload()
    expect(page.get_by_role("heading", name="Sin conexión")).to_be_visible()

    page.context.set_offline(False)

    page.locator("#conversation-list").wait_for()
    until(page, f"{KEPT} === 0")
    lucia.idle()
    assert lucia.received() == ["A las 18", "Por el portón"]
    trouble.clear()


def test_what_is_pressed_without_a_network_says_that_it_was_not_done(
    open_page: OpenPage, lucia: Phone, bruno: User, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    page.locator("#assignee").click()
    page.context.set_offline(True)
    page.get_by_role("button", name="Bruno").click()

    alert = page.locator("#alerts .alert")
    expect(alert).to_contain_text("No hay conexión: eso no se hizo.")
    page.set_viewport_size({"width": 320, "height": 640})
    for name in ("Reintentar", "Cerrar aviso"):
        expect(alert.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    expect(alert).to_be_visible()
    alert.get_by_role("button", name="Reintentar").click()

    expect(page.locator("a#assignee")).to_have_attribute("title", "La atiende Bruno")
    expect(alert).to_have_count(0)
    trouble.clear()


def test_the_page_of_a_proxy_takes_the_place_of_nothing(open_page: OpenPage, lucia: Phone, trouble: list[str]) -> None:
    page = begin(open_page, lucia)
    portal = "<h1>Wi-Fi del salón</h1>"
    page.locator("#assignee").click()
    page.route("**/assignee", lambda route: route.fulfill(status=200, content_type="text/html", body=portal))
    page.route("**/whatsapp/list*", lambda route: route.fulfill(status=200, content_type="text/html", body=portal))

    page.get_by_role("button", name="Ana").click()

    alert = page.locator("#alerts .alert")
    expect(alert).to_contain_text("puede que eso no se haya hecho")
    alert.get_by_role("button", name="Cerrar aviso").click()
    page.route("**/quick-replies", lambda route: route.fulfill(status=200, content_type="text/html", body=portal))
    page.locator("#composer-text").fill("Llegamos 19:30")
    page.get_by_label("Respuestas rápidas").click()
    page.get_by_role("button", name="Guardar lo que escribí").click()
    expect(alert).to_contain_text("puede que eso no se haya hecho")
    expect(page.locator("#quick-replies")).to_be_visible()
    lucia.say("¿Hola?")
    lucia.idle()
    look_now(page)
    expect(page.locator("#messages")).to_contain_text("¿Hola?")
    expect(page.get_by_text("Wi-Fi del salón")).to_have_count(0)
    expect(page.locator("#conversation-list .row")).to_have_count(1)
    page.unroute("**/whatsapp/list*")
    look_now(page)  # What failed is asked for less and less often, until somebody comes back to the page.
    expect(page.locator("#conversation-list .row")).to_contain_text("¿Hola?")
    trouble.clear()
