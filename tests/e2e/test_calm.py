"""Nothing moves unless somebody acted: focus, scroll, selection and half-typed text are safe from every poll."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, Request, expect

from app.extensions import utcnow
from tests.e2e.conftest import Phone
from tests.e2e.test_round_trip import open_chat
from tests.e2e.waiting import POLL, caught_up, let_pass, look_now, stop_clock
from tests.factories import Factories

OpenPage = Callable[..., Page]
TURN = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def history(factories: Factories, lucia: Phone, count: int) -> None:
    conversation = factories.conversation(lucia.phone, profile_name="Lucía Ferreyra")
    for number in range(count):
        factories.message(
            conversation, f"Mensaje {number}", read_at=utcnow(), sent_at=utcnow() - timedelta(minutes=count - number)
        )


def test_half_typed_text_its_caret_and_focus_survive_what_arrives(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    page.locator("#composer-text").press_sequentially("medio escrito")
    page.evaluate("document.querySelector('#composer-text').setSelectionRange(2, 5)")

    lucia.say("Otra cosa")
    lucia.idle()
    look_now(page)
    expect(page.locator("#messages")).to_contain_text("Otra cosa")

    assert page.evaluate("document.activeElement.id") == "composer-text"
    expect(page.locator("#composer-text")).to_have_value("medio escrito")
    text = "document.querySelector('#composer-text')"
    assert page.evaluate(f"[{text}.selectionStart, {text}.selectionEnd]") == [2, 5]


def test_a_selection_in_a_bubble_survives_its_new_tick(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    page.locator("#composer-text").fill("Copiá esta dirección")
    page.keyboard.press("Enter")
    expect(page.locator(".msg.out .by")).to_have_text("Ana")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.msg.out .text'))")

    lucia.idle()
    look_now(page)
    expect(page.locator(".msg.out .tick-read")).to_be_visible()

    assert page.evaluate("getSelection().toString()") == "Copiá esta dirección"


def test_who_reads_further_up_is_not_pulled_down(open_page: OpenPage, lucia: Phone, factories: Factories) -> None:
    history(factories, lucia, 39)
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    page.evaluate("document.querySelector('#thread').scrollTop = 300")

    lucia.say("Algo nuevo")
    lucia.idle()
    look_now(page)
    expect(page.locator("#messages")).to_contain_text("Algo nuevo")

    assert page.evaluate("document.querySelector('#thread').scrollTop") == 300
    expect(page.locator("#to-end .count")).to_have_text("1")
    page.locator("#to-end").click()
    expect(page.locator("#to-end")).to_be_hidden()


def test_older_messages_come_without_a_jump(open_page: OpenPage, lucia: Phone, factories: Factories) -> None:
    history(factories, lucia, 100)
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    expect(page.locator("#messages")).to_contain_text("Mensaje 99")

    for first in (20, 0):
        before = page.locator("#messages .msg").count()
        page.evaluate("document.querySelector('#thread').scrollTop = 0")
        page.wait_for_function("count => document.querySelectorAll('#messages .msg').length > count", arg=before)
        expect(page.locator(f"#messages .msg:has-text('Mensaje {first}')").first).to_be_attached()
        assert page.evaluate("document.querySelector('#thread').scrollTop") > 500

    assert page.locator("#messages .msg .text").all_inner_texts() == [f"Mensaje {number}" for number in range(100)]


def test_a_draft_survives_a_reload(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page("/whatsapp/")
    page.locator("#conversation-list .row").click()
    page.locator("#composer-text").fill("Para después")

    page.reload()

    expect(page.locator("#composer-text")).to_have_value("Para después")


def test_an_idle_tab_asks_little_and_a_hidden_one_nothing(open_page: OpenPage, lucia: Phone) -> None:
    page = open_page("/coordinaciones")
    stop_clock(page.context)
    let_pass(page.context, 1)
    caught_up(page)
    asked: list[str] = []

    def remember(request: Request) -> None:
        asked.append(request.url)

    page.on("request", remember)
    with page.expect_response(POLL) as answer:
        look_now(page)
    assert answer.value.status == 304
    assert len(asked) == 1

    page.evaluate(TURN, "hidden")
    look_now(page)
    let_pass(page.context, 60)
    assert len(asked) == 1

    with page.expect_response(POLL):
        page.evaluate(TURN, "visible")


def test_a_page_that_nobody_touches_asks_less(open_page: OpenPage, lucia: Phone) -> None:
    page = open_page("/coordinaciones")
    stop_clock(page.context)
    let_pass(page.context, 1)
    caught_up(page)
    page.evaluate(
        "window.polls = 0; document.querySelector('#whatsapp-feed').addEventListener('poll', () => window.polls++)"
    )

    let_pass(page.context, 15.2)
    assert page.evaluate("window.polls") == 3
    page.clock.fast_forward(301_000)
    let_pass(page.context, 0.2)
    page.evaluate("window.polls = 0")
    let_pass(page.context, 29)
    assert page.evaluate("window.polls") == 0
    let_pass(page.context, 1.4)
    assert page.evaluate("window.polls") == 1


def test_the_panel_gives_focus_back_and_keeps_the_page_usable_by_keyboard(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page("/coordinaciones")
    page.locator("#whatsapp-button").focus()

    page.keyboard.press("Enter")
    expect(page.locator("#list-title")).to_be_focused()
    page.locator("#conversation-list .row").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_be_focused()
    page.keyboard.press("Escape")

    expect(page.locator("#chat-panel")).to_be_hidden()
    expect(page.locator("#whatsapp-button")).to_be_focused()


def test_a_chat_opens_where_the_new_messages_begin(open_page: OpenPage, lucia: Phone, factories: Factories) -> None:
    conversation = factories.conversation(lucia.phone, profile_name="Lucía Ferreyra")
    for number in range(60):
        sent_at = utcnow() - timedelta(minutes=60 - number)
        factories.message(conversation, f"Mensaje {number}", read_at=sent_at if number < 15 else None, sent_at=sent_at)
    page = open_page(viewport={"width": 390, "height": 844})

    open_chat(page, "Lucía Ferreyra")

    expect(page.locator("#new-mark")).to_be_in_viewport()
    expect(page.get_by_text("Mensaje 15", exact=True)).to_be_in_viewport()


def test_what_was_said_last_stays_in_sight_while_the_composer_grows(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    history(factories, lucia, 30)
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    last = page.locator("#messages").get_by_text("Mensaje 29", exact=True)
    expect(last).to_be_in_viewport(ratio=1)

    page.locator("#composer-text").fill("una línea\n" * 6)

    expect(last).to_be_in_viewport(ratio=1)
    assert page.evaluate(
        "document.querySelector('#thread .msg:last-child').getBoundingClientRect().bottom"
        " <= document.querySelector('#composer').getBoundingClientRect().top"
    )


def test_the_open_conversation_is_marked_in_the_list(open_page: OpenPage, lucia: Phone, factories: Factories) -> None:
    history(factories, lucia, 3)
    factories.message(factories.conversation("+5491155550199", profile_name="Otra persona"), "Hola")
    page = open_page("/whatsapp/")

    page.locator("#conversation-list").get_by_text("Lucía Ferreyra", exact=True).click()

    current = page.locator("a.row[aria-current=true]")
    expect(current).to_have_count(1)
    expect(current).to_contain_text("Lucía Ferreyra")
    look_now(page)
    page.locator("#conversation-list").get_by_text("Otra persona", exact=True).click()
    expect(current).to_contain_text("Otra persona")


def test_what_arrives_below_the_edge_is_not_read_until_it_is_seen(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    history(factories, lucia, 60)
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    page.locator("#thread").evaluate("thread => { thread.scrollTop = 400; }")

    lucia.say("Esto está abajo de todo")
    lucia.idle()
    caught_up(page)
    expect(page.locator("#to-end .count")).to_have_text("1")
    page.mouse.wheel(0, -40)
    caught_up(page)
    expect(page.locator("#whatsapp-badge")).to_have_attribute("data-count", "1")

    page.locator("#to-end").click()

    expect(page.locator("#whatsapp-badge")).to_have_attribute("data-count", "0")
