"""The promise of POST /api/whatsapp/send, as another program of the company would check it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import create_app
from app.auth.models import User
from app.extensions import db, utcnow
from app.media.models import File
from app.twilio.client import Account, NoAnswer, NotReached, Refused
from app.whatsapp.models import Conversation, Message
from config import TestConfig
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.whatsapp.program import API, MESSAGE_KEYS, Program, assert_problem

PHONE = "+5491155550101"
SID = "HX" + "a1" * 16


@pytest.fixture
def program(nobody: FlaskClient, bearer: Callable[[User], dict[str, str]], ana: User) -> Program:
    return Program(nobody, bearer(ana))


@pytest.fixture
def chat(factories: Factories) -> Conversation:
    return factories.conversation(PHONE)


def stored_count() -> int:
    db.session.rollback()
    return db.session.scalars(select(func.count(Message.id))).one()


def test_a_message_that_twilio_took_is_answered_whole(program: Program, chat: Conversation, twilio: FakeTwilio) -> None:
    response = program.send(to=PHONE, body="¡Hola!")

    message = response.json
    assert response.status_code == 201
    assert set(message) == MESSAGE_KEYS
    assert (message["direction"], message["type"], message["status"]) == ("outbound", "text", "queued")
    assert (message["body"], message["to_number"]) == ("¡Hola!", f"whatsapp:{PHONE}")
    assert message["conversation_id"] == chat.id
    assert message["message_sid"] in twilio.messages
    assert message["author"]["name"] == "Ana"
    assert message["sent_at"].endswith("Z")


@pytest.mark.parametrize(
    "to",
    [
        PHONE,
        "5491155550101",
        "+541155550101",
        "011 15-5555-0101",
        "15 5555-0101",
        f"\u202a{PHONE}\u202c",
        f"whatsapp:{PHONE}",
    ],
)
def test_a_contact_is_one_however_the_number_is_written(program: Program, chat: Conversation, to: str) -> None:
    response = program.send(to=to, body="Hola")

    assert (response.status_code, response.json["conversation_id"]) == (201, chat.id)


def test_a_number_that_the_tables_do_not_know_yet_is_written_to_and_an_impossible_one_is_not(
    program: Program, factories: Factories
) -> None:
    chat = factories.conversation("+5491199998888")

    sent, refused = program.send(to="11 9999-8888", body="Hola"), program.send(to="11 9999-888", body="Hola")

    assert (sent.status_code, sent.json["conversation_id"]) == (201, chat.id)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["to"])


def test_a_user_id_and_a_conversation_are_ways_to_say_to_whom(program: Program, factories: Factories) -> None:
    chat = factories.conversation(None, user_id="AR.123")

    for target in ({"to": "AR.123"}, {"conversation_id": chat.id}):
        assert program.send(body="Hola", **target).json["to_number"] == "whatsapp:AR.123"


def test_a_coordinacion_alone_is_written_to_by_its_phone(
    program: Program, factories: Factories, chat: Conversation
) -> None:
    event = factories.coordinacion(phone=PHONE)

    message = program.send(coordinacion_id=event.id, body="Hola").json

    assert (message["conversation_id"], message["coordinacion_id"]) == (chat.id, event.id)
    assert_problem(program.send(coordinacion_id=factories.coordinacion(phone=None).id, body="Hola"), 409, "no_phone")
    assert_problem(program.send(coordinacion_id=event.id + 99, body="Hola"), 404, "not_found")


def test_a_coordinacion_beside_a_phone_says_what_the_message_is_about(
    program: Program, factories: Factories, chat: Conversation
) -> None:
    factories.coordinacion(phone=PHONE)
    event = factories.coordinacion(phone=None)

    for target in ({"to": PHONE}, {"conversation_id": chat.id}):
        assert program.send(coordinacion_id=event.id, body="Hola", **target).json["coordinacion_id"] == event.id
    assert_problem(program.send(to=PHONE, coordinacion_id=event.id + 99, body="x"), 422, "invalid", "coordinacion_id")


def test_the_same_key_gives_the_same_message_and_asks_twilio_once(
    program: Program, chat: Conversation, twilio: FakeTwilio
) -> None:
    first = program.send("k-1", to=PHONE, body="Hola")
    second = program.send("k-1", to=PHONE, body="Hola")

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json == first.json
    assert len(twilio.sent) == 1


def test_a_key_of_another_body_is_refused(program: Program, chat: Conversation, twilio: FakeTwilio) -> None:
    program.send("k-1", to=PHONE, body="Hola")

    assert_problem(program.send("k-1", to=PHONE, body="Chau"), 422, "idempotency_key_reused")
    assert len(twilio.sent) == 1


def test_without_a_key_every_request_is_a_message(program: Program, chat: Conversation, twilio: FakeTwilio) -> None:
    ids = {program.send(to=PHONE, body="Hola").json["id"] for _ in range(2)}

    assert len(ids) == len(twilio.sent) == 2


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "ñ"])
def test_a_key_that_is_no_good_is_refused(program: Program, chat: Conversation, key: str) -> None:
    assert_problem(program.send(key, to=PHONE, body="Hola"), 422, "invalid", "Idempotency-Key")


def test_a_message_without_an_answer_is_unconfirmed_and_not_sent_again(
    program: Program, chat: Conversation, twilio: FakeTwilio
) -> None:
    twilio.fail_next(NoAnswer(), accepted=True)

    first = program.send("k-1", to=PHONE, body="Hola")
    second = program.send("k-1", to=PHONE, body="Hola")

    assert (first.status_code, first.json["status"], first.json["message_sid"]) == (202, "unconfirmed", None)
    assert (second.status_code, second.json["id"]) == (200, first.json["id"])
    assert len(twilio.sent) == 1


def test_a_refused_message_is_stored_and_shown_with_twilios_code(
    program: Program, chat: Conversation, twilio: FakeTwilio
) -> None:
    twilio.fail_next(Refused(63024, "Invalid message recipient", 400))

    response = program.send(to=PHONE, body="Hola")

    assert_problem(response, 502, "twilio_refused")
    problem = response.json
    assert (problem["twilio_code"], problem["message"]["status"]) == (63024, "failed")
    assert problem["detail"] == problem["message"]["error_message"]
    assert program.get(f"/conversations/{PHONE}/messages").json["items"] == [problem["message"]]


def test_an_unreachable_twilio_is_told_from_one_that_refuses(
    program: Program, chat: Conversation, twilio: FakeTwilio
) -> None:
    twilio.fail_next(NotReached())

    response = program.send(to=PHONE, body="Hola")

    assert_problem(response, 502, "twilio_unreachable")
    assert (response.json["twilio_code"], response.json["message"]["status"]) == (None, "failed")


def test_a_closed_window_takes_a_template_and_no_text(
    program: Program, factories: Factories, twilio: FakeTwilio
) -> None:
    factories.conversation(PHONE, window_expires_at=utcnow() - timedelta(minutes=1))
    template = {"content_sid": SID, "variables": {"1": "Lucía"}}

    assert_problem(program.send("k-1", to=PHONE, body="Hola"), 409, "window_closed")
    assert stored_count() == 0
    response = program.send("k-1", to=PHONE, template=template)

    assert response.status_code == 201  # What was refused left its key unspent.
    assert (response.json["type"], response.json["template"]) == ("template", template)
    assert (twilio.sent[0].content_sid, twilio.sent[0].content_variables) == (SID, {"1": "Lucía"})


def test_a_stranger_gets_a_template_and_a_conversation(program: Program) -> None:
    assert_problem(program.send(to="+5491155550177", body="Hola"), 409, "window_closed")
    assert program.get("/conversations").json["items"] == []

    assert program.send(to="+5491155550177", template={"content_sid": SID}).status_code == 201
    assert program.get("/conversations").json["items"][0]["phone_number"] == "+5491155550177"


def test_who_opted_out_gets_nothing(program: Program, factories: Factories, twilio: FakeTwilio) -> None:
    factories.conversation(PHONE, opted_out=True)

    for content in ({"body": "Hola"}, {"template": {"content_sid": SID}}):
        assert_problem(program.send(to=PHONE, **content), 409, "opted_out")
    assert twilio.sent == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["body", "to"]),
        ({"to": PHONE}, ["body"]),
        ({"body": "Hola"}, ["to"]),
        ({"to": "123", "body": "x"}, ["to"]),
        ({"to": 5, "body": " \n\u200b"}, ["body", "to"]),
        ({"to": PHONE, "body": "🎉" * 801}, ["body"]),
        ({"to": PHONE, "body": 7}, ["body"]),
        ({"to": PHONE, "conversation_id": 1, "body": "x"}, ["to"]),
        ({"conversation_id": True, "coordinacion_id": 2**63, "body": "x"}, ["conversation_id", "coordinacion_id"]),
        ({"to": PHONE, "body": "x", "template": {"content_sid": SID}}, ["template"]),
        ({"to": PHONE, "template": {"content_sid": "HX" + "é" * 32}}, ["template.content_sid"]),
        ({"to": PHONE, "template": {"content_sid": SID, "variables": {"1": 2}}}, ["template.variables"]),
        ({"to": PHONE, "template": {"content_sid": SID, "variables": {"1": "x" * 1601}}}, ["template.variables"]),
        ({"to": PHONE, "template": []}, ["template.content_sid", "template.variables"]),
        ({"to": PHONE, "media_id": 1}, ["media_id"]),
        ({"to": PHONE, "media_id": "1"}, ["media_id"]),
        ({"to": PHONE, "media_id": 0, "body": " "}, ["body", "media_id"]),
        ({"to": PHONE, "media_id": 1, "template": {"content_sid": SID}}, ["template"]),
        ({"to": PHONE, "body": "x", "texto": "y"}, ["texto"]),
    ],
)
def test_what_cannot_be_taken_is_named_field_by_field(
    program: Program, twilio: FakeTwilio, body: dict[str, Any], fields: list[str]
) -> None:
    assert_problem(program.send(**body), 422, "invalid", *fields)
    assert (twilio.sent, stored_count()) == ([], 0)


def test_a_file_is_sent_with_its_caption(
    program: Program, factories: Factories, chat: Conversation, twilio: FakeTwilio
) -> None:
    photo = {"content_type": "image/jpeg", "filename": "salon.jpg", "size": 9, "finished_at": utcnow()}
    file = factories.store(File(**photo))

    response = program.send("k-1", to=PHONE, media_id=file.id, body="El salón")
    again = program.send("k-1", to=PHONE, media_id=file.id, body="El salón")

    message = response.json
    assert (response.status_code, again.status_code) == (201, 200)
    assert (message["type"], message["body"]) == ("image", "El salón")
    shown = message["media"][0]
    assert (shown["content_type"], shown["filename"], shown["size"]) == ("image/jpeg", "salon.jpg", 9)
    assert len(twilio.sent) == 1
    assert_problem(program.send("k-1", to=PHONE, body="El salón"), 422, "idempotency_key_reused")


def test_words_beside_a_document_are_refused(
    program: Program, factories: Factories, chat: Conversation, twilio: FakeTwilio
) -> None:
    pdf = factories.store(File(content_type="application/pdf", filename="x.pdf", size=9, finished_at=utcnow()))

    assert_problem(program.send(to=PHONE, media_id=pdf.id, body="Mirá"), 422, "invalid", "body")
    assert program.send(to=PHONE, media_id=pdf.id).status_code == 201
    assert twilio.sent[0].body == ""


def test_text_is_sent_as_typed_without_what_nobody_can_store(
    program: Program, chat: Conversation, twilio: FakeTwilio
) -> None:
    program.send(to=PHONE, body="a\x00\r\n\ud800b 🎉")
    program.send(to=PHONE, template={"content_sid": SID, "variables": {"1\x00": "\udfffñ"}})

    assert (twilio.sent[0].body, twilio.sent[1].content_variables) == ("a\n?b 🎉", {"1": "?ñ"})


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'{"to": ' + b"9" * 5000 + b"}"])
def test_a_body_that_is_no_json_is_a_problem(program: Program, body: bytes) -> None:
    assert_problem(program.post("/send", data=body, content_type="application/json"), 400, "bad_request")


def test_a_body_of_another_kind_or_size_is_a_problem(program: Program) -> None:
    assert_problem(program.post("/send", json=[]), 422, "invalid")
    assert_problem(program.post("/send", data={"to": PHONE}), 415, "unsupported_media_type")
    assert_problem(program.send(to=PHONE, body="x" * 4 * 1024 * 1024), 413, "request_entity_too_large")


def test_without_credentials_of_twilio_nothing_is_stored(
    program: Program, chat: Conversation, twilio: FakeTwilio
) -> None:
    twilio.account = Account("", "", "")

    assert_problem(program.send(to=PHONE, body="Hola"), 503, "twilio_not_configured")
    assert stored_count() == 0


def test_who_sends_too_much_is_told_when_to_come_back(
    config: TestConfig, bearer: Callable[[User], dict[str, str]], ana: User
) -> None:
    headers, limited = bearer(ana), create_app(replace(config, RATELIMIT_ENABLED=True))

    answers = [limited.test_client().post(f"{API}/send", json={}, headers=headers) for _ in range(61)]

    with limited.app_context():
        db.engine.dispose()
    assert [answer.status_code for answer in answers[:60]] == [422] * 60
    assert_problem(answers[60], 429, "too_many_requests")
    assert 0 < int(answers[60].headers["Retry-After"]) <= 60
