"""Which event a conversation is about, chosen among all of them; and where else the messages of a client are."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from flask import Flask

from app.auth.models import User
from app.extensions import utcnow
from app.formats import today
from app.whatsapp.models import Conversation
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.signing import WEBHOOK, inbound_form, post_signed


@pytest.fixture
def browser(sign_in: Any, ana: User) -> SignedInClient:
    client: SignedInClient = sign_in(ana)
    return client


def choice_of(conversation: Conversation) -> str:
    return f"/whatsapp/conversations/{conversation.id}/coordinacion"


@pytest.mark.parametrize("q", ["boda", "ángela", "TIGRE", "boda angela"])
def test_any_event_is_found_by_title_client_or_place(browser: SignedInClient, factories: Factories, q: str) -> None:
    conversation = factories.conversation()
    for number in range(10):
        factories.coordinacion(event_on=today() + timedelta(days=number))
    far = today() + timedelta(days=300)
    factories.coordinacion(title="Boda en el río", client_name="Ángela Ruiz", place="Delta del Tigre", event_on=far)

    nearest = browser.htmx("GET", choice_of(conversation)).text
    found = browser.htmx("GET", f"{choice_of(conversation)}/results", query_string={"event": q}).text

    assert "Boda en el río" not in nearest
    assert "Boda en el río" in found
    assert "Ángela Ruiz" in found
    assert "Fiesta" not in found


def test_any_event_is_found_by_its_date(browser: SignedInClient, factories: Factories) -> None:
    conversation = factories.conversation()
    day = today() + timedelta(days=300)
    factories.coordinacion(title="Boda en el río", event_on=day)
    factories.coordinacion(title="Otra cosa", event_on=day + timedelta(days=2))

    found = browser.htmx("GET", f"{choice_of(conversation)}/results", query_string={"event": f"{day.day}/{day.month}"})

    assert "Boda en el río" in found.text
    assert "Otra cosa" not in found.text


def test_past_and_archived_events_are_found_too_after_those_to_come(
    browser: SignedInClient, factories: Factories
) -> None:
    conversation = factories.conversation()
    factories.coordinacion(title="Brindis de ayer", event_on=today() - timedelta(days=40))
    factories.coordinacion(title="Brindis que viene", event_on=today() + timedelta(days=40))
    factories.coordinacion(title="Brindis guardado", event_on=today() - timedelta(days=90), archived_at=utcnow())

    found = browser.htmx("GET", f"{choice_of(conversation)}/results?event=brindis").text

    places = [found.index(title) for title in ("Brindis que viene", "Brindis de ayer", "Brindis guardado")]
    assert places == sorted(places)
    assert "Archivada" in found


def test_a_past_event_that_was_chosen_gives_way_only_to_one_that_lasts(
    app: Flask, browser: SignedInClient, factories: Factories
) -> None:
    conversation = factories.conversation("+5491155550101")
    chosen = factories.coordinacion(title="De otro cliente", event_on=today() - timedelta(days=60))
    factories.coordinacion(title="Propia", phone="+5491155550101", event_on=today() - timedelta(days=30))
    browser.htmx("POST", choice_of(conversation), data={"coordinacion_id": str(chosen.id)})

    post_signed(app.test_client(), WEBHOOK, inbound_form("Una factura", "+5491155550101"))
    kept = factories.reload(conversation).coordinacion_id
    coming = factories.coordinacion(phone="+5491155550101", event_on=today() + timedelta(days=30))
    post_signed(app.test_client(), WEBHOOK, inbound_form("Otra fiesta", "+5491155550101"))

    assert kept == chosen.id
    assert factories.reload(conversation).coordinacion_id == coming.id


def test_the_search_works_as_a_plain_form_and_keeps_what_was_written(
    browser: SignedInClient, factories: Factories
) -> None:
    conversation = factories.conversation()
    factories.message(conversation)
    event = factories.coordinacion(title="Boda en el río", event_on=today() + timedelta(days=300))

    page = browser.get(f"/whatsapp/conversations/{conversation.id}?choose=1&event=rio").text
    chosen = browser.post(choice_of(conversation), data={"csrf_token": browser.csrf, "coordinacion_id": str(event.id)})

    assert 'name="event" value="rio"' in page
    assert "Boda en el río" in page
    assert chosen.status_code == 303
    assert factories.reload(conversation).coordinacion_id == event.id


def test_a_search_without_result_says_so_and_one_with_too_many_says_that_too(
    browser: SignedInClient, factories: Factories
) -> None:
    conversation = factories.conversation()
    for number in range(22):
        factories.coordinacion(title=f"Casamiento {number}", event_on=date(2030, 1, 1), start_time=time(21))

    many = browser.htmx("GET", f"{choice_of(conversation)}/results?event=casamiento").text
    none = browser.htmx("GET", f"{choice_of(conversation)}/results?event=nada").text

    assert many.count("<b ") == 20
    assert "Hay más." in many
    assert "Nada coincide con «nada»." in none


def history_of(browser: SignedInClient, event_id: int, more: str = "") -> str:
    return browser.htmx("GET", f"/whatsapp/coordinaciones/{event_id}/history{more}").text


def test_an_event_says_where_the_other_messages_of_its_client_are(
    browser: SignedInClient, factories: Factories
) -> None:
    conversation = factories.conversation("+5491155550101")
    talked = factories.coordinacion(title="Brindis de fin de año", phone="+541155550101")
    silent = factories.coordinacion(title="Casamiento", phone="+5491155550101")
    for _number in range(3):
        factories.message(conversation, coordinacion_id=talked.id)
    factories.message(conversation)

    page = history_of(browser, silent.id)

    assert "Todavía no hay mensajes" not in page
    assert "De este evento todavía no se habló." in page
    assert f'href="/coordinaciones/{talked.id}#coordinacion-history-title">Brindis de fin de año</a>' in page
    assert "3 mensajes en <a" in page
    assert (
        f'1 mensaje en <a class="link" href="/whatsapp/conversations/{conversation.id}">el chat, sin evento</a>' in page
    )


def test_an_event_that_was_talked_about_says_it_as_well_and_after_a_change_again(
    browser: SignedInClient, factories: Factories
) -> None:
    conversation = factories.conversation("+5491155550101")
    first = factories.coordinacion(title="Brindis", phone="+5491155550101")
    second = factories.coordinacion(title="Casamiento", phone="+5491155550101")
    factories.message(conversation, "Del brindis", coordinacion_id=first.id)
    factories.message(conversation, "Del casamiento", coordinacion_id=second.id)

    page = history_of(browser, second.id)
    changed = history_of(browser, second.id, "?newest=1")

    for text in (page, changed):
        assert "1 mensaje en <a" in text
        assert "Brindis</a>" in text


def test_messages_of_a_number_that_was_joined_are_counted_where_they_are(
    browser: SignedInClient, factories: Factories
) -> None:
    thread = factories.conversation("+5491155550101")
    factories.conversation("+5491155550202", joined_to_id=thread.id)
    other = factories.coordinacion(title="Brindis", phone="+5491155550101")
    own = factories.coordinacion(title="Casamiento", phone="+5491155550202")
    factories.message(thread, coordinacion_id=other.id)

    page = history_of(browser, own.id)

    assert "1 mensaje en <a" in page


def test_a_client_of_one_event_alone_gets_no_such_line(browser: SignedInClient, factories: Factories) -> None:
    event = factories.coordinacion(phone="+5491155550101")
    without_phone = factories.coordinacion(phone=None)
    factories.message(factories.conversation("+5491155550199"))

    for page in (history_of(browser, event.id), history_of(browser, without_phone.id)):
        assert "Todavía no hay mensajes de este evento." in page
        assert 'id="history-elsewhere" class="elsewhere small" hidden' in page
