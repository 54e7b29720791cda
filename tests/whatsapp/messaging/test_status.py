"""What Twilio tells of our messages: late, twice, out of order or before we know it ourselves."""

from __future__ import annotations

import itertools
import logging
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, update

from app.auth.models import User
from app.extensions import db, utcnow
from app.twilio.client import NoAnswer, NotReached, Outgoing, Refused
from app.twilio.payloads import StatusUpdate
from app.whatsapp import queries
from app.whatsapp.changes import current_change
from app.whatsapp.messaging.actions.outcome import apply_status
from app.whatsapp.messaging.actions.send import send
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Conversation, Message
from app.whatsapp.outcomes import failure
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.signing import STATUS, post_signed, status_form

PHONE = "+5491155550101"


@pytest.fixture
def conversation(factories: Factories) -> Conversation:
    return factories.conversation()


@pytest.fixture
def outgoing(factories: Factories, conversation: Conversation) -> Message:
    """A message that Twilio has taken: `queued`, with its sid and its key."""
    return factories.message(conversation, direction="outbound", status="queued", idempotency_key="key")


def tell(client: FlaskClient, sid: str | None, status: str, query: str = "", **changes: Any) -> None:
    answer = post_signed(client, STATUS + query, status_form(sid or "", status, **changes))
    assert (answer.status_code, answer.data) == (204, b"")


def sending(factories: Factories, conversation: Conversation, key: str = "key", **fields: Any) -> Message:
    """A message without a sid: Twilio's answer was lost, or has not come yet."""
    fields = {"status": "unconfirmed"} | fields
    return factories.message(conversation, direction="outbound", message_sid=None, idempotency_key=key, **fields)


# The life of a message


def test_a_message_goes_from_queued_to_read(nobody: FlaskClient, factories: Factories, outgoing: Message) -> None:
    seen = []
    for status in ("queued", "sending", "sent", "delivered", "read"):
        tell(nobody, outgoing.message_sid, status)
        seen.append(factories.reload(outgoing).status)

    assert seen == ["queued", "sending", "sent", "delivered", "read"]
    assert outgoing.read_at is not None
    assert outgoing.error_code is None


def test_each_step_is_one_change_and_a_repeat_is_none(
    nobody: FlaskClient, factories: Factories, outgoing: Message, conversation: Conversation
) -> None:
    before = current_change()

    for status in ("sent", "sent", "queued", "delivered", "delivered", "sent"):
        tell(nobody, outgoing.message_sid, status)

    assert factories.reload(outgoing).change == before + 2
    assert factories.reload(conversation).change == before + 2
    assert current_change() == before + 2


def test_read_keeps_the_first_moment(nobody: FlaskClient, factories: Factories, outgoing: Message) -> None:
    tell(nobody, outgoing.message_sid, "read")
    first = factories.reload(outgoing).read_at

    tell(nobody, outgoing.message_sid, "read", EventType="READ")

    assert factories.reload(outgoing).read_at == first


def test_a_callback_leaves_the_unread_count_alone(
    nobody: FlaskClient, factories: Factories, outgoing: Message, conversation: Conversation
) -> None:
    factories.message(conversation, "sin leer")

    tell(nobody, outgoing.message_sid, "read")

    assert factories.reload(conversation).unread_count == 1


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "read"])))
def test_any_order_ends_in_read(
    nobody: FlaskClient, factories: Factories, outgoing: Message, order: tuple[str, ...]
) -> None:
    for status in order:
        tell(nobody, outgoing.message_sid, status)

    assert factories.reload(outgoing).status == "read"


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.permutations(["sent", "delivered", "read"] * 2))
def test_any_order_with_repeats_ends_in_read_once(
    factories: Factories, conversation: Conversation, order: list[str]
) -> None:
    message = factories.message(conversation, direction="outbound", status="queued")

    changed = [apply_status(StatusUpdate(message.message_sid or "", status)) for status in order]

    assert factories.reload(message).status == "read"
    assert message.read_at is not None
    assert sum(changed) == len({status for at, status in enumerate(order) if is_new(status, order[:at])})


def is_new(status: str, before: list[str]) -> bool:
    ranks = ["sent", "delivered", "read"]
    return all(ranks.index(status) > ranks.index(other) for other in before)


@pytest.mark.parametrize("status", ["", "borrowed", "received", "RECEIVING"])
def test_a_word_that_nobody_knows_changes_nothing(
    nobody: FlaskClient, factories: Factories, outgoing: Message, status: str
) -> None:
    before = current_change()

    tell(nobody, outgoing.message_sid, status)

    assert factories.reload(outgoing).status == "queued"
    assert current_change() == before


def test_a_callback_for_an_unknown_message_is_answered_and_logged(
    nobody: FlaskClient, caplog: pytest.LogCaptureFixture, conversation: Conversation
) -> None:
    with caplog.at_level(logging.INFO, logger="app"):
        tell(nobody, "SM" + "9" * 32, "delivered")
        tell(nobody, "SM" + "9" * 32, "delivered", "?message=4711")

    assert [r.getMessage() for r in caplog.records] == ["Status callback for an unknown message"] * 2
    assert PHONE not in str([vars(record) for record in caplog.records])


def test_a_callback_without_an_id_is_answered_and_logged(nobody: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = post_signed(nobody, STATUS, status_form("", "sent"))

    assert answer.status_code == 204
    assert [r.getMessage() for r in caplog.records] == ["Signed status callback without message"]


# Failures


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        ("failed", 63016, "24 h"),
        ("failed", 21610, "pidió no recibir"),
        ("undelivered", 63024, "no tiene WhatsApp"),
        ("undelivered", 63049, "publicidad"),
        ("failed", 99999, "Twilio dice: «algo nuevo» (error 99999)."),
    ],
)
def test_a_failure_carries_its_code_and_its_sentence(
    nobody: FlaskClient, factories: Factories, outgoing: Message, status: str, code: int, words: str
) -> None:
    tell(nobody, outgoing.message_sid, status, ErrorCode=str(code), ErrorMessage="Twilio Error: algo nuevo")

    assert (factories.reload(outgoing).status, outgoing.error_code) == (status, code)
    assert words in failure(outgoing)


def test_a_failure_without_any_reason_says_so(nobody: FlaskClient, factories: Factories, outgoing: Message) -> None:
    tell(nobody, outgoing.message_sid, "failed")

    assert failure(factories.reload(outgoing)) == "No salió, y WhatsApp no dijo por qué."


def test_63016_closes_the_window(
    nobody: FlaskClient, factories: Factories, outgoing: Message, conversation: Conversation
) -> None:
    tell(nobody, outgoing.message_sid, "failed", ErrorCode="63016")

    assert not factories.reload(conversation).window_open(utcnow())


def test_63016_of_an_old_message_leaves_the_window_that_was_opened_since(
    nobody: FlaskClient, factories: Factories
) -> None:
    conversation = factories.conversation(window_expires_at=utcnow() + timedelta(hours=24))
    old = factories.message(
        conversation, direction="outbound", status="queued", sent_at=utcnow() - timedelta(minutes=5)
    )

    tell(nobody, old.message_sid, "failed", ErrorCode="63016")

    assert factories.reload(conversation).window_open(utcnow())


def test_63016_does_not_move_a_window_that_is_closed(nobody: FlaskClient, factories: Factories) -> None:
    closed_at = utcnow() - timedelta(days=2)
    conversation = factories.conversation(window_expires_at=closed_at)
    message = factories.message(conversation, direction="outbound", status="queued")

    tell(nobody, message.message_sid, "failed", ErrorCode="63016")

    assert factories.reload(conversation).window_expires_at == closed_at


def test_21610_marks_who_opted_out(
    nobody: FlaskClient, factories: Factories, outgoing: Message, conversation: Conversation
) -> None:
    tell(nobody, outgoing.message_sid, "failed", ErrorCode="21610")

    assert factories.reload(conversation).opted_out


def test_what_failed_and_arrived_all_the_same_arrived(
    nobody: FlaskClient, factories: Factories, outgoing: Message
) -> None:
    tell(nobody, outgoing.message_sid, "failed", ErrorCode="63024", ErrorMessage="no")
    tell(nobody, outgoing.message_sid, "delivered")

    assert (factories.reload(outgoing).status, outgoing.error_code, outgoing.error_message) == ("delivered", None, "")
    assert failure(outgoing) == ""


@pytest.mark.parametrize("arrived", ["delivered", "read"])
@pytest.mark.parametrize("failed", ["failed", "undelivered", "canceled"])
def test_what_arrived_fails_no_more(
    nobody: FlaskClient, factories: Factories, outgoing: Message, arrived: str, failed: str
) -> None:
    tell(nobody, outgoing.message_sid, arrived)
    tell(nobody, outgoing.message_sid, failed, ErrorCode="63016")

    assert (factories.reload(outgoing).status, outgoing.error_code) == (arrived, None)


def test_a_failure_is_not_undone_by_a_late_sent(nobody: FlaskClient, factories: Factories, outgoing: Message) -> None:
    tell(nobody, outgoing.message_sid, "failed", ErrorCode="63024")
    tell(nobody, outgoing.message_sid, "sent")

    assert (factories.reload(outgoing).status, outgoing.error_code) == ("failed", 63024)


# Healing a send whose answer was lost


@pytest.mark.parametrize("status", ["queued", "sent", "delivered", "read", "borrowed"])
def test_our_id_in_the_url_heals_a_send_without_an_answer(
    nobody: FlaskClient, factories: Factories, conversation: Conversation, status: str
) -> None:
    message = sending(factories, conversation)

    tell(nobody, "SM" + "5" * 32, status, f"?message={message.id}")

    assert factories.reload(message).message_sid == "SM" + "5" * 32
    assert message.status == ("unconfirmed" if status == "borrowed" else status)


def test_a_healed_message_follows_its_sid_from_then_on(
    nobody: FlaskClient, factories: Factories, conversation: Conversation
) -> None:
    message = sending(factories, conversation)

    tell(nobody, "SM" + "5" * 32, "sent", f"?message={message.id}")
    tell(nobody, "SM" + "6" * 32, "read", f"?message={message.id}")
    tell(nobody, "SM" + "5" * 32, "delivered")

    assert (factories.reload(message).message_sid, message.status) == ("SM" + "5" * 32, "delivered")


def test_a_number_in_its_other_form_is_the_same_recipient(
    nobody: FlaskClient, factories: Factories, conversation: Conversation
) -> None:
    message = sending(factories, conversation)

    tell(nobody, "SM" + "5" * 32, "sent", f"?message={message.id}", To="whatsapp:+541155550101")

    assert factories.reload(message).status == "sent"


def test_a_user_id_heals_too(nobody: FlaskClient, factories: Factories) -> None:
    message = sending(factories, factories.conversation(None, user_id="AR.456"))

    tell(nobody, "SM" + "5" * 32, "sent", f"?message={message.id}", To="whatsapp:AR.457")
    tell(nobody, "SM" + "6" * 32, "sent", f"?message={message.id}", To="whatsapp:AR.456")

    assert factories.reload(message).message_sid == "SM" + "6" * 32


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("?message={id}", {"To": "whatsapp:+5491155550199"}),
        ("?message={id}", {"To": ""}),
        ("?message={id}", {"To": None}),
        ("?message=0", {}),
        ("?message=-{id}", {}),
        ("?message=999999", {}),
        ("?message=99999999999999999999", {}),
        ("?message=%F0%9F%8E%89", {}),
        ("?message=", {}),
        ("", {}),
    ],
)
def test_a_wrong_id_or_another_recipient_touches_nothing(
    nobody: FlaskClient, factories: Factories, conversation: Conversation, query: str, changes: dict[str, Any]
) -> None:
    message, before = sending(factories, conversation), current_change()

    tell(nobody, "SM" + "5" * 32, "failed", query.format(id=message.id), ErrorCode="63016", **changes)

    assert (factories.reload(message).message_sid, message.status) == (None, "unconfirmed")
    assert current_change() == before


def test_the_sid_wins_over_an_id_that_names_another_message(
    nobody: FlaskClient, factories: Factories, conversation: Conversation, outgoing: Message
) -> None:
    other = sending(factories, conversation, key="another")

    tell(nobody, outgoing.message_sid, "delivered", f"?message={other.id}")

    assert factories.reload(outgoing).status == "delivered"
    assert (factories.reload(other).message_sid, other.status) == (None, "unconfirmed")


def test_an_id_that_names_a_clients_message_touches_nothing(
    nobody: FlaskClient, factories: Factories, conversation: Conversation
) -> None:
    theirs = factories.message(conversation, message_sid=None)

    tell(nobody, "SM" + "5" * 32, "read", f"?message={theirs.id}", To=theirs.to_number)

    assert (factories.reload(theirs).status, theirs.message_sid, theirs.read_at) == ("received", None, None)


def test_a_row_that_a_sync_made_of_it_gives_way_to_ours(
    nobody: FlaskClient, factories: Factories, conversation: Conversation
) -> None:
    mine = sending(factories, conversation)
    guess = factories.message(conversation, direction="outbound", message_sid="SM" + "5" * 32)
    guess_id = guess.id

    tell(nobody, "SM" + "5" * 32, "delivered", f"?message={mine.id}")

    assert (factories.reload(mine).message_sid, mine.status) == ("SM" + "5" * 32, "delivered")
    assert db.session.get(Message, guess_id, populate_existing=True) is None
    assert factories.reload(conversation).last_message_id == mine.id


def test_what_we_had_given_up_and_twilio_has_is_alive_again(
    nobody: FlaskClient, factories: Factories, conversation: Conversation
) -> None:
    message = sending(factories, conversation, status="failed", error_message="No llegó a salir. Mandalo de nuevo.")

    tell(nobody, "SM" + "5" * 32, "sent", f"?message={message.id}")

    assert (factories.reload(message).status, failure(message)) == ("sent", "")


# Before our own commit


@pytest.mark.parametrize("status", ["sent", "delivered", "read", "failed"])
def test_a_callback_that_beats_twilios_answer_is_not_lost(
    app: Flask, factories: Factories, conversation: Conversation, ana: User, twilio: FakeTwilio, status: str
) -> None:
    def tell_before_answering(outgoing: Outgoing, sid: str) -> None:
        target = outgoing.status_callback.removeprefix("https://coordina.example")
        assert post_signed(app.test_client(), target, status_form(sid, status)).status_code == 204

    twilio.before_answer = tell_before_answering

    sent = send(SendRequest("Hola", conversation_id=conversation.id), "key", ana.id)

    message = queries.get_message(sent.message_id)
    assert (message.status, message.message_sid) == (status, next(iter(twilio.messages)))


@pytest.mark.parametrize("lost", [NoAnswer(), Refused(20429, "", 429), NotReached()])
def test_a_callback_knows_better_than_a_failed_answer(
    app: Flask,
    factories: Factories,
    conversation: Conversation,
    ana: User,
    twilio: FakeTwilio,
    lost: Exception,
) -> None:
    def tell_before_failing(outgoing: Outgoing, sid: str) -> None:
        target = outgoing.status_callback.removeprefix("https://coordina.example")
        post_signed(app.test_client(), target, status_form(sid, "delivered"))

    twilio.before_answer = tell_before_failing
    twilio.fail_next(lost, accepted=True)

    sent = send(SendRequest("Hola", conversation_id=conversation.id), "key", ana.id)

    assert queries.get_message(sent.message_id).status == "delivered"


def test_a_callback_that_comes_after_the_answer_was_lost_heals_it(
    nobody: FlaskClient, conversation: Conversation, ana: User, twilio: FakeTwilio
) -> None:
    twilio.fail_next(NoAnswer(), accepted=True)
    sent = send(SendRequest("Hola", conversation_id=conversation.id), "key", ana.id)
    assert queries.get_message(sent.message_id).status == "unconfirmed"
    db.session.rollback()

    target = twilio.sent[0].status_callback.removeprefix("https://coordina.example")
    post_signed(nobody, target, status_form(next(iter(twilio.messages)), "delivered"))

    assert queries.get_message(sent.message_id).status == "delivered"


def test_a_callback_that_comes_as_twilios_answer_is_being_kept_is_not_lost(
    app: Flask, factories: Factories, conversation: Conversation
) -> None:
    sent, sid = sending(factories, conversation, status="queued"), "SM" + "7" * 32
    answers = [sid]

    def keep_the_answer(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        """Stand in for the send, which keeps the sid between the callback's look for it and its look for our id."""
        if answers and "SELECT" in statement and sid in str(parameters):
            kept = answers.pop()
            with db.engine.begin() as other:
                other.execute(update(Message).where(Message.id == message_id).values(message_sid=kept))

    message_id = sent.id
    event.listen(db.engine, "after_cursor_execute", keep_the_answer)
    db.session.remove()  # A callback's request has read nothing yet.

    apply_status(StatusUpdate(sid, "failed", message_id, f"whatsapp:{PHONE}", 63016))

    event.remove(db.engine, "after_cursor_execute", keep_the_answer)
    kept = queries.get_message(message_id)
    assert (answers, kept.status, kept.message_sid) == ([], "failed", sid)


def test_another_sender_heals_none_of_ours_and_one_that_we_had_moves_its_own_on(
    nobody: FlaskClient, factories: Factories, conversation: Conversation
) -> None:
    lost, old = sending(factories, conversation), factories.message(conversation, direction="outbound", status="sent")

    tell(nobody, "SM" + "5" * 32, "sent", f"?message={lost.id}", From="+14155550100")
    tell(nobody, "SM" + "6" * 32, "sent", f"?message={lost.id}", From="whatsapp:+14155550199")
    tell(nobody, str(old.message_sid), "delivered", From="whatsapp:+14155550199")

    assert factories.reload(lost).message_sid is None
    assert factories.reload(old).status == "delivered"
