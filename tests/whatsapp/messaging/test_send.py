"""What staff send is stored before Twilio hears of it, goes out once, and its row tells what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.auth.models import User
from app.errors import DomainError, Invalid, NotFound
from app.extensions import db, utcnow
from app.formats import today
from app.twilio.client import Account, NoAnswer, NotReached, Outgoing, Refused
from app.twilio.payloads import parse_inbound
from app.whatsapp import queries
from app.whatsapp.changes import current_change
from app.whatsapp.errors import KeyReused, NoPhone, NotConfigured, OptedOut, WindowClosed
from app.whatsapp.inbox.thread_queries import may_retry
from app.whatsapp.messaging.actions.receive import receive
from app.whatsapp.messaging.actions.send import Sending, send
from app.whatsapp.messaging.actions.sync import GIVE_UP, SyncReport, sync
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Conversation, Message
from app.whatsapp.outcomes import failure
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.signing import inbound_form
from tests.threads import in_threads

PHONE = "+5491155550101"
TEMPLATE = "HX" + "1" * 32
Go = Callable[..., Sending]


@pytest.fixture
def conversation(factories: Factories) -> Conversation:
    return factories.conversation()


@pytest.fixture
def go(ana: User) -> Go:
    """Send as Ana, under a key of its own unless a test gives one."""

    def act(body: str = "Hola", key: str = "", **fields: Any) -> Sending:
        return send(SendRequest(body=body, **fields), key or uuid.uuid4().hex, ana.id)

    return act


def message_of(sending: Sending) -> Message:
    db.session.rollback()
    return queries.get_message(sending.message_id)


def message_count() -> int:
    db.session.rollback()
    return db.session.scalars(select(func.count(Message.id))).one()


# The row, and what Twilio is asked


def test_a_message_goes_out(go: Go, ana: User, conversation: Conversation, twilio: FakeTwilio) -> None:
    before = utcnow()

    message = message_of(go("¡Hola! 🎉\nNos vemos", conversation_id=conversation.id))

    assert (message.direction, message.type, message.status) == ("outbound", "text", "queued")
    assert message.body == "¡Hola! 🎉\nNos vemos"
    assert (message.author_id, message.conversation_id) == (ana.id, conversation.id)
    assert (message.from_number, message.to_number) == ("whatsapp:+14155550100", f"whatsapp:{PHONE}")
    assert message.message_sid == next(iter(twilio.messages))
    assert before <= message.sent_at <= utcnow()
    assert "nos vemos" in message.search_text
    assert twilio.sent == [
        Outgoing(
            to=PHONE,
            status_callback=f"https://coordina.example/api/whatsapp/status?message={message.id}",
            body="¡Hola! 🎉\nNos vemos",
        )
    ]


def test_it_becomes_the_last_line_and_leaves_the_unread_alone(
    go: Go, conversation: Conversation, factories: Factories
) -> None:
    factories.message(conversation, "sin leer", sent_at=utcnow() - timedelta(minutes=1))
    window = factories.reload(conversation).window_expires_at

    message = message_of(go(conversation_id=conversation.id))

    assert factories.reload(conversation).last_message_id == message.id
    assert conversation.last_message_at == message.sent_at
    assert conversation.unread_count == 1
    assert conversation.window_expires_at == window
    assert conversation.change == message.change == current_change()


def test_the_row_is_there_before_twilio_is_asked(
    app: Flask, go: Go, conversation: Conversation, twilio: FakeTwilio
) -> None:
    seen: list[tuple[str, str | None]] = []

    def look(outgoing: Outgoing, _sid: str) -> None:
        def read() -> None:
            message = db.session.scalars(select(Message)).one()
            seen.append((message.status, message.message_sid))

        assert in_threads(app, read) == [None]

    twilio.before_answer = look

    go(conversation_id=conversation.id)

    assert seen == [("queued", None)]


def test_nothing_is_locked_while_twilio_answers(
    app: Flask, go: Go, conversation: Conversation, twilio: FakeTwilio
) -> None:
    arrived: list[object] = []

    def write(_outgoing: Outgoing, _sid: str) -> None:
        assert not db.session().in_transaction()
        arrived.extend(in_threads(app, lambda: receive(parse_inbound(inbound_form("¿Siguen ahí?")))))

    twilio.before_answer = write

    go(conversation_id=conversation.id)

    assert isinstance(arrived[0], Message)
    assert message_count() == 2


def test_without_a_public_url_there_is_no_callback(
    app: Flask, go: Go, conversation: Conversation, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "TWILIO_WEBHOOK_URL", "")

    go(conversation_id=conversation.id)

    assert twilio.sent[0].status_callback == ""


def test_a_user_id_is_written_to_where_there_is_no_number(go: Go, factories: Factories, twilio: FakeTwilio) -> None:
    conversation = factories.conversation(None, user_id="AR.456")

    message = message_of(go(conversation_id=conversation.id))

    assert twilio.sent[0].to == "AR.456"
    assert message.to_number == "whatsapp:AR.456"


@pytest.mark.parametrize("to", [PHONE, "+541155550101"])
def test_a_number_finds_its_conversation_however_it_is_written(
    go: Go, conversation: Conversation, twilio: FakeTwilio, to: str
) -> None:
    assert message_of(go(to=to)).conversation_id == conversation.id
    assert twilio.sent[0].to == PHONE


# What may not be sent


def refused(go: Go, error: type[DomainError], twilio: FakeTwilio, **fields: Any) -> None:
    before, change = message_count(), current_change()
    conversations = db.session.scalars(select(func.count(Conversation.id))).one()

    with pytest.raises(error):
        go(**fields)

    assert message_count() == before
    assert db.session.scalars(select(func.count(Conversation.id))).one() == conversations
    assert current_change() == change
    assert twilio.sent == []


@pytest.mark.parametrize("ago", [timedelta(seconds=1), timedelta(days=30), None])
def test_free_text_waits_for_an_open_window(
    go: Go, factories: Factories, twilio: FakeTwilio, ago: timedelta | None
) -> None:
    closed = factories.conversation(window_expires_at=utcnow() - ago if ago else None)

    refused(go, WindowClosed, twilio, conversation_id=closed.id)


def test_free_text_cannot_open_a_conversation(go: Go, twilio: FakeTwilio) -> None:
    refused(go, WindowClosed, twilio, to="+5491155550188")


@pytest.mark.parametrize("content_sid", ["", TEMPLATE])
def test_who_opted_out_is_left_in_peace(go: Go, factories: Factories, twilio: FakeTwilio, content_sid: str) -> None:
    conversation = factories.conversation(opted_out=True)

    refused(go, OptedOut, twilio, conversation_id=conversation.id, content_sid=content_sid)


def test_a_coordinacion_without_a_phone_cannot_be_written_to(go: Go, factories: Factories, twilio: FakeTwilio) -> None:
    coordinacion = factories.coordinacion(phone=None)

    refused(go, NoPhone, twilio, coordinacion_id=coordinacion.id)


@pytest.mark.parametrize("missing", [4711, 0, -1, 2**40, 2**63, 2**70])
def test_what_does_not_exist_cannot_be_written_to(
    go: Go, conversation: Conversation, twilio: FakeTwilio, missing: int
) -> None:
    refused(go, NotFound, twilio, conversation_id=missing)
    refused(go, NotFound, twilio, coordinacion_id=missing)
    refused(go, Invalid, twilio, conversation_id=conversation.id, coordinacion_id=missing)


def test_nobody_to_write_to_is_said(go: Go, twilio: FakeTwilio) -> None:
    refused(go, Invalid, twilio)
    refused(go, Invalid, twilio, to="hola")


@pytest.mark.parametrize("missing", [{"sid": ""}, {"token": ""}, {"whatsapp_number": ""}])
def test_without_an_account_nothing_is_stored(
    go: Go, conversation: Conversation, twilio: FakeTwilio, missing: dict[str, str]
) -> None:
    twilio.account = Account(**({"sid": "AC1", "token": "t", "whatsapp_number": "+14155550100"} | missing))

    refused(go, NotConfigured, twilio, conversation_id=conversation.id)


# Templates


def test_a_template_passes_a_closed_window(go: Go, factories: Factories, twilio: FakeTwilio) -> None:
    closed = factories.conversation(window_expires_at=utcnow() - timedelta(days=3))

    message = message_of(
        go("", conversation_id=closed.id, content_sid=TEMPLATE, content_variables={"1": "Lucía", "2": "el 12"})
    )

    assert (message.type, message.status) == ("template", "queued")
    assert message.template == {"content_sid": TEMPLATE, "variables": {"1": "Lucía", "2": "el 12"}}
    assert twilio.sent[0].content_sid == TEMPLATE
    assert twilio.sent[0].content_variables == {"1": "Lucía", "2": "el 12"}
    assert twilio.sent[0].body == ""
    assert not factories.reload(closed).window_open(utcnow())


def test_a_template_to_a_new_number_opens_its_conversation(go: Go, factories: Factories, twilio: FakeTwilio) -> None:
    event = factories.coordinacion(phone="+541155550188", event_on=today() + timedelta(days=5))

    message = message_of(go("", to="+5491155550188", content_sid=TEMPLATE))

    conversation = queries.get_conversation(message.conversation_id)
    assert (conversation.phone_number, conversation.unread_count) == ("+5491155550188", 0)
    assert "+5491155550188" in conversation.search_text
    assert conversation.coordinacion_id == message.coordinacion_id == event.id
    assert conversation.last_message_id == message.id
    assert conversation.window_expires_at is None


def test_the_answer_of_a_new_client_comes_into_the_same_conversation(go: Go, factories: Factories) -> None:
    sent = message_of(go("", to="+5491155550188", content_sid=TEMPLATE))

    answer = receive(parse_inbound(inbound_form("¡Hola!", "+541155550188")))

    assert answer is not None
    assert answer.conversation_id == sent.conversation_id


# Which event it is about


def test_a_coordinacion_alone_names_whom_to_write_to(go: Go, factories: Factories, conversation: Conversation) -> None:
    factories.coordinacion(phone=PHONE, event_on=today() + timedelta(days=1))
    event = factories.coordinacion(phone="+541155550101", event_on=today() + timedelta(days=50))

    message = message_of(go(coordinacion_id=event.id))

    assert (message.conversation_id, message.coordinacion_id) == (conversation.id, event.id)
    assert factories.reload(conversation).coordinacion_id == event.id


def test_without_one_the_conversations_event_is_meant(go: Go, factories: Factories) -> None:
    factories.coordinacion(phone=PHONE, event_on=today() + timedelta(days=1))
    chosen = factories.coordinacion(phone=PHONE, event_on=today() + timedelta(days=50))
    conversation = factories.conversation(coordinacion_id=chosen.id)

    assert message_of(go(conversation_id=conversation.id)).coordinacion_id == chosen.id


# The same key


def test_the_same_key_asks_twilio_once(go: Go, conversation: Conversation, twilio: FakeTwilio) -> None:
    first = go(key="one", conversation_id=conversation.id)
    change = current_change()

    again = go(key="one", conversation_id=conversation.id)

    assert (first.repeated, again.repeated) == (False, True)
    assert first.message_id == again.message_id
    assert len(twilio.sent) == message_count() == 1
    assert current_change() == change


@pytest.mark.parametrize("outcome", [Refused(21617, "too long", 400), NotReached(), NoAnswer()])
def test_a_key_whose_message_failed_is_not_tried_again(
    go: Go, conversation: Conversation, twilio: FakeTwilio, outcome: Exception
) -> None:
    twilio.fail_next(outcome)
    first = go(key="one", conversation_id=conversation.id)

    again = go(key="one", conversation_id=conversation.id)

    assert (again.message_id, again.repeated) == (first.message_id, True)
    assert len(twilio.sent) == 1


def test_a_key_whose_window_closed_meanwhile_still_gives_its_message(
    go: Go, factories: Factories, conversation: Conversation
) -> None:
    first = go(key="one", conversation_id=conversation.id)
    factories.reload(conversation).window_expires_at = utcnow() - timedelta(hours=1)
    db.session.commit()

    assert go(key="one", conversation_id=conversation.id).message_id == first.message_id


@pytest.mark.parametrize(
    "changes", [{"body": "Otra cosa"}, {"body": "", "content_sid": TEMPLATE}, {"coordinacion_id": 1}]
)
def test_the_same_key_for_something_else_is_refused(
    go: Go, conversation: Conversation, twilio: FakeTwilio, changes: dict[str, Any]
) -> None:
    go(key="one", conversation_id=conversation.id)

    with pytest.raises(KeyReused):
        go(**({"key": "one", "conversation_id": conversation.id} | changes))

    assert len(twilio.sent) == message_count() == 1


def test_a_key_that_was_refused_before_it_was_stored_is_free(go: Go, factories: Factories, twilio: FakeTwilio) -> None:
    conversation = factories.conversation(window_expires_at=None)
    with pytest.raises(WindowClosed):
        go(key="one", conversation_id=conversation.id)

    assert not go("", key="one", conversation_id=conversation.id, content_sid=TEMPLATE).repeated


def test_two_at_once_under_one_key_send_one(
    app: Flask, ana: User, conversation: Conversation, twilio: FakeTwilio
) -> None:
    request, author = SendRequest("Hola", conversation_id=conversation.id), ana.id

    found = in_threads(app, *[lambda: send(request, "one", author)] * 6)

    assert all(isinstance(one, Sending) for one in found), found
    assert len({one.message_id for one in found if isinstance(one, Sending)}) == 1
    assert sum(not one.repeated for one in found if isinstance(one, Sending)) == 1
    assert len(twilio.sent) == message_count() == 1


def test_many_at_once_to_a_new_number_make_one_conversation(app: Flask, ana: User, twilio: FakeTwilio) -> None:
    author = ana.id
    acts = [
        lambda at=at: send(SendRequest(to="+5491155550188", content_sid=TEMPLATE), f"key {at}", author)
        for at in range(6)
    ]

    found = in_threads(app, *acts)

    assert all(isinstance(one, Sending) for one in found), found
    assert message_count() == len(twilio.sent) == 6
    assert db.session.scalars(select(func.count(Conversation.id))).one() == 1


# What came of it


def test_what_twilio_refuses_has_failed_with_its_code(go: Go, conversation: Conversation, twilio: FakeTwilio) -> None:
    twilio.fail_next(Refused(21617, "The concatenated message body exceeds the 1600 character limit", 400))

    message = message_of(go(conversation_id=conversation.id))

    assert (message.status, message.error_code, message.message_sid) == ("failed", 21617, None)
    assert "1600" in failure(message)
    assert not may_retry(message, utcnow())


def test_a_busy_twilio_can_be_asked_again(go: Go, conversation: Conversation, twilio: FakeTwilio) -> None:
    twilio.fail_next(Refused(20429, "Too Many Requests", 429))

    message = message_of(go(conversation_id=conversation.id))

    assert (message.status, message.error_code) == ("failed", 20429)
    assert may_retry(message, utcnow())


@pytest.mark.parametrize(("code", "field"), [(21610, "opted_out"), (63016, "window")])
def test_a_refusal_teaches_what_it_says(
    go: Go, factories: Factories, conversation: Conversation, twilio: FakeTwilio, code: int, field: str
) -> None:
    twilio.fail_next(Refused(code, "no", 400))

    go(conversation_id=conversation.id)

    assert factories.reload(conversation).opted_out is (field == "opted_out")
    assert conversation.window_open(utcnow()) is (field != "window")


def test_without_a_connection_it_has_failed_and_may_be_sent_again(
    go: Go, conversation: Conversation, twilio: FakeTwilio
) -> None:
    twilio.fail_next(NotReached())

    message = message_of(go(conversation_id=conversation.id))

    assert (message.status, message.error_code) == ("failed", None)
    assert failure(message) == "No pudimos conectarnos con Twilio. Probá de nuevo."
    assert may_retry(message, utcnow())


@pytest.mark.parametrize("accepted", [True, False])
def test_without_an_answer_nobody_knows_and_it_is_not_sent_again(
    go: Go, conversation: Conversation, twilio: FakeTwilio, accepted: bool
) -> None:
    twilio.fail_next(NoAnswer(), accepted=accepted)

    message = message_of(go(conversation_id=conversation.id))

    assert (message.status, message.message_sid) == ("unconfirmed", None)
    assert (failure(message), may_retry(message, utcnow())) == ("", False)
    assert len(twilio.sent) == 1


def test_a_process_that_dies_before_twilio_leaves_a_message_that_is_given_up_later(
    go: Go, factories: Factories, conversation: Conversation, twilio: FakeTwilio
) -> None:
    twilio.fail_next(SystemExit())
    with pytest.raises(SystemExit):
        go(conversation_id=conversation.id)
    message = db.session.scalars(select(Message)).one()
    assert (message.status, message.message_sid) == ("queued", None)

    message.created_at = utcnow() - GIVE_UP - timedelta(minutes=1)
    db.session.commit()
    sync(lambda _report: None)

    assert factories.reload(message).status == "failed"
    assert failure(message) == "No llegó a salir. Mandalo de nuevo."
    assert may_retry(message, utcnow())


def test_a_process_that_dies_after_twilio_is_settled_by_a_sync(
    go: Go, factories: Factories, conversation: Conversation, twilio: FakeTwilio
) -> None:
    twilio.fail_next(SystemExit(), accepted=True)
    with pytest.raises(SystemExit):
        go(conversation_id=conversation.id)

    report: SyncReport = sync(lambda _report: None)

    message = db.session.scalars(select(Message)).one()
    assert message.message_sid == next(iter(twilio.messages))
    assert (report.settled, report.added) == (1, 0)


# A sync that runs while Twilio answers


def test_a_sync_in_the_middle_of_a_send_makes_no_second_message(
    app: Flask, go: Go, conversation: Conversation, twilio: FakeTwilio
) -> None:
    twilio.before_answer = lambda _outgoing, _sid: in_threads(app, lambda: sync(lambda _report: None)) and None

    message = message_of(go(conversation_id=conversation.id))

    assert message.message_sid == next(iter(twilio.messages))
    assert message_count() == 1


def test_a_sync_that_did_not_know_the_words_gives_way_to_ours(
    app: Flask, go: Go, factories: Factories, conversation: Conversation, twilio: FakeTwilio
) -> None:
    def reword(_outgoing: Outgoing, sid: str) -> None:
        twilio.messages[sid] = replace(twilio.messages[sid], body="otra cosa")
        in_threads(app, lambda: sync(lambda _report: None))

    twilio.before_answer = reword

    message = message_of(go("Hola", conversation_id=conversation.id))

    assert (message.message_sid, message.body) == (next(iter(twilio.messages)), "Hola")
    assert message_count() == 1
    assert factories.reload(conversation).last_message_id == message.id


def test_a_sync_that_gave_our_sid_to_a_twin_gives_it_back(
    app: Flask, go: Go, factories: Factories, conversation: Conversation, twilio: FakeTwilio
) -> None:
    def take(_outgoing: Outgoing, sid: str) -> None:
        """What a sync that guesses wrong does."""
        twin.message_sid, twin.status = sid, "sent"
        db.session.commit()

    twin = factories.message(
        conversation, "ok", direction="outbound", message_sid=None, status="unconfirmed", idempotency_key="twin"
    )
    twilio.before_answer = take

    message = message_of(go("ok", conversation_id=conversation.id))

    assert message.message_sid == next(iter(twilio.messages))
    assert (factories.reload(twin).message_sid, twin.status) == (None, "unconfirmed")
