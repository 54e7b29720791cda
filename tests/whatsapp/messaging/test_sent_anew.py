"""What Twilio sends anew by itself, under a sid that only the error of the first one names, is still our message."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.auth.models import User
from app.extensions import db
from app.twilio.client import Refused
from app.twilio.payloads import find_new_sid
from app.whatsapp import queries
from app.whatsapp.changes import current_change
from app.whatsapp.messaging.actions.send import send
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Conversation, Message
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.whatsapp.messaging.test_status import tell
from tests.whatsapp.messaging.test_sync import add, ago, run

NEW = "SM" + "7" * 32
ERROR = f"Twilio Error: Invalid message recipient. Generated new message with sid: {NEW}"


@pytest.fixture
def failed(nobody: FlaskClient, factories: Factories) -> Message:
    """A message of ours that failed, and that Twilio says it sent anew."""
    message = factories.message(
        factories.conversation(), direction="outbound", status="sent", idempotency_key="key", sent_at=ago(minutes=10)
    )
    tell(nobody, message.message_sid, "failed", ErrorCode="63003", ErrorMessage=ERROR)
    return factories.reload(message)


def count() -> int:
    db.session.rollback()
    return db.session.scalars(select(func.count(Message.id))).one()


@pytest.mark.parametrize(
    ("text", "sid"),
    [
        (ERROR, NEW),
        (f"Generated new message with sid {NEW}.", NEW),
        ("Generated new message with sid: MM" + "a" * 32, "MM" + "a" * 32),
        ("Generated new message with sid: SM123", None),
        (f"No sid: {NEW}", None),
        ("", None),
    ],
)
def test_the_sid_is_read_from_the_text(text: str, sid: str | None) -> None:
    assert find_new_sid(text) == sid


def test_callbacks_under_the_new_sid_arrive(nobody: FlaskClient, factories: Factories, failed: Message) -> None:
    old = str(failed.message_sid)
    assert (failed.status, failed.other_sid) == ("failed", NEW)

    tell(nobody, NEW, "sent")
    assert (factories.reload(failed).status, failed.error_code, failed.message_sid) == ("sent", None, NEW)
    before = current_change()
    tell(nobody, old, "failed", ErrorCode="63003", ErrorMessage=ERROR)  # Late, and over.
    tell(nobody, old, "sent")
    assert current_change() == before
    tell(nobody, NEW, "delivered")

    assert factories.reload(failed).status == "delivered"
    assert queries.find_message_by_sid(old) is queries.find_message_by_sid(NEW)


def test_what_fails_under_the_new_sid_too_stays_failed(
    nobody: FlaskClient, factories: Factories, failed: Message
) -> None:
    before = current_change()

    tell(nobody, NEW, "failed", ErrorCode="63024")

    assert (factories.reload(failed).status, failed.error_code) == ("failed", 63003)
    assert current_change() == before


def test_the_sync_takes_neither_sid_for_anothers_message(
    factories: Factories, twilio: FakeTwilio, failed: Message
) -> None:
    for sid, status in ((str(failed.message_sid), "failed"), (NEW, "delivered")):
        add(twilio, failed.body, ago(minutes=9), direction="outbound", status=status, sid=sid)

    run()
    run()

    assert count() == 1
    assert (factories.reload(failed).status, failed.message_sid) == ("delivered", NEW)


def test_a_row_that_a_sync_had_made_of_it_gives_way(
    nobody: FlaskClient, factories: Factories, twilio: FakeTwilio
) -> None:
    conversation = factories.conversation()
    message = factories.message(
        conversation, direction="outbound", status="sent", idempotency_key="key", sent_at=ago(minutes=20)
    )
    add(twilio, message.body, ago(minutes=9), direction="outbound", status="delivered", sid=NEW)
    run()
    assert count() == 2

    tell(nobody, message.message_sid, "failed", ErrorCode="63003", ErrorMessage=ERROR)

    assert count() == 1
    assert (factories.reload(message).status, message.message_sid) == ("delivered", NEW)
    assert factories.reload(conversation).last_message_id == message.id


def test_a_refusal_that_names_a_new_message_is_tied_to_it(
    app: Flask, nobody: FlaskClient, factories: Factories, twilio: FakeTwilio, ana: User
) -> None:
    conversation: Conversation = factories.conversation()
    twilio.fail_next(Refused(63003, ERROR, 400))
    sent = send(SendRequest(body="Hola", conversation_id=conversation.id), "key", ana.id)
    message = queries.get_message(sent.message_id)
    assert (message.status, message.message_sid, message.other_sid) == ("failed", None, NEW)

    tell(nobody, NEW, "delivered")
    db.session.rollback()

    message = queries.get_message(sent.message_id)
    assert (message.status, message.message_sid, message.other_sid) == ("delivered", NEW, None)


def test_what_arrives_under_the_new_sid_is_an_answer_again(nobody: FlaskClient, factories: Factories) -> None:
    conversation = factories.conversation()
    asked = factories.message(conversation, "¿Llegan a las 21?", sent_at=ago(minutes=15))
    message = factories.message(conversation, "Sí", direction="outbound", status="sent", sent_at=ago(minutes=10))
    tell(nobody, message.message_sid, "failed", ErrorCode="63003", ErrorMessage=ERROR)
    assert factories.reload(conversation).waiting_since == asked.sent_at

    tell(nobody, NEW, "delivered")

    assert factories.reload(conversation).waiting_since is None
