"""A template is chosen, filled from the coordinación, looked over and sent: once, checked, and kept as it was read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.auth.models import User
from app.extensions import db, utcnow
from app.twilio.client import NoAnswer, Refused
from app.whatsapp.models import Conversation, Message
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeTwilio

TEXT = "Hola {{1}}, te confirmamos. Fecha: {{2}}. Hora: {{3}}. Lugar: {{4}}. ¡Gracias!"
KEY = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def browser(sign_in: Callable[[User], SignedInClient], ana: User) -> SignedInClient:
    return sign_in(ana)


@pytest.fixture
def closed(factories: Factories) -> Conversation:
    """A conversation about an event whose place is not known, a day after the client wrote."""
    event = factories.coordinacion(
        client_name="Lucía Ferreyra", phone="+5491155550101", event_on=date(2026, 12, 12), start_time=time(21, 0)
    )
    return factories.conversation(coordinacion_id=event.id, window_expires_at=utcnow() - timedelta(hours=1))


def fields_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="v-(\d)" value="([^"]*)"', page))


def send(browser: SignedInClient, conversation: Conversation, template_id: int, **values: str) -> TestResponse:
    data = {"key": KEY} | {f"v-{name[1:]}": value for name, value in values.items()}
    return browser.htmx("POST", f"/whatsapp/conversations/{conversation.id}/templates/{template_id}", data=data)


def stored() -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def test_a_closed_composer_offers_the_templates(browser: SignedInClient, closed: Conversation) -> None:
    page = browser.get(f"/whatsapp/conversations/{closed.id}").text

    assert "Pasaron las 24 h. Elegí una plantilla para volver a escribirle." in page
    assert f'hx-get="/whatsapp/conversations/{closed.id}/picker"' in page
    assert f'href="/whatsapp/conversations/{closed.id}/templates"' in page
    assert 'id="composer-text"' not in page


def test_an_open_composer_has_them_among_its_tools_and_one_who_opted_out_has_none(
    browser: SignedInClient, factories: Factories
) -> None:
    open_one, out = factories.conversation(), factories.conversation("+5491155550102", opted_out=True)

    page, refused = (browser.get(f"/whatsapp/conversations/{it.id}").text for it in (open_one, out))

    assert (page.count(f"conversations/{open_one.id}/picker"), 'id="composer-text"' in page) == (1, True)
    assert "/picker" not in refused


def test_only_what_can_be_the_first_word_is_offered(
    browser: SignedInClient, factories: Factories, closed: Conversation
) -> None:
    factories.template(name="la_buena")
    factories.template(name="la_rechazada", status="rejected")
    factories.template(name="la_lista", types={"twilio/list-picker": {"body": "¿Cuándo?"}})

    piece = browser.htmx("GET", f"/whatsapp/conversations/{closed.id}/picker").text

    assert "La buena" in piece
    assert "La rechazada" not in piece
    assert "La lista" not in piece
    assert (
        "Ninguna plantilla dice eso." in browser.htmx("GET", f"/whatsapp/conversations/{closed.id}/picker?tq=xx").text
    )


def test_the_chosen_one_is_filled_from_the_coordinacion_and_says_what_is_missing(
    browser: SignedInClient, factories: Factories, closed: Conversation
) -> None:
    template = factories.template(TEXT, variables={})

    piece = browser.htmx("GET", f"/whatsapp/conversations/{closed.id}/picker/{template.id}").text

    assert fields_of(piece) == {"1": "Lucía", "2": "sábado, 12 de diciembre de 2026", "3": "21:00", "4": ""}
    assert piece.count('<span class="pill warn tiny">Falta</span>') == 1
    assert 'Lugar: <mark class="blank">Lugar</mark>' in piece


def test_what_an_admin_said_of_a_variable_goes_before_what_its_words_suggest(
    browser: SignedInClient, factories: Factories, closed: Conversation
) -> None:
    mapping = {"1": "author", "2": "fixed:pronto", "3": "manual", "4": "client"}
    template = factories.template(TEXT, variables={}, mapping=mapping)

    piece = browser.htmx("GET", f"/whatsapp/conversations/{closed.id}/picker/{template.id}").text

    assert fields_of(piece) == {"1": "Ana", "2": "pronto", "3": "", "4": "Lucía Ferreyra"}


def test_the_preview_is_what_the_client_will_read(
    browser: SignedInClient, factories: Factories, closed: Conversation
) -> None:
    template = factories.template("Hola {{1}}, chau {{2}}. Fin.")
    url = f"/whatsapp/conversations/{closed.id}/picker/{template.id}/preview"

    piece = browser.htmx("GET", url, query_string={"v-1": "<b>Lu\ncía</b>"}).text

    assert "Hola &lt;b&gt;Lu cía&lt;/b&gt;, chau <mark" in piece


def test_it_is_sent_and_kept_as_it_was_read(
    browser: SignedInClient, factories: Factories, closed: Conversation, twilio: FakeTwilio
) -> None:
    actions = [{"type": "QUICK_REPLY", "title": "Dale", "id": "dale"}]
    types = {"twilio/quick-reply": {"body": "Hola {{1}}, ¿llegamos a las {{2}} en punto?", "actions": actions}}
    template = factories.template(types=types)

    answer = send(browser, closed, template.id, v1=" Lucía ", v2="18:00\n")

    (message,) = stored()
    assert answer.status_code == 201
    assert (twilio.sent[0].content_sid, twilio.sent[0].body) == (template.content_sid, "")
    assert twilio.sent[0].content_variables == {"1": "Lucía", "2": "18:00"}
    assert (message.type, message.body) == ("template", "Hola Lucía, ¿llegamos a las 18:00 en punto?")
    assert (message.category, message.coordinacion_id) == ("utility", closed.coordinacion_id)
    assert message.search_text.startswith("hola lucia")
    page = browser.get(f"/whatsapp/conversations/{closed.id}").text
    assert "Hola Lucía, ¿llegamos a las 18:00 en punto?" in page
    assert "Dale" in page


def test_a_template_that_changes_later_leaves_what_was_sent_as_it_was(
    browser: SignedInClient, factories: Factories, closed: Conversation
) -> None:
    template = factories.template("Hola {{1}}, chau {{2}}. Fin.")
    send(browser, closed, template.id, v1="Lu", v2="Ana")
    db.session.rollback()
    template.types, template.gone_at = {"twilio/text": {"body": "Otra cosa"}}, utcnow()
    factories.store(template)

    page = browser.get(f"/whatsapp/conversations/{closed.id}").text

    assert "Hola Lu, chau Ana. Fin." in page
    assert "Otra cosa" not in page


@pytest.mark.parametrize("again", [True, False])
def test_a_second_click_sends_nothing(
    browser: SignedInClient, factories: Factories, closed: Conversation, twilio: FakeTwilio, again: bool
) -> None:
    template = factories.template()
    values = {"v1": "Lucía", "v2": "el jueves"}
    if not again:
        twilio.fail_next(NoAnswer(), accepted=True)

    first, second = send(browser, closed, template.id, **values), send(browser, closed, template.id, **values)

    assert (first.status_code, second.status_code, len(twilio.sent)) == (201, 201, 1)


def test_what_is_missing_blocks_and_nothing_typed_is_lost(
    browser: SignedInClient, factories: Factories, closed: Conversation, twilio: FakeTwilio
) -> None:
    template = factories.template(TEXT)

    answer = send(browser, closed, template.id, v1="Lucía", v2=" ", v3="\u00a021:00", v4="")

    assert answer.status_code == 422
    assert answer.text.count("Falta este dato.") == 2
    assert fields_of(answer.text) == {"1": "Lucía", "2": "", "3": "21:00", "4": ""}
    assert f'value="{KEY}"' in answer.text
    assert (stored(), twilio.sent) == ([], [])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"status": "paused"}, "WhatsApp no la tiene aprobada."),
        ({"gone_at": utcnow()}, "WhatsApp no la tiene aprobada."),
        ({"content_sid": "new:1"}, "WhatsApp no la tiene aprobada."),
        ({"types": {"twilio/location": {"label": "Salón"}}}, "Esta plantilla no sirve para empezar a hablar."),
        ({"types": {"twilio/text": {"body": "x" * 1020 + " {{1}} {{2}} fin"}}}, "quedó muy larga con esos datos."),
    ],
)
def test_what_whatsapp_would_not_take_is_refused_before_it_costs_anything(
    browser: SignedInClient,
    factories: Factories,
    closed: Conversation,
    twilio: FakeTwilio,
    fields: dict[str, Any],
    sentence: str,
) -> None:
    template = factories.template(**fields)

    answer = send(browser, closed, template.id, v1="Lucía", v2="el jueves")

    assert answer.status_code == 422
    assert sentence in answer.text
    assert (stored(), twilio.sent) == ([], [])


def test_one_who_opted_out_gets_no_template(browser: SignedInClient, factories: Factories, twilio: FakeTwilio) -> None:
    out, template = factories.conversation(opted_out=True), factories.template()

    answer = send(browser, out, template.id, v1="Lucía", v2="el jueves")

    assert answer.status_code == 409
    assert "Esta persona pidió no recibir más mensajes." in answer.text
    assert twilio.sent == []


def test_a_refusal_of_twilios_is_under_the_bubble(
    browser: SignedInClient, factories: Factories, closed: Conversation, twilio: FakeTwilio
) -> None:
    template = factories.template()
    twilio.fail_next(Refused(63041, "paused", 400))

    send(browser, closed, template.id, v1="Lucía", v2="el jueves")

    page = browser.get(f"/whatsapp/conversations/{closed.id}").text
    assert "WhatsApp pausó esta plantilla. Elegí otra." in page


def test_a_key_that_was_spent_on_other_values_is_replaced(
    browser: SignedInClient, factories: Factories, closed: Conversation
) -> None:
    template = factories.template()
    send(browser, closed, template.id, v1="Lucía", v2="el jueves")

    answer = send(browser, closed, template.id, v1="Lucía", v2="el viernes")

    assert answer.status_code == 422
    assert f'value="{KEY}"' not in answer.text


def test_it_works_as_pages_without_javascript(
    browser: SignedInClient, factories: Factories, closed: Conversation, twilio: FakeTwilio
) -> None:
    template, chat = factories.template(), f"/whatsapp/conversations/{closed.id}"
    assert f'href="{chat}/templates/{template.id}"' in browser.get(f"{chat}/templates").text
    page = browser.get(f"{chat}/templates/{template.id}").text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    data = {"csrf_token": browser.csrf, "key": key[1], "v-1": "Lucía"}

    refused = browser.post(f"{chat}/templates/{template.id}", data=data)
    sent = browser.post(f"{chat}/templates/{template.id}", data=data | {"v-2": "el jueves"})

    assert (refused.status_code, "Falta este dato." in refused.text, "<!doctype html>" in refused.text) == (
        422,
        True,
        True,
    )
    assert (sent.status_code, sent.headers["Location"]) == (303, chat)
    assert len(twilio.sent) == 1


def test_a_chat_with_somebody_new_begins_with_a_template_about_the_event_it_came_from(
    browser: SignedInClient, factories: Factories, twilio: FakeTwilio
) -> None:
    event = factories.coordinacion(client_name="Emma Stone", phone="+5491155550177", event_on=date(2026, 12, 12))
    samples = {"1": "Ana", "2": "Sunday, May 3, 2026"}
    template = factories.template("Hi {{1}}, your event is on {{2}}. Bye!", language="en", variables=samples)
    for _ in range(2):
        panel = browser.htmx("POST", f"/whatsapp/coordinaciones/{event.id}/open").text
    db.session.rollback()
    (conversation,) = db.session.scalars(select(Conversation)).all()
    assert "Todavía no te escribió. Hasta que lo haga, solo le llegan plantillas." in panel

    piece = browser.htmx("GET", f"/whatsapp/conversations/{conversation.id}/picker/{template.id}").text
    send(browser, conversation, template.id, **{f"v{name}": value for name, value in fields_of(piece).items()})

    assert fields_of(piece)["1"] == "Emma"
    assert [(message.coordinacion_id, message.to_number) for message in stored()] == [
        (event.id, "whatsapp:+5491155550177")
    ]
    assert len(twilio.sent) == 1
