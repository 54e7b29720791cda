"""A new template: by WhatsApp's rules, made once at Twilio, its approval asked for and followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.auth.models import User
from app.extensions import db
from app.twilio.client import NoAnswer, NotReached, Refused
from app.whatsapp.templates import queries
from app.whatsapp.templates.actions.sync import sync_templates
from app.whatsapp.templates.models import Template
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeContents

FORM = {
    "name": "aviso_de_llegada",
    "language": "es_AR",
    "category": "UTILITY",
    "text": "Hola {{1}}, llegamos a las {{2}} para armar.",
    "s-1": "Lucía",
    "s-2": "18:00",
}


@pytest.fixture
def browser(sign_in: Callable[[User], SignedInClient], carla: User) -> SignedInClient:
    return sign_in(carla)


def stored() -> list[Template]:
    """Return the templates as they are now, whatever other sessions did."""
    db.session.rollback()
    return queries.list_templates()


def offered() -> list[int]:
    db.session.rollback()
    return [template.id for template in queries.list_offered(window_open=False)]


def ask(browser: SignedInClient, **changes: str) -> TestResponse:
    return browser.post("/whatsapp/templates/new", data=FORM | changes | {"csrf_token": browser.csrf})


def test_it_is_made_at_twilio_and_whatsapp_is_asked(browser: SignedInClient, contents: FakeContents) -> None:
    answer = ask(browser)

    (template,) = stored()
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, f"/whatsapp/templates/{template.id}")
    assert (template.name, template.status, template.unconfirmed) == ("aviso_de_llegada", "received", False)
    assert contents.templates[template.content_sid].variables == {"1": "Lucía", "2": "18:00"}
    assert contents.submitted == [(template.content_sid, "aviso_de_llegada", "UTILITY")]
    assert template.mapping == {"1": "client_first", "2": "time"}


@pytest.mark.parametrize(
    ("changes", "types"),
    [
        ({}, {"twilio/text": {"body": FORM["text"]}}),
        (
            {"reply-1": " Dale ", "reply-3": "No puedo"},
            {
                "twilio/quick-reply": {
                    "body": FORM["text"],
                    "actions": [
                        {"type": "QUICK_REPLY", "title": "Dale", "id": "reply-1"},
                        {"type": "QUICK_REPLY", "title": "No puedo", "id": "reply-2"},
                    ],
                }
            },
        ),
        (
            {"link_title": "Ver", "link_url": "https://ejemplo.example"},
            {
                "twilio/call-to-action": {
                    "body": FORM["text"],
                    "actions": [{"type": "URL", "title": "Ver", "url": "https://ejemplo.example"}],
                }
            },
        ),
        ({"footer": "Coordina"}, {"whatsapp/card": {"body": FORM["text"], "footer": "Coordina"}}),
    ],
)
def test_it_takes_the_plainest_form_that_holds_it(
    browser: SignedInClient, contents: FakeContents, changes: dict[str, str], types: dict[str, Any]
) -> None:
    assert ask(browser, **changes).status_code == 303

    assert [template.types for template in contents.templates.values()] == [types]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "Aviso de llegada"}, "Solo minúsculas, números y guiones bajos"),
        ({"language": "xx"}, "Elegí uno de la lista."),
        ({"category": "AUTHENTICATION"}, "Elegí uno de la lista."),
        ({"text": ""}, "Escribí el texto."),
        ({"text": "x" * 1025}, "hasta 1024 caracteres"),
        ({"text": "{{1}}, llegamos a las {{2}} para armar."}, "No puede empezar ni terminar con una variable."),
        ({"text": "Hola {{1}}, llegamos a las {{2}}."}, "No puede empezar ni terminar con una variable."),
        ({"text": "Hola {{1}} {{2}} para armar."}, "Dos variables no pueden ir pegadas."),
        ({"text": "Hola {{1}}, llegamos a las {{3}} para armar."}, "Numerá las variables desde {{1}}"),
        ({"text": "Hola {{1}, llegamos ya."}, "Las variables se escriben {{1}}, {{2}}…"),
        ({"s-2": " "}, "Poné un ejemplo"),
        ({"footer": "x" * 61}, "Hasta 60 caracteres."),
        ({"footer": "Chau {{1}} y listo"}, "Acá no van variables."),
        ({"reply-1": "x" * 21}, "Hasta 3 respuestas distintas"),
        ({"reply-1": "Dale", "reply-2": "Dale"}, "Hasta 3 respuestas distintas"),
        ({"link_title": "Ver"}, "Escribí una dirección completa"),
        ({"link_url": "javascript:alert(1)"}, "Escribí una dirección completa"),
        ({"link_url": "https://[", "link_title": "Ver"}, "Escribí una dirección completa"),
    ],
)
def test_what_whatsapp_would_refuse_is_said_beside_its_field_and_nothing_is_lost(
    browser: SignedInClient, contents: FakeContents, changes: dict[str, str], sentence: str
) -> None:
    answer = ask(browser, **{"reply-2": "Otra respuesta"} | changes)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert (FORM | changes)["name"] in answer.text
    assert contents.created == []
    assert stored() == []


def test_a_second_click_makes_nothing(browser: SignedInClient, contents: FakeContents) -> None:
    first, second = ask(browser), ask(browser)

    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert contents.created == ["aviso_de_llegada"]


def test_a_click_while_twilio_has_not_answered_yet_makes_nothing_either(
    browser: SignedInClient, contents: FakeContents
) -> None:
    answers: list[int] = []
    contents.before_answer = lambda _sid: answers.append(ask(browser).status_code)

    assert ask(browser).status_code == 303

    assert (answers, contents.created) == ([303], ["aviso_de_llegada"])


def test_a_sync_that_comes_before_the_answer_makes_no_second_row(
    browser: SignedInClient, contents: FakeContents
) -> None:
    contents.before_answer = lambda _sid: (
        browser.post("/whatsapp/templates/refresh", data={"csrf_token": browser.csrf}) and None
    )

    assert ask(browser).status_code == 303

    assert [template.status for template in stored()] == ["received"]


def test_another_one_of_the_same_name_is_refused(
    browser: SignedInClient, contents: FakeContents, factories: Factories
) -> None:
    factories.template(name="aviso_de_llegada")

    answer = ask(browser)

    assert answer.status_code == 422
    assert "Ya hay una plantilla con ese nombre en ese idioma." in answer.text
    assert contents.created == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Refused(20001, "Invalid <types>", 400), "Twilio no la aceptó: Invalid &lt;types&gt; (error 20001)"),
        (NotReached(), "No pudimos conectarnos con Twilio."),
    ],
)
def test_what_twilio_said_is_beside_the_form_and_the_same_may_be_tried_again(
    browser: SignedInClient, contents: FakeContents, error: Any, sentence: str
) -> None:
    contents.failures = [error]

    refused, again = ask(browser), ask(browser)

    assert (refused.status_code, again.status_code) == (502, 303)
    assert sentence in refused.text
    assert FORM["text"] in refused.text
    assert len(stored()) == 1


def test_an_answer_that_is_lost_leaves_a_template_that_the_next_sync_settles(
    browser: SignedInClient, contents: FakeContents, factories: Factories
) -> None:
    contents.failures = [NoAnswer()]
    assert ask(browser).status_code == 502
    (lost,) = stored()
    assert "Sin confirmar" in browser.get("/whatsapp/templates").text
    remote = contents.add("aviso_de_llegada", status="unsubmitted", category="")

    browser.post("/whatsapp/templates/refresh", data={"csrf_token": browser.csrf})
    browser.post(f"/whatsapp/templates/{lost.id}/submit", data={"csrf_token": browser.csrf})

    lost = factories.reload(lost)
    assert (lost.content_sid, lost.status) == (remote.sid, "received")


def test_an_approval_that_could_not_be_asked_is_asked_later(
    browser: SignedInClient, contents: FakeContents, factories: Factories
) -> None:
    contents.before_answer = lambda _sid: contents.failures.append(NotReached())
    assert ask(browser).status_code == 502
    (template,) = stored()
    assert (template.status, template.unconfirmed) == ("unsubmitted", False)
    assert "Pedir aprobación" in browser.get(f"/whatsapp/templates/{template.id}").text

    answer = browser.post(f"/whatsapp/templates/{template.id}/submit", data={"csrf_token": browser.csrf})

    assert answer.status_code == 303
    assert factories.reload(template).status == "received"


def test_its_state_is_followed_until_it_is_offered(
    browser: SignedInClient, contents: FakeContents, factories: Factories
) -> None:
    ask(browser)
    (template,) = stored()
    assert offered() == []
    contents.add("aviso_de_llegada")  # Another of that name, which Twilio allows.
    remote = contents.templates[template.content_sid]
    contents.templates[template.content_sid] = type(remote)(**{**vars(remote), "status": "approved"})

    sync_templates()

    assert template.id in offered()


def test_the_preview_follows_what_is_written(browser: SignedInClient) -> None:
    form = FORM | {"s-2": "", "reply-1": "Dale"}

    piece = browser.htmx("POST", "/whatsapp/templates/new/preview", data=form).text

    assert "Hola Lucía, llegamos a las <mark" in piece
    assert "Dale" in piece
    assert "template-samples" not in piece  # Whoever is typing a sample is left alone.


def test_a_new_variable_asks_for_its_sample(browser: SignedInClient) -> None:
    form = {name: value for name, value in FORM.items() if name != "s-2"}

    piece = browser.htmx("POST", "/whatsapp/templates/new/preview", data=form).text

    assert 'name="s-1" value="Lucía"' in piece
    assert 'name="s-2" value=""' in piece
