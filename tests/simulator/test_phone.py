"""The phone on screen: its pages, its polls, and a person at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from tests.simulator.office import ANA_PHONE, Office
from tests.simulator.receiver import Receiver

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page whose own errors fail the test."""
    page = browser.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    yield page
    page.close()
    assert troubles == []


def test_a_phone_has_its_own_page_and_an_unknown_one_has_none(office: Office) -> None:
    known = requests.get(f"{office.url}/phones/{ANA_PHONE}", timeout=10)
    unknown = requests.get(f"{office.url}/phones/+5491155550000", timeout=10)

    assert (known.status_code, unknown.status_code) == (200, 404)
    assert known.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "Los estados llegan al revés" in known.text


def test_a_poll_answers_304_until_something_changes(office: Office) -> None:
    url = f"{office.url}/phones.json?key=%2B{ANA_PHONE.removeprefix('+')}"
    first = requests.get(url, timeout=10)
    headers = {"If-None-Match": first.headers["ETag"]}

    same = requests.get(url, headers=headers, timeout=10)
    office.writes("algo nuevo", webhook=False)
    changed = requests.get(url, headers=headers, timeout=10)

    assert (same.status_code, changed.status_code) == (304, 200)
    assert changed.json()["messages"][-1]["body"] == "algo nuevo"


def test_the_list_shows_only_what_reached_the_phone(office: Office) -> None:
    office.fault("fail_with")
    office.send("nunca llega")
    office.idle()

    clients = requests.get(f"{office.url}/phones.json", timeout=10).json()["clients"]

    assert [client["preview"] for client in clients if client["key"] == ANA_PHONE] == ["Buenas"]


@pytest.mark.e2e
def test_a_person_writes_answers_a_button_and_sees_markup_as_text(
    office: Office, receiver: Receiver, page: Page
) -> None:
    template = office.sdk().content.v1.contents.list(limit=1)[0]
    page.goto(f"{office.url}/phones/{ANA_PHONE}")

    page.get_by_label("Mensaje del cliente").fill("<b>Hola</b>")
    page.get_by_role("button", name="Mandar", exact=True).click()
    expect(page.locator(".msg.mine .text").last).to_have_text("<b>Hola</b>")
    office.send(content_sid=str(template.sid), content_variables='{"2": "el jueves"}')
    page.get_by_role("button", name="Sí", exact=True).click()

    expect(page.locator(".msg.mine .quote")).to_contain_text("nos vemos el jueves")
    expect(page.locator("#owner")).to_have_text("Ana <b>Muestra</b>")
    office.idle()
    assert [post.form["Body"] for post in receiver.inbound()] == ["<b>Hola</b>", "Sí"]
    assert receiver.inbound()[1].form["ButtonPayload"] == "si"


@pytest.mark.e2e
def test_a_person_asks_for_a_fault_and_takes_it_away(office: Office, page: Page) -> None:
    page.goto(f"{office.url}/phones/{ANA_PHONE}")
    row = page.locator('[data-fault="out_of_order"]')

    row.get_by_role("button", name="Siempre").click()
    expect(row.locator(".state")).to_have_text("siempre")
    asked = office.control("GET", "faults")["faults"]
    row.get_by_role("button", name="Sacar").click()
    expect(row.locator(".state")).to_have_text("")

    assert [(fault["fault"], fault["times"]) for fault in asked] == [("out_of_order", None)]
    assert office.control("GET", "faults") == {"faults": []}


@pytest.mark.e2e
def test_an_answer_that_comes_late_takes_nothing_back(office: Office, receiver: Receiver, page: Page) -> None:
    page.goto(f"{office.url}/phones/{ANA_PHONE}")
    mine = page.locator(".msg.mine")
    expect(mine).to_have_count(1)
    late: list[tuple[Route, APIResponse]] = []

    def take(route: Route) -> None:
        if late:
            route.continue_()
        else:
            late.append((route, route.fetch(headers={})))  # All of it, and not that nothing changed.

    page.route("**/phones.json*", take)
    with page.expect_request("**/phones.json*"):
        pass
    page.locator("#body").fill("¿Llegó?")
    page.locator("#body").press("Enter")
    expect(mine).to_have_count(2)

    [(route, answer)] = late
    with page.expect_response(lambda response: response.request == route.request):
        route.fulfill(response=answer)
    page.evaluate("() => new Promise((drawn) => setTimeout(drawn, 50))")

    assert mine.count() == 2


@pytest.mark.e2e
def test_a_person_sends_every_kind_from_the_menu_and_reacts(office: Office, receiver: Receiver, page: Page) -> None:
    office.send("¿Qué les parece?")
    office.idle()
    page.goto(f"{office.url}/phones/{ANA_PHONE}")
    menu = page.locator("#kinds button")

    expect(page.locator(".msg:not(.mine)", has_text="¿Qué les parece?")).to_be_visible()
    sent = page.locator(".msg.mine").count()  # What the sample holds.

    for number in range(menu.count()):
        page.get_by_role("button", name="Mandar otra cosa").click()
        sent += 4 if menu.nth(number).get_attribute("data-kind") == "photos" else 1
        menu.nth(number).click()
        expect(page.locator(".msg.mine")).to_have_count(sent)
    page.locator(".msg:not(.mine)").first.hover()
    page.get_by_role("button", name="Reaccionar a este mensaje").click()
    expect(page.locator(".msg:not(.mine) .reactions")).to_have_text("👍")

    office.idle()
    kinds = {post.form["MessageType"] for post in receiver.inbound()}
    assert kinds >= {"image", "audio", "video", "document", "sticker", "contacts", "location", "interactive", "text"}
    assert kinds >= {"reaction", "unsupported"}
    assert page.locator(".msg.mine video").evaluate("video => video.error") is None
