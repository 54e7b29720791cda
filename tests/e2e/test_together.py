"""Several people, several tabs: who is here, no second answer by mistake, one poll for all tabs, right after sleep."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Page, Route, expect

from app.auth.models import User
from tests.e2e.conftest import Phone
from tests.e2e.waiting import A_TURN, caught_up, heard, let_pass, look_now, stop_clock
from tests.factories import Factories

OpenPage = Callable[..., Page]
HIDDEN = "Object.defineProperty(document, 'visibilityState', {value: '%s', configurable: true}); "
HIDDEN += "document.dispatchEvent(new Event('visibilitychange'))"


def open_chat(page: Page, name: str = "Lucía Ferreyra") -> Page:
    page.goto("/whatsapp/")
    page.locator("#conversation-list .row", has_text=name).click()
    page.locator("#composer-text").wait_for()
    return page


def both_answer(first: Page, words: str, second: Page) -> None:
    """Send `words` from one screen, and once the other has them, what is written there."""
    first.locator("#composer-text").fill(words)
    first.locator("#composer-text").press("Enter")
    expect(first.locator("#messages .msg.out .by")).to_have_text("Ana")
    caught_up(second)
    expect(second.locator("#messages")).to_contain_text(words)
    second.locator("#composer-text").press("Enter")


def test_two_people_see_each_other_and_a_second_answer_is_asked_about(
    open_page: OpenPage, lucia: Phone, bruno: User, trouble: list[str]
) -> None:
    lucia.say("¿A qué hora llegan?")
    lucia.idle()
    ana, other = open_chat(open_page()), open_chat(open_page(email=bruno.email))
    caught_up(other)
    with other.expect_response(lambda answer: "typing=" in answer.url):
        other.locator("#composer-text").press_sequentially("A las 19")

    look_now(ana)  # While he types, which is some seconds.
    expect(ana.locator("#present")).to_have_text("Bruno está escribiendo…")
    expect(other.locator("#present")).to_have_text("Ana está acá")
    both_answer(ana, "A las 18", other)

    note = other.locator("#composer-note")
    expect(note).to_contain_text("Alguien le respondió mientras escribías")
    expect(note).to_contain_text("A las 18")
    expect(other.locator("#composer-text")).to_have_value("A las 19")
    note.get_by_role("button", name="Mandar igual").click()
    expect(other.locator("#messages .msg.out:not(.pending)")).to_have_count(2)
    lucia.idle()
    assert lucia.received() == ["A las 18", "A las 19"]
    trouble.clear()  # The browser says that the server answered 409.


def test_who_puts_the_answer_away_keeps_the_words(
    open_page: OpenPage, lucia: Phone, bruno: User, trouble: list[str]
) -> None:
    lucia.say("¿Hola?")
    lucia.idle()
    ana, other = open_chat(open_page()), open_chat(open_page(email=bruno.email))
    other.locator("#composer-text").fill("Ya va")
    both_answer(ana, "¡Hola!", other)

    other.get_by_role("button", name="No mandar").click()

    expect(other.locator("#composer-note")).to_be_empty()
    expect(other.locator("#composer-text")).to_have_value("Ya va")
    expect(other.locator("#messages .msg.out")).to_have_count(1)
    trouble.clear()  # The browser says that the server answered 409.


def test_a_chat_is_handed_over_and_called_done(open_page: OpenPage, lucia: Phone, bruno: User) -> None:
    lucia.say("Gracias!")
    lucia.idle()
    ana, other = open_chat(open_page()), open_page("/whatsapp/", email=bruno.email)

    ana.locator("#assignee").click()
    ana.get_by_role("button", name="Bruno").wait_for()
    ana.keyboard.press("Escape")
    ana.locator("a#assignee").click()
    ana.get_by_role("button", name="Bruno").click()
    expect(ana.locator("a#assignee")).to_have_attribute("title", "La atiende Bruno")
    other.locator(".chip", has_text="Mías").click()
    expect(other.locator("#conversation-list .row")).to_contain_text("Lucía Ferreyra")
    other.locator(".chip", has_text="Sin responder").click()
    expect(other.locator("#conversation-list .row")).to_contain_text("Lucía Ferreyra")
    ana.locator(".chat-menu summary").click()
    ana.get_by_role("button", name="No hace falta responder").click()

    expect(other.locator("#conversation-list .row")).to_have_count(0)
    expect(ana.locator("#conversation-status")).not_to_contain_text("espera")
    expect(ana.locator(".chat-menu[open]")).to_have_count(0)


def test_handing_over_a_closed_chat_leaves_the_focus_there(
    open_page: OpenPage, lucia: Phone, bruno: User, factories: Factories
) -> None:
    conversation = factories.conversation(lucia.phone, profile_name="Lucía Ferreyra", window_expires_at=None)
    factories.template()
    page = open_page(f"/whatsapp/conversations/{conversation.id}")
    expect(page.locator("#template-picker input[type=search]")).to_be_visible()

    page.locator("#assignee").click()
    page.get_by_role("button", name="Bruno").click()

    expect(page.locator("a#assignee")).to_have_attribute("title", "La atiende Bruno")
    expect(page.locator("a#assignee")).to_be_focused()


def polls_of(context: BrowserContext) -> list[str]:
    seen: list[str] = []
    context.on("request", lambda request: seen.append(request.url) if "/whatsapp/unread" in request.url else None)
    return seen


def test_ten_tabs_ask_as_often_as_one(open_page: OpenPage, lucia: Phone) -> None:
    page = open_page("/whatsapp/")
    context = page.context
    stop_clock(context)
    let_pass(context, 1)
    seen = polls_of(context)
    let_pass(context, 21)
    alone = len(seen)
    for _ in range(9):
        context.new_page().goto("/whatsapp/")

    let_pass(context, 8)  # Until one of them is the one that asks.
    seen.clear()
    let_pass(context, 21)

    assert alone == 4
    assert 3 <= len(seen) <= 5
    lucia.say("Para todas")
    lucia.idle()
    let_pass(context, 7)
    for tab in context.pages:
        expect(tab.locator("#conversation-list")).to_contain_text("Para todas")


def test_tabs_with_different_chats_do_not_set_each_other_going(open_page: OpenPage, lucia: Phone, bruno: User) -> None:
    lucia.say("¿Hola?")
    lucia.idle()
    open_chat(open_page(email=bruno.email))
    page = open_page("/whatsapp/")
    context = page.context
    chat = open_chat(context.new_page())
    expect(chat.locator("#present")).to_have_text("Bruno está acá")
    stop_clock(context)
    let_pass(context, 1)
    seen = polls_of(context)

    for _ in range(3):  # Each hears from the other, whose answer told of somebody else.
        page.evaluate("dispatchEvent(new Event('focus'))")
        chat.evaluate("dispatchEvent(new Event('focus'))")
        let_pass(context, 2)

    assert len(seen) <= 12


def chimes(context: BrowserContext) -> int:
    return sum(page.evaluate("window.chimes") for page in context.pages)


def test_a_client_is_heard_unless_the_chat_is_in_view_in_any_tab(open_page: OpenPage, lucia: Phone) -> None:
    page = open_page("/whatsapp/")
    context = page.context
    context.add_init_script("window.chimes = 0; document.addEventListener('chime', () => window.chimes++)")
    stop_clock(context)
    let_pass(context, 1)
    page.keyboard.press("Tab")  # A page makes no sound before somebody touched it.
    lucia.say("¿Hola?")
    lucia.idle()
    caught_up(page)
    expect(page.locator("#whatsapp-badge")).to_have_attribute("data-count", "1")
    let_pass(context, 3)
    assert chimes(context) == 1
    chat = open_chat(context.new_page())
    let_pass(context, 1)
    expect(chat.locator("#seen[data-unread]")).to_have_count(0)

    lucia.say("¿Están?")
    lucia.idle()
    caught_up(page)
    expect(chat.locator("#messages")).to_contain_text("¿Están?")
    let_pass(context, 3)

    assert chimes(context) == 1


def test_a_hidden_tab_asks_nothing_and_is_right_at_once_in_sight(open_page: OpenPage, lucia: Phone) -> None:
    page = open_page("/whatsapp/")
    seen = polls_of(page.context)
    stop_clock(page.context)
    let_pass(page.context, 1)
    page.evaluate(HIDDEN % "hidden")
    seen.clear()

    let_pass(page.context, 60)
    lucia.say("Mientras no mirabas")
    lucia.idle()
    let_pass(page.context, 10)

    assert seen == []
    page.evaluate(HIDDEN % "visible")
    expect(page.locator("#conversation-list")).to_contain_text("Mientras no mirabas")


@pytest.mark.usefixtures("ana")
def test_a_minute_without_network_is_made_good_by_the_first_poll(
    open_page: OpenPage, lucia: Phone, bruno: User, trouble: list[str]
) -> None:
    lucia.say("¿Están?")
    lucia.idle()
    page, other = open_chat(open_page()), open_chat(open_page(email=bruno.email))
    stop_clock(page.context)
    let_pass(page.context, 1)
    page.locator("#composer-text").fill("Lo que venía escribiendo")
    page.context.set_offline(True)

    other.locator("#composer-text").fill("Sí, acá estamos")
    other.locator("#composer-text").press("Enter")
    expect(other.locator("#messages .msg.out:not(.pending)")).to_have_count(1)
    lucia.say("Buenísimo")
    lucia.idle()
    let_pass(page.context, 60)
    expect(page.locator("#offline")).to_be_visible()
    page.context.set_offline(False)

    expect(page.locator("#messages")).to_contain_text("Sí, acá estamos")
    expect(page.locator("#messages")).to_contain_text("Buenísimo")
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#composer-text")).to_have_value("Lo que venía escribiendo")
    trouble.clear()  # The browser says that the network was gone.


@pytest.mark.parametrize(
    ("piece", "place"),
    [("**/changes?*", "#messages"), ("**/chat", "#messages"), ("**/panel", "#conversation-list")],
)
def test_what_comes_while_a_piece_is_on_its_way_is_brought_too(
    open_page: OpenPage, factories: Factories, piece: str, place: str
) -> None:
    # What the office writes is read as it is written: nothing that the page says moves the number once more.
    talk = factories.conversation()
    factories.message(talk, "Una", direction="outbound")
    page = open_page()
    stop_clock(page.context)
    let_pass(page.context, 1)
    caught_up(page)
    panel, row = page.locator("#whatsapp-button"), page.locator("#conversation-list .row")
    if piece != "**/panel":
        panel.click()
        let_pass(page.context, 1)
    if piece == "**/changes?*":
        row.click()
        page.locator("#composer-text").wait_for()
        let_pass(page.context, 1)
        caught_up(page)
    held: list[tuple[Route, APIResponse]] = []
    page.route(piece, lambda route: route.continue_() if held else held.append((route, route.fetch())))

    if piece == "**/panel":
        panel.click()
    elif piece == "**/chat":
        row.click()
    else:
        factories.message(talk, "Dos", direction="outbound")
        look_now(page)
    while not held:
        page.evaluate(A_TURN)
    factories.message(talk, "Tres", direction="outbound")
    heard(page)
    assert "Tres" not in held[0][1].text()
    held[0][0].fulfill(response=held[0][1])
    expect(page.locator(place)).to_contain_text("Dos" if piece == "**/changes?*" else "Una")

    let_pass(page.context, 2)  # Less than what is between two polls.
    expect(page.locator(place)).to_contain_text("Tres")
