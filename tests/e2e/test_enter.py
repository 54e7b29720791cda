"""Enter: it sends with a keyboard, breaks the line on glass, and belongs to an input method while that composes."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Phone
from tests.e2e.test_round_trip import open_chat as open_in_panel
from tests.e2e.test_together import open_chat

OpenPage = Callable[..., Page]
A_PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

# As browsers tell of the key that ends a composition: Chromium and Firefox before it ends, Safari after it did.
ENDS = """([isComposing, keyCode]) => {
    const text = document.querySelector("#composer-text");
    const told = { key: "Enter", code: "Enter", isComposing, keyCode, bubbles: true, cancelable: true };
    return text.dispatchEvent(new KeyboardEvent("keydown", told));
}"""


def begin(open_page: OpenPage, lucia: Phone, **options: object) -> Page:
    lucia.say("¿A qué hora llegan?")
    lucia.idle()
    return open_chat(open_page(**options))


def test_on_a_phone_enter_breaks_the_line_and_the_button_sends(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia, **A_PHONE)
    text = page.locator("#composer-text")
    text.press_sequentially("A las 18")

    text.press("Enter")
    text.press_sequentially("por el portón")

    expect(text).to_have_value("A las 18\npor el portón")
    expect(text).to_have_attribute("enterkeyhint", "enter")
    page.locator("#composer-form button.round").last.click()
    expect(page.locator("#messages .msg.out .by")).to_have_text("Ana")
    text.press_sequentially("¡Gracias!")
    text.press("Control+Enter")  # A keyboard that is tied to it for once.
    expect(page.locator("#messages .msg.out .by")).to_have_count(2)
    lucia.idle()
    assert lucia.received() == ["A las 18\npor el portón", "¡Gracias!"]


def test_with_a_keyboard_enter_sends_but_not_while_an_input_method_composes(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    text = page.locator("#composer-text")
    expect(text).to_have_attribute("enterkeyhint", "send")
    text.press_sequentially("A las 18")
    text.press("Shift+Enter")
    text.press_sequentially("por el portón")

    left_alone = [page.evaluate(ENDS, how) for how in ([True, 13], [False, 229])]

    assert left_alone == [True, True]
    expect(text).to_have_value("A las 18\npor el portón")
    text.press("Enter")
    expect(page.locator("#messages .msg.out .by")).to_have_text("Ana")
    lucia.idle()
    assert lucia.received() == ["A las 18\npor el portón"]


def test_escape_ends_a_composition_and_leaves_the_chat_open(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page("/coordinaciones")
    open_in_panel(page, "Lucía Ferreyra")

    page.evaluate(ENDS.replace('"Enter"', '"Escape"'), [True, 27])

    expect(page.locator("#conversation")).to_be_visible()
    page.locator("#composer-text").press("Escape")
    expect(page.locator("#conversation")).to_have_count(0)
