"""From the first word to the last, on both screens: the office's and the client's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Locator, Page, expect

from app.formats import today
from simulator.running import RunningSimulator
from simulator.sample import add_template
from tests.e2e.conftest import Phone
from tests.e2e.test_attaching import PDF, PHOTO, pick
from tests.e2e.test_outcomes import OpenPage
from tests.e2e.test_templates import CONFIRMATION, refresh
from tests.factories import Factories

PAINTED = "image => image.complete && image.naturalWidth > 0"
BROUGHT_BY_A_POLL = 20_000


def painted(image: Locator) -> None:
    expect(image).to_be_visible(timeout=BROUGHT_BY_A_POLL)
    image.scroll_into_view_if_needed()
    image.evaluate("image => image.decode()")
    assert image.evaluate(PAINTED)


def send_template(office: Page, place: str) -> None:
    office.locator(".picker-row").click()
    office.locator("#v-3").fill(place)
    expect(office.locator("#template-preview")).to_contain_text(f"Lugar: {place}.")
    office.get_by_role("button", name="Mandar plantilla").click()


def from_phone(phone: Page, kind: str) -> None:
    phone.get_by_role("button", name="Mandar otra cosa").click()
    phone.locator("#kinds").get_by_role("button", name=kind, exact=True).click()


def test_a_conversation_from_template_to_template(
    open_page: OpenPage,
    open_phone: Callable[[Phone], Page],
    lucia: Phone,
    factories: Factories,
    simulator: RunningSimulator,
) -> None:
    add_template(simulator.world, CONFIRMATION, 0)
    soon = today() + timedelta(days=12)
    event = factories.coordinacion(
        title="Casamiento de Lucía", client_name="Lucía Ferreyra", phone=lucia.phone, event_on=soon
    )
    office, phone = open_page(), open_phone(lucia)
    refresh(office)

    # The office begins, from the coordinación and with a template.
    office.goto(f"/coordinaciones/{event.id}")
    office.get_by_role("button", name="Escribir por WhatsApp").click()
    expect(office.get_by_text("Todavía no te escribió. Hasta que lo haga, solo le llegan plantillas.")).to_be_visible()
    send_template(office, "Salón Azul")
    expect(office.locator("#messages .msg.out:not(.pending)")).to_contain_text("Lugar: Salón Azul.")
    expect(phone.locator("#thread .msg").last).to_contain_text("Lugar: Salón Azul.")

    # The client answers with a photo and a voice note.
    from_phone(phone, "Foto")
    from_phone(phone, "Nota de voz")
    lucia.idle()
    painted(office.locator("#messages .msg.in .picture img"))
    expect(office.locator("#messages .msg.in").get_by_role("button", name="Reproducir")).to_be_visible(
        timeout=BROUGHT_BY_A_POLL
    )

    # The window is open now: the office answers with a photo and a PDF.
    expect(office.locator("#composer-text")).to_be_visible()
    pick(office, PHOTO, PDF)
    office.locator("#composer-text").fill("Así queda la pista")
    office.get_by_role("button", name="Mandar", exact=True).click()
    painted(phone.locator("#thread .msg:not(.mine) img"))
    expect(phone.locator("#thread .msg:not(.mine) a.file")).to_be_visible(timeout=BROUGHT_BY_A_POLL)
    expect(phone.locator("#thread")).to_contain_text("Así queda la pista")
    expect(office.locator("#messages .msg.out:not(.pending) a.file")).to_be_visible(timeout=BROUGHT_BY_A_POLL)

    # A day goes by at WhatsApp: what is written freely does not arrive, and the chat knows.
    phone.get_by_role("button", name="Ventana: hace 25 h").click()
    expect(phone.locator("#window")).to_contain_text("Cerrada")
    office.locator("#composer-text").fill("¿Nos confirmás la hora?")
    office.locator("#composer-text").press("Enter")
    expect(office.locator("#messages .msg.out").last).to_contain_text(
        "pasaron las 24 h desde su último mensaje", timeout=BROUGHT_BY_A_POLL
    )
    expect(phone.locator("#thread")).not_to_contain_text("¿Nos confirmás la hora?")

    # So a template again.
    expect(office.locator("#composer .picker-row")).to_be_visible(timeout=BROUGHT_BY_A_POLL)
    send_template(office, "Salón Verde")
    expect(office.locator("#messages .msg.out:not(.pending)").last).to_contain_text("Lugar: Salón Verde.")
    expect(phone.locator("#thread .msg").last).to_contain_text("Lugar: Salón Verde.", timeout=BROUGHT_BY_A_POLL)
