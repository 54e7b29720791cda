"""A coordinación whose phone is corrected lets go of the stranger with the wrong number, never of whom staff chose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.auth.models import User
from app.coordinaciones import actions
from app.coordinaciones.models import Coordinacion
from app.formats import today
from app.whatsapp.changes import current_change
from app.whatsapp.contacts.actions import joining, judging
from app.whatsapp.contacts.actions.opening import open_for_coordinacion
from app.whatsapp.inbox.actions.events import assign
from app.whatsapp.messaging.actions.send import send
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Conversation
from app.whatsapp.names import conversation_name
from app.whatsapp.templates.values import office_values
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.threads import in_threads
from tests.whatsapp.messaging.test_webhook import arrives

STRANGER, CLIENT = "+5491155550101", "+5491155550202"
Correct = Callable[[Coordinacion, str | None], None]


@pytest.fixture
def event(factories: Factories) -> Coordinacion:
    return factories.coordinacion(
        title="Boda de Lucía",
        client_name="Lucía",
        place="Quinta",
        phone=STRANGER,
        external_ref="EV-1",
        event_on=today() + timedelta(days=20),
    )


@pytest.fixture
def stranger(app: Flask, factories: Factories, event: Coordinacion) -> Conversation:
    """The conversation with whoever has the number that was wrong."""
    message = arrives(app, "No soy Lucía", STRANGER, ProfileName="Tomás")
    assert message.coordinacion_id == event.id
    return message.conversation


def texts(factories: Factories, conversation: Conversation) -> tuple[str, int | None]:
    factories.reload(conversation)
    return conversation_name(conversation), conversation.coordinacion_id


@pytest.mark.parametrize("way", ["page", "PATCH", "PUT", "emptied"])
def test_a_corrected_phone_lets_go_of_the_stranger(
    factories: Factories,
    sign_in: Callable[[User], SignedInClient],
    bearer: Callable[[User], dict[str, str]],
    ana: User,
    event: Coordinacion,
    stranger: Conversation,
    way: str,
) -> None:
    browser, before = sign_in(ana), current_change()
    assert texts(factories, stranger) == ("Lucía", event.id)

    if way in ("page", "emptied"):
        phone = CLIENT if way == "page" else ""
        form = {"csrf_token": browser.csrf, "phone": phone, "title": event.title, "client_name": event.client_name}
        answer = browser.post(f"/coordinaciones/{event.id}", data=form)
    elif way == "PATCH":
        answer = browser.patch(f"/api/coordinaciones/{event.id}", json={"phone": CLIENT}, headers=bearer(ana))
    else:
        record = {"title": event.title, "client_name": event.client_name, "phone": CLIENT}
        answer = browser.put("/api/coordinaciones/external/EV-1", json=record, headers=bearer(ana))

    assert answer.status_code in (200, 303)
    assert texts(factories, stranger) == ("Tomás", None)
    assert (stranger.change, current_change()) == (before + 1, before + 1)
    values = office_values(stranger, stranger.coordinacion, "Ana", "es_AR")
    assert (values["client"], values["event"], values["place"]) == ("Tomás", "", "")
    history = browser.get(f"/whatsapp/coordinaciones/{event.id}/history")
    assert history.status_code == 200
    assert "No soy Lucía" not in history.text
    assert "No soy Lucía" in browser.get(f"/whatsapp/conversations/{stranger.id}").text


def test_the_stranger_keeps_an_event_of_their_own(
    factories: Factories, event: Coordinacion, stranger: Conversation
) -> None:
    own = factories.coordinacion(client_name="Tomás Paz", phone=STRANGER, event_on=today() + timedelta(days=90))

    actions.update(event.id, {"phone": CLIENT})

    assert texts(factories, stranger) == ("Tomás Paz", own.id)


def test_what_staff_chose_in_the_chat_stays(factories: Factories, event: Coordinacion, stranger: Conversation) -> None:
    assign(stranger.id, event.id)

    actions.update(event.id, {"phone": CLIENT})

    assert texts(factories, stranger) == ("Lucía", event.id)


def test_opening_the_chat_from_the_event_is_no_choice_of_who_it_is(
    factories: Factories, event: Coordinacion, stranger: Conversation
) -> None:
    assert open_for_coordinacion(event.id) == stranger.id

    actions.update(event.id, {"phone": CLIENT})

    assert texts(factories, stranger) == ("Tomás", None)


def test_a_message_to_the_events_number_is_no_choice_either_and_one_to_another_is(
    factories: Factories, twilio: FakeTwilio, ana: User, event: Coordinacion, stranger: Conversation
) -> None:
    other = factories.conversation("+5491155550303", profile_name="La mamá")
    send(SendRequest(body="Hola", coordinacion_id=event.id), "uno", ana.id)
    send(SendRequest(body="Hola", to="+5491155550303", coordinacion_id=event.id), "dos", ana.id)

    actions.update(event.id, {"phone": CLIENT})

    assert texts(factories, stranger) == ("Tomás", None)
    assert texts(factories, other) == ("Lucía", event.id)


def test_who_talks_from_the_new_number_too_stays(
    factories: Factories, event: Coordinacion, stranger: Conversation
) -> None:
    joining.join(stranger.id, factories.conversation(CLIENT).id)

    actions.update(event.id, {"phone": CLIENT})

    assert texts(factories, stranger) == ("Lucía", event.id)


def test_a_phone_corrected_while_its_owner_is_in_doubt_does_not_come_back_with_them(
    app: Flask, factories: Factories, event: Coordinacion
) -> None:
    first = arrives(app, "No soy Lucía", STRANGER, ExternalUserId="whatsapp:AR.1111111111", ProfileName="Tomás")
    arrives(app, "¿Quién habla?", STRANGER, ExternalUserId="whatsapp:AR.2222222222")

    actions.update(event.id, {"phone": CLIENT})
    judging.say_same_person(first.conversation_id)

    assert texts(factories, first.conversation)[1] is None
    assert factories.reload(first).coordinacion_id is None


@pytest.mark.parametrize("values", [{"phone": "+541155550101"}, {"phone": STRANGER}, {"notes": "Con torta"}])
def test_nothing_moves_where_the_number_is_the_same(
    factories: Factories, event: Coordinacion, stranger: Conversation, values: dict[str, Any]
) -> None:
    before = current_change()

    actions.update(event.id, values)

    assert texts(factories, stranger) == ("Lucía", event.id)
    assert current_change() == before


def test_messages_that_come_while_phones_are_corrected_wait_for_nobody_in_a_circle(
    app: Flask, factories: Factories, event: Coordinacion, stranger: Conversation
) -> None:
    def correct(number: int) -> None:
        actions.update(event.id, {"phone": (CLIENT, STRANGER)[number % 2]})

    came = in_threads(
        app,
        *(lambda number=number: correct(number) for number in range(6)),
        *(lambda number=number: arrives(app, f"Hola {number}", STRANGER) for number in range(6)),
    )

    assert [one for one in came if isinstance(one, Exception)] == []
    assert factories.reload(stranger).unread_count == 7
