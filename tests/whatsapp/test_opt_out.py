"""Words that ask for no more messages, and words that only look like it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.auth.models import User
from app.extensions import utcnow
from app.twilio.client import Refused
from app.whatsapp import queries
from app.whatsapp.errors import OptedOut
from app.whatsapp.messaging.actions.send import send
from app.whatsapp.messaging.actions.sync import sync
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Conversation
from app.whatsapp.opt_out import choice_of
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.whatsapp.contacts.test_joining import arrives


@pytest.mark.parametrize(
    "body",
    [
        "STOP",
        "stop",
        " Stopall ",
        "UNSUBSCRIBE",
        "end",
        "Quit",
        "CANCEL",
        "revoke",
        "OptOut",
        "baja",
        "¡BAJA!",
        "Baja.",
    ],
)
def test_a_single_word_asks_for_no_more(body: str) -> None:
    assert choice_of("text", body, "", "") == "STOP"


@pytest.mark.parametrize("body", ["START", "yes", "Unstop", "ALTA", "alta.", "«Alta»"])
def test_a_single_word_asks_for_messages_again(body: str) -> None:
    assert choice_of("text", body, "", "") == "START"


@pytest.mark.parametrize(
    ("kind", "body", "told", "asked"),
    [
        ("text", "La música más baja, por favor", "", ""),
        ("text", "baja baja", "", ""),
        ("text", "trabaja", "", ""),
        ("text", "", "", ""),
        ("text", "👍", "", ""),
        ("interactive", "CANCEL", "", ""),
        ("image", "STOP", "", ""),
        ("text", "STOP", "HELP", ""),
        ("text", "Baja", "", "¿La quieren alta o baja?"),
        ("text", "cancel", "", "Do you want to keep it, or cancel?"),
    ],
)
def test_other_words_and_answers_ask_for_nothing(kind: str, body: str, told: str, asked: str) -> None:
    assert choice_of(kind, body, told, asked) == ""


@pytest.mark.parametrize(
    ("body", "told", "asked"),
    [
        ("BAJA", "", "Si no querés más mensajes, respondé BAJA."),
        ("STOP", "", "Tell us when to stop."),
        ("no gracias", "STOP", ""),
        ("baja", "STOP", "¿Alta o baja?"),
    ],
)
def test_an_instruction_and_twilios_own_word_count(body: str, told: str, asked: str) -> None:
    assert choice_of("text", body, told, asked) == "STOP"


def test_what_staff_offered_is_an_answer(app: Flask, factories: Factories) -> None:
    conversation = factories.conversation()
    factories.message(conversation, "¿La música la quieren alta o baja?", direction="outbound")

    arrives(app, body="Baja")

    assert not queries.get_conversation(conversation.id).opted_out


def test_a_yes_of_somebody_who_gets_everything_is_only_a_yes(app: Flask) -> None:
    assert arrives(app, body="Yes").opt_out_choice == ""


def test_every_way_of_sending_respects_it_until_the_client_says_otherwise(
    app: Flask, ana: User, twilio: FakeTwilio
) -> None:
    conversation = arrives(app, body="baja").conversation
    ways: list[dict[str, Any]] = [{"body": "Hola"}, {"content_sid": "HX" + "0" * 32}]

    for number, way in enumerate(ways):
        with pytest.raises(OptedOut):
            send(SendRequest(conversation_id=conversation.id, **way), f"k{number}", ana.id)
        with pytest.raises(OptedOut):
            send(SendRequest(to=conversation.phone_number, **way), f"t{number}", ana.id)
    assert twilio.sent == []
    assert arrives(app, body="ALTA").opt_out_choice == "START"
    send(SendRequest(conversation_id=conversation.id, body="Hola"), "last", ana.id)
    assert len(twilio.sent) == 1


def test_twilios_refusal_counts_too(app: Flask, ana: User, twilio: FakeTwilio) -> None:
    conversation = arrives(app).conversation
    twilio.fail_next(Refused(21610, "unsubscribed", 400))

    send(SendRequest(conversation_id=conversation.id, body="Hola"), "k", ana.id)

    with pytest.raises(OptedOut):
        send(SendRequest(conversation_id=conversation.id, body="Hola"), "k2", ana.id)


def test_a_sync_does_not_undo_what_was_said_later(app: Flask, twilio: FakeTwilio) -> None:
    conversation: Conversation = arrives(app, body="ALTA").conversation
    twilio.add("BAJA", created_at=utcnow() - timedelta(hours=3))

    sync(lambda _report: None)

    assert not queries.get_conversation(conversation.id).opted_out


def test_a_sync_brings_an_opt_out_that_nothing_undid(app: Flask, twilio: FakeTwilio) -> None:
    conversation = arrives(app, body="Hola").conversation
    twilio.add("BAJA", created_at=utcnow() - timedelta(hours=3))

    sync(lambda _report: None)

    assert queries.get_conversation(conversation.id).opted_out
