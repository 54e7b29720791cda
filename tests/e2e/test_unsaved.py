"""Nothing typed is lost: half-written forms survive leaving, a session that ended, and another one in another tab."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.auth.models import User
from app.auth.tokens import csrf_value
from app.coordinaciones import actions
from tests.browser import latest_session_id
from tests.e2e.conftest import Phone
from tests.e2e.test_round_trip import look_now
from tests.factories import PASSWORD, Factories

OpenPage = Callable[..., Page]
TITLE, NOTES = "#coordinacion-title", "#coordinacion-notes"
# All that localStorage takes, to the last letter.
FILL = """() => {
  for (let words = "x".repeat(2 ** 20), at = 0; words; at += 1) {
    try { localStorage.setItem(`full-${at}`, words); } catch { words = words.slice(0, words.length >> 1); }
  }
}"""


def sign_out_elsewhere(page: Page, user: User) -> None:
    """Sign `user` out as another tab of the same browser does."""
    page.context.request.post("/logout", form={"csrf_token": csrf_value(latest_session_id(user))}, max_redirects=0)


def sign_in_elsewhere(page: Page, user: User) -> None:
    form = {"email": user.email, "password": PASSWORD}
    assert page.context.request.post("/login", form=form, max_redirects=0).status == 303


def sign_in_here(page: Page, user: User) -> None:
    page.get_by_label("Correo").fill(user.email)
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()


def write_new(page: Page) -> None:
    page.locator(TITLE).fill("Quince de Mora")
    page.locator(NOTES).fill("Vals a las 23")
    page.get_by_label("Tipo de evento").select_option("fifteenth")


def expect_written(page: Page) -> None:
    expect(page.locator(TITLE)).to_have_value("Quince de Mora")
    expect(page.locator(NOTES)).to_have_value("Vals a las 23")
    expect(page.get_by_label("Tipo de evento")).to_have_value("fifteenth")


def test_a_session_that_ended_leaves_the_page_and_leads_back_to_it(
    open_page: OpenPage, ana: User, trouble: list[str]
) -> None:
    page = open_page("/coordinaciones/new")
    write_new(page)
    sign_out_elsewhere(page, ana)

    look_now(page)

    expect(page.locator("#session-notice")).to_contain_text("Tu sesión terminó")
    expect_written(page)
    # Saving is refused the same way, and the page stays as well.
    page.locator("#coordinacion-client_name").fill("Mora Díaz")
    page.get_by_role("button", name="Crear coordinación").click()
    expect(page.get_by_role("button", name="Crear coordinación")).to_be_enabled()
    expect_written(page)

    page.get_by_role("link", name="Entrar de nuevo").click()
    expect(page.get_by_text("Tu sesión terminó. Entrá de nuevo.")).to_be_visible()
    sign_in_here(page, ana)

    expect(page.locator(".draft-note")).to_contain_text("Esto no se había guardado")
    expect_written(page)
    page.get_by_role("button", name="Crear coordinación").click()
    expect(page.get_by_role("heading", name="Quince de Mora")).to_be_visible()
    # What the server took is no draft any more.
    page.goto("/coordinaciones/new")
    expect(page.locator(TITLE)).to_have_value("")
    expect(page.locator(".draft-note")).to_have_count(0)
    assert all("401" in line for line in trouble)
    trouble.clear()


def test_an_open_page_can_save_after_signing_in_again_in_another_tab(
    open_page: OpenPage, ana: User, trouble: list[str]
) -> None:
    page = open_page("/coordinaciones/new")
    write_new(page)
    page.locator("#coordinacion-client_name").fill("Mora Díaz")
    sign_out_elsewhere(page, ana)
    look_now(page)
    expect(page.locator("#session-notice")).to_be_visible()

    sign_in_elsewhere(page, ana)
    look_now(page)
    expect(page.locator("#session-notice")).to_have_count(0)
    page.get_by_role("button", name="Crear coordinación").click()

    expect(page.get_by_role("heading", name="Quince de Mora")).to_be_visible()
    trouble.clear()


def test_a_reply_that_met_an_ended_session_goes_out_once_somebody_signed_in(
    open_page: OpenPage, lucia: Phone, ana: User, trouble: list[str]
) -> None:
    lucia.say("¿A qué hora llegan?")
    lucia.idle()
    page = open_page("/whatsapp/")
    # What is unread before somebody's eyes is not told again and again to a server that does not listen.
    page.route("**/read", lambda route: route.abort(), times=1)
    with page.expect_event("requestfailed"):
        page.locator("#conversation-list .row").click()
    sign_out_elsewhere(page, ana)
    page.locator("#composer-text").fill("A las 18")
    page.keyboard.press("Enter")
    expect(page.locator("#session-notice")).to_be_visible()
    page.mouse.move(300, 300)
    page.mouse.wheel(0, 100)
    page.wait_for_load_state("networkidle")
    assert lucia.received() == []
    assert len(trouble) < 20

    sign_in_elsewhere(page, ana)
    look_now(page)

    expect(page.locator("#messages .msg.out .tick-read")).to_be_visible()
    expect(page.locator("#session-notice")).to_have_count(0)
    lucia.idle()
    assert lucia.received() == ["A las 18"]
    trouble.clear()


def test_somebody_else_on_the_same_browser_sees_nothing_of_it(
    open_page: OpenPage, ana: User, bruno: User, trouble: list[str]
) -> None:
    page = open_page("/coordinaciones/new")
    write_new(page)
    sign_in_elsewhere(page, bruno)

    look_now(page)
    expect(page.locator("#session-notice")).to_contain_text("entró otra persona")
    page.get_by_role("link", name="Cargar de nuevo").click()

    expect(page.locator(".who summary")).to_contain_text("Bruno")
    expect(page.locator(TITLE)).to_have_value("")
    expect(page.locator(".draft-note")).to_have_count(0)
    # And it is there for whom it belongs to, until they throw it away.
    sign_in_elsewhere(page, ana)
    page.reload()
    expect_written(page)
    page.get_by_role("button", name="Descartar").click()
    expect(page.locator(TITLE)).to_have_value("")
    page.get_by_role("button", name="Deshacer").click()
    expect_written(page)
    page.get_by_role("button", name="Descartar").click()
    page.reload()
    expect(page.locator(TITLE)).to_have_value("")
    trouble.clear()


def test_an_edit_that_was_left_keeps_what_it_was_based_on(
    open_page: OpenPage, factories: Factories, trouble: list[str]
) -> None:
    event = factories.coordinacion(title="Boda", client_name="Lucía", place="Salón Azul", notes="Sin humo")
    page = open_page(f"/coordinaciones/{event.id}/edit")
    page.get_by_label("Lugar").fill("Quinta Los Aromos")
    page.goto("/coordinaciones")
    actions.update(event.id, {"place": "Club Náutico", "notes": "Con humo"})

    page.goto(f"/coordinaciones/{event.id}")
    page.get_by_role("link", name="Editar").click()

    expect(page.get_by_label("Lugar")).to_have_value("Quinta Los Aromos")
    expect(page.locator(NOTES)).to_have_value("Con humo")
    expect(page.locator(".draft-note")).to_contain_text("Mientras tanto otra persona cambió: Lugar.")
    page.get_by_role("button", name="Guardar").click()
    expect(page.locator("#coordinacion-place-error")).to_contain_text("Otra persona puso «Club Náutico»")
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_text("Cambios guardados.")).to_be_visible()
    kept = factories.reload(event)
    trouble.clear()
    assert (kept.place, kept.notes) == ("Quinta Los Aromos", "Con humo")


@pytest.mark.usefixtures("carla")
def test_every_other_form_has_its_words_after_a_reload(
    open_page: OpenPage, lucia: Phone, factories: Factories, trouble: list[str]
) -> None:
    conversation = factories.conversation(lucia.phone, window_expires_at=None)
    factories.message(conversation, "Hola")
    template = factories.template()
    page = open_page("/whatsapp/", email="carla@example.com")

    page.locator("#conversation-list .row").click()
    page.locator(".rename").click()
    page.locator("#contact-name-form input[name=name]").fill("Lucía del salón")
    page.locator(".picker-row").click()
    page.locator("#v-2").fill("el martes")
    page.reload()
    page.locator(".rename").click()
    expect(page.locator("#contact-name-form input[name=name]")).to_have_value("Lucía del salón")
    page.locator(".picker-row").click()
    expect(page.locator("#v-2")).to_have_value("el martes")
    expect(page.locator("#template-preview")).to_contain_text("el martes")

    page.goto("/whatsapp/templates/new")
    page.get_by_label("Texto", exact=True).fill("Hola {{1}}, te esperamos el {{2}}. ¡Gracias!")
    page.locator("#s-2").fill("martes 3")
    page.reload()
    expect(page.get_by_label("Texto", exact=True)).to_have_value("Hola {{1}}, te esperamos el {{2}}. ¡Gracias!")
    expect(page.locator("#s-2")).to_have_value("martes 3")

    page.goto(f"/whatsapp/templates/{template.id}")
    page.get_by_label("Qué va en 1").select_option("fixed")
    page.get_by_label("El texto fijo de 1").fill("familia")
    page.goto("/settings/people")
    page.locator("#add-name").fill("Dante")
    page.locator("#add-password").fill("una clave larga de verdad")
    page.reload()
    expect(page.locator("#add-name")).to_have_value("Dante")
    expect(page.locator("#add-password")).to_have_value("")
    assert "una clave" not in page.evaluate("JSON.stringify(localStorage)")
    page.goto(f"/whatsapp/templates/{template.id}")
    expect(page.get_by_label("El texto fijo de 1")).to_have_value("familia")
    assert trouble == []


@pytest.mark.parametrize("status", [502, 200])
def test_what_stands_between_does_not_take_the_forms_place(
    open_page: OpenPage, trouble: list[str], status: int
) -> None:
    page = open_page("/coordinaciones/new")
    write_new(page)
    page.locator("#coordinacion-client_name").fill("Mora Díaz")
    page.route("**/coordinaciones", lambda route: route.fulfill(status=status, body="<h1>Wi-Fi</h1>"))

    page.get_by_role("button", name="Crear coordinación").click()

    expect(page.locator("#alert")).to_contain_text("No se guardó")
    expect_written(page)
    page.goto("/coordinaciones/new")
    expect_written(page)
    trouble.clear()


def test_a_browser_that_can_keep_no_more_loses_no_words_while_its_page_is_open(
    open_page: OpenPage, factories: Factories, trouble: list[str]
) -> None:
    for name in ("Lucía", "Sergio"):
        factories.message(factories.conversation(profile_name=name, phone=f"+54911555501{len(name):02}"), "Hola")
    page = open_page("/whatsapp/")
    page.evaluate(FILL)

    def look_at(name: str) -> None:
        page.locator("#conversation-list").get_by_text(name, exact=True).click()
        expect(page.locator("#conversation-name")).to_have_text(name)

    look_at("Lucía")
    page.locator("#composer-text").fill("Llegamos 19:30")
    look_at("Sergio")
    expect(page.locator("#composer-text")).to_have_value("")
    look_at("Lucía")

    expect(page.locator("#composer-text")).to_have_value("Llegamos 19:30")
    assert trouble == []
