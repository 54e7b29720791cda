"""The pages of the templates: staff see them, admins say what their variables mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.auth.models import User
from app.twilio.client import NoAnswer
from app.whatsapp.templates.models import Template
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeContents

SignIn = Callable[[User], SignedInClient]


def test_staff_see_them_with_their_state_and_the_reason_of_a_refusal(
    sign_in: SignIn, ana: User, factories: Factories
) -> None:
    factories.template(name="recordatorio_de_reunion")
    factories.template(name="promo", status="rejected", rejection_reason="Promete <b>mucho</b>.", category="MARKETING")

    page = sign_in(ana).get("/whatsapp/templates").text

    for words in ("Recordatorio de reunion", "Aprobada", "Rechazada", "Promete &lt;b&gt;mucho", "Publicidad", "es_AR"):
        assert words in page
    assert "Nueva plantilla" not in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "pending"}, "En revisión"),
        ({"status": "paused"}, "Pausada"),
        ({"status": "disabled"}, "Dada de baja"),
        ({"status": "unsubmitted"}, "Sin pedir aprobación"),
        ({"content_sid": "new:1"}, "Sin confirmar"),
        ({"status": "un_estado_nuevo"}, "un_estado_nuevo"),
    ],
)
def test_every_state_is_said_in_words(
    sign_in: SignIn, ana: User, factories: Factories, fields: dict[str, Any], words: str
) -> None:
    template = factories.template(**fields)

    browser = sign_in(ana)

    assert words in browser.get("/whatsapp/templates").text
    assert words in browser.get(f"/whatsapp/templates/{template.id}").text


def test_the_menu_of_everybody_leads_there(sign_in: SignIn, ana: User) -> None:
    assert 'href="/whatsapp/templates"' in sign_in(ana).get("/coordinaciones/").text


def test_a_tap_brings_in_what_twilio_has(sign_in: SignIn, ana: User, contents: FakeContents) -> None:
    contents.add("recien_creada")
    browser = sign_in(ana)

    answer = browser.post("/whatsapp/templates/refresh", data={"csrf_token": browser.csrf}, follow_redirects=True)

    assert "Recien creada" in answer.text


def test_a_twilio_that_does_not_answer_is_said_and_nothing_changes(
    sign_in: SignIn, ana: User, contents: FakeContents, factories: Factories
) -> None:
    factories.template(name="la_de_siempre")
    contents.failures = [NoAnswer()]
    browser = sign_in(ana)

    answer = browser.post("/whatsapp/templates/refresh", data={"csrf_token": browser.csrf})

    assert answer.status_code == 502
    assert "Las plantillas quedaron como estaban." in answer.text
    assert "La de siempre" in answer.text


def mapped(browser: SignedInClient, template: Template, **data: str) -> Any:
    return browser.post(f"/whatsapp/templates/{template.id}/mapping", data=data | {"csrf_token": browser.csrf})


def test_an_admin_says_once_what_each_variable_is(sign_in: SignIn, carla: User, factories: Factories) -> None:
    template, browser = factories.template(), sign_in(carla)
    assert "Es lo que parece por sus palabras." in browser.get(f"/whatsapp/templates/{template.id}").text

    answer = mapped(browser, template, **{"m-1": "client", "m-2": "fixed", "f-2": " en  el estudio "})

    assert answer.status_code == 303
    assert factories.reload(template).mapping == {"1": "client", "2": "fixed:en el estudio"}
    page = browser.get(f"/whatsapp/templates/{template.id}?done=mapped").text
    assert "Guardado." in page
    assert '<option value="client" selected>' in page
    assert 'value="en el estudio"' in page


@pytest.mark.parametrize(
    ("data", "sentence"),
    [({"m-1": "password_hash"}, "Elegí uno de la lista."), ({"m-1": "fixed", "f-1": " "}, "Escribí el texto fijo.")],
)
def test_a_meaning_that_is_none_is_refused_and_nothing_is_lost(
    sign_in: SignIn, carla: User, factories: Factories, data: dict[str, str], sentence: str
) -> None:
    template = factories.template()

    answer = mapped(sign_in(carla), template, **data, **{"m-2": "fixed", "f-2": "en el estudio"})

    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="en el estudio"' in answer.text
    assert factories.reload(template).mapping == {}


def test_staff_see_what_a_variable_means_and_change_nothing(sign_in: SignIn, ana: User, factories: Factories) -> None:
    template, browser = factories.template(), sign_in(ana)

    page, answer = browser.get(f"/whatsapp/templates/{template.id}").text, mapped(browser, template, **{"m-1": "dj"})

    assert "Lo elige quien administra." in page
    assert answer.status_code == 403
    assert factories.reload(template).mapping == {}
