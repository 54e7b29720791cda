"""The same number under another WhatsApp user id is perhaps another person, who is shown nothing of the former one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.auth.models import User
from app.coordinaciones.models import Coordinacion
from app.extensions import db
from app.formats import today
from app.whatsapp import queries
from app.whatsapp.contacts.actions import joining, judging
from app.whatsapp.contacts.actions.opening import open_for_coordinacion
from app.whatsapp.inbox.actions.events import assign
from app.whatsapp.messaging.actions.send import send
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Contact, Conversation, Message
from app.whatsapp.names import conversation_name
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.whatsapp.messaging.test_webhook import PHONE, arrives

FORMER, NEW = "AR.1111111111", "AR.2222222222"
SAME, OTHER = "same-person", "other-person"


@pytest.fixture
def browser(app: Flask, ana: User) -> SignedInClient:
    return SignedInClient.of(app, ana)


@pytest.fixture
def event(factories: Factories) -> Coordinacion:
    return factories.coordinacion(
        title="Boda de Lucía", client_name="Lucía Ferreyra", phone=PHONE, event_on=today() + timedelta(days=9)
    )


@pytest.fixture
def doubted(app: Flask, event: Coordinacion) -> Conversation:
    """Lucía wrote, and then somebody with another user id from her number."""
    arrives(app, "Soy Lucía", ExternalUserId=f"whatsapp:{FORMER}", ProfileName="lu 💜")
    message = arrives(app, "¿Quién habla?", ExternalUserId=f"whatsapp:{NEW}", ProfileName=None)
    return message.conversation


def shown(browser: SignedInClient, conversation: Conversation) -> str:
    return browser.get(f"/whatsapp/conversations/{conversation.id}/chat").text


def say(browser: SignedInClient, conversation: Conversation, what: str, **headers: str) -> Any:
    url = f"/whatsapp/conversations/{conversation.id}/{what}"
    return browser.post(url, data={"csrf_token": browser.csrf}, headers=headers)


def bodies(conversation_id: int) -> list[str]:
    db.session.rollback()
    where = Message.conversation_id == conversation_id
    return list(db.session.scalars(select(Message.body).where(where).order_by(Message.sent_at)))


def former_one() -> Conversation:
    db.session.rollback()
    return db.session.scalars(select(Conversation).join(Conversation.contact).where(Contact.user_id == FORMER)).one()


def test_another_user_id_is_shown_neither_name_nor_event_of_the_former_one(
    browser: SignedInClient, factories: Factories, doubted: Conversation, event: Coordinacion
) -> None:
    factories.reload(doubted)
    chat, listed = shown(browser, doubted), browser.get("/whatsapp/list").text

    assert "Puede ser otra persona" in chat
    assert chat.index("Desde acá, el mismo número con otra cuenta de WhatsApp") < chat.index("¿Quién habla?")
    assert chat.index("Soy Lucía") < chat.index("Desde acá, el mismo número con otra cuenta de WhatsApp")
    for page in (chat, listed):
        assert "Lucía Ferreyra" not in page
        assert "lu 💜" not in page
        assert "Boda de Lucía" not in page
    assert conversation_name(doubted) == "+54 9 11 5555-0101"
    assert (doubted.contact.user_id, doubted.unread_count) == (NEW, 2)
    assert queries.find_message_by_sid(str(doubted.last_message.message_sid)).coordinacion_id is None  # type: ignore[union-attr]


def test_more_messages_of_either_change_nothing_of_the_doubt(app: Flask, doubted: Conversation) -> None:
    arrives(app, "¿Hola?", ExternalUserId=f"whatsapp:{NEW}", ProfileName="Tomás")
    message = arrives(app, "¿Y?", ExternalUserId=f"whatsapp:{FORMER}", ProfileName="Tomás")

    assert message.coordinacion_id is None
    assert message.conversation.former is not None
    assert message.conversation.former.given_name == ""
    assert conversation_name(message.conversation) == "Tomás"


@pytest.mark.parametrize("first", [None, FORMER])
def test_the_first_user_id_and_the_same_again_are_no_doubt(app: Flask, event: Coordinacion, first: str | None) -> None:
    arrives(app, "uno", ExternalUserId=f"whatsapp:{first}" if first else None)

    message = arrives(app, "dos", ExternalUserId=f"whatsapp:{FORMER}")

    assert message.conversation.former is None
    assert message.coordinacion_id == event.id


def test_the_same_person_has_everything_back(
    browser: SignedInClient, factories: Factories, doubted: Conversation, event: Coordinacion
) -> None:
    answer = say(browser, doubted, SAME)

    assert (answer.status_code, answer.location) == (303, f"/whatsapp/conversations/{doubted.id}")
    factories.reload(doubted)
    assert conversation_name(doubted) == "Lucía Ferreyra"
    assert (doubted.coordinacion_id, doubted.contact.profile_name) == (event.id, "lu 💜")
    assert {message.coordinacion_id for message in db.session.scalars(select(Message))} == {event.id}
    assert "Puede ser otra persona" not in shown(browser, doubted)
    assert "Lucía Ferreyra" in browser.get("/whatsapp/list", query_string={"q": "lu"}).text
    assert say(browser, doubted, SAME).status_code == 303  # Somebody else's page.


def test_what_staff_said_meanwhile_wins(factories: Factories, doubted: Conversation) -> None:
    other = factories.coordinacion(title="Quince")
    assign(doubted.id, other.id)
    joining.rename(doubted.id, "La prima")

    judging.say_same_person(doubted.id)

    factories.reload(doubted)
    assert (conversation_name(doubted), doubted.coordinacion_id) == ("La prima", other.id)


def test_writing_from_the_former_ones_event_is_no_word_on_who_it_is(
    browser: SignedInClient,
    factories: Factories,
    twilio: FakeTwilio,
    ana: User,
    doubted: Conversation,
    event: Coordinacion,
) -> None:
    assert open_for_coordinacion(event.id) == doubted.id
    sent = send(SendRequest(body="Hola", coordinacion_id=event.id), "una-clave", ana.id)

    assert queries.get_message(sent.message_id).coordinacion_id == event.id
    assert factories.reload(doubted).coordinacion_id is None
    assert "Lucía Ferreyra" not in shown(browser, doubted)


def test_another_person_begins_anew_and_nothing_of_the_former_is_lost(
    app: Flask, browser: SignedInClient, factories: Factories, doubted: Conversation, event: Coordinacion
) -> None:
    answer = say(browser, doubted, OTHER, **{"HX-Request": "true"})

    assert answer.status_code == 303
    former = former_one()
    assert (bodies(doubted.id), bodies(former.id)) == (["¿Quién habla?"], ["Soy Lucía"])
    assert (conversation_name(former), former.coordinacion_id, former.phone_number) == (
        "Lucía Ferreyra",
        event.id,
        None,
    )
    assert (former.unread_count, factories.reload(doubted).unread_count) == (1, 1)
    assert (doubted.phone_number, doubted.contact.user_id, doubted.coordinacion_id) == (PHONE, NEW, None)
    page = shown(browser, doubted)
    assert "Lucía" not in page
    assert "otra persona" not in page
    assert "la misma persona" not in page
    again = arrives(app, "Soy Tomás", ExternalUserId=f"whatsapp:{NEW}", ProfileName="Tomás")
    assert (again.conversation_id, again.coordinacion_id) == (doubted.id, None)


def test_the_former_one_who_writes_from_a_new_number_goes_on_where_they_were(
    app: Flask, factories: Factories, doubted: Conversation, event: Coordinacion
) -> None:
    judging.say_other_person(doubted.id)

    message = arrives(app, "Cambié de número", "+5491155550909", ExternalUserId=f"whatsapp:{FORMER}")

    assert bodies(message.conversation_id) == ["Soy Lucía", "Cambié de número"]
    assert message.coordinacion_id == event.id


def test_the_former_one_who_had_written_from_a_new_number_gets_the_old_messages(
    app: Flask, doubted: Conversation, event: Coordinacion
) -> None:
    message = arrives(app, "Cambié de número", "+5491155550909", ExternalUserId=f"whatsapp:{FORMER}")

    judging.say_other_person(doubted.id)

    assert bodies(message.conversation_id) == ["Soy Lucía", "Cambié de número"]
    assert bodies(doubted.id) == ["¿Quién habla?"]


@pytest.mark.parametrize("leads", [True, False])
@pytest.mark.parametrize("same", [True, False])
def test_a_joined_thread_is_the_former_ones(
    app: Flask, browser: SignedInClient, factories: Factories, event: Coordinacion, leads: bool, same: bool
) -> None:
    one = arrives(app, "Soy Lucía", ExternalUserId=f"whatsapp:{FORMER}").conversation
    work = arrives(app, "Desde el trabajo", "+5491155550808").conversation
    joining.join(*((one.id, work.id) if leads else (work.id, one.id)))
    doubted = arrives(app, "¿Quién habla?", ExternalUserId=f"whatsapp:{NEW}").conversation
    assert doubted.id == one.id
    assert "Puede ser otra persona" in shown(browser, doubted)

    kept = judging.say_same_person(doubted.id) if same else judging.say_other_person(doubted.id)

    if same:
        assert bodies(kept) == ["Soy Lucía", "Desde el trabajo", "¿Quién habla?"]
        assert queries.get_conversation(one.id).id == queries.get_conversation(work.id).id == kept
        return
    assert (kept, bodies(one.id)) == (one.id, ["¿Quién habla?"])
    assert bodies(queries.get_conversation(work.id).id) == ["Soy Lucía", "Desde el trabajo"]
    assert db.session.scalars(select(func.count(Message.id))).one() == 3
    assert "Puede ser la misma persona" not in shown(browser, queries.get_conversation(one.id))


def test_an_open_chat_is_drawn_anew_when_the_doubt_begins_and_ends(
    app: Flask, browser: SignedInClient, event: Coordinacion
) -> None:
    conversation = arrives(app, "Soy Lucía", ExternalUserId=f"whatsapp:{FORMER}").conversation
    shape, url = str(conversation.id), f"/whatsapp/conversations/{conversation.id}/changes"
    arrives(app, "¿Quién habla?", ExternalUserId=f"whatsapp:{NEW}")

    begun = browser.htmx("GET", url, query_string={"since": 1, "shape": shape})
    judging.say_same_person(conversation.id)
    ended = browser.htmx("GET", url, query_string={"since": 1, "shape": f"{shape}-doubt"})

    assert begun.headers["HX-Retarget"] == ended.headers["HX-Retarget"] == "#conversation"
    assert "Puede ser otra persona" in begun.text
    assert "Puede ser otra persona" not in ended.text


def test_the_former_one_who_wrote_from_the_old_number_once_more_is_parted_all_the_same(
    app: Flask, factories: Factories, doubted: Conversation, event: Coordinacion
) -> None:
    arrives(app, "¿Hay alguien?", ExternalUserId=f"whatsapp:{FORMER}")

    judging.say_other_person(doubted.id)

    former = former_one()
    assert bodies(former.id) == ["Soy Lucía"]
    assert bodies(doubted.id) == ["¿Quién habla?", "¿Hay alguien?"]
    assert (former.coordinacion_id, factories.reload(doubted).contact.user_id) == (event.id, None)


def test_the_former_ones_new_number_that_staff_joined_goes_with_them(
    app: Flask, doubted: Conversation, event: Coordinacion
) -> None:
    message = arrives(app, "Cambié de número", "+5491155550909", ExternalUserId=f"whatsapp:{FORMER}")
    joining.join(doubted.id, message.conversation_id)

    kept = judging.say_other_person(doubted.id)

    assert bodies(kept) == ["¿Quién habla?"]
    assert bodies(former_one().id) == ["Soy Lucía", "Cambié de número"]
