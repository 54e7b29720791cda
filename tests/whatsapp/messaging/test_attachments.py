"""Files that staff send: one message each, with words where WhatsApp shows them, fetched by Twilio from us."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.auth.models import User
from app.errors import DomainError, Invalid
from app.extensions import db, utcnow
from app.media.models import File
from app.twilio.client import NoAnswer, Refused
from app.whatsapp import queries
from app.whatsapp.errors import KeyReused, NotConfigured, OptedOut, WindowClosed
from app.whatsapp.inbox.thread_queries import may_retry
from app.whatsapp.messaging.actions.send import Sending, send
from app.whatsapp.messaging.actions.sync import SyncReport, sync
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Conversation, Message
from app.whatsapp.names import last_line
from config import ROOT
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.threads import in_threads

PHOTO = (ROOT / "simulator" / "media" / "photo.jpg").read_bytes()
Go = Callable[..., Sending]
SignIn = Callable[[User], SignedInClient]


@pytest.fixture
def conversation(factories: Factories) -> Conversation:
    return factories.conversation()


@pytest.fixture
def go(app: Flask, ana: User, conversation: Conversation) -> Go:
    """Send a file as Ana to the one conversation, under a key of its own unless a test gives one."""

    def act(file: File, body: str = "", key: str = "", **fields: Any) -> Sending:
        target = fields or {"conversation_id": conversation.id}
        with app.test_request_context():  # Addresses are made in requests alone.
            return send(SendRequest(body=body, media_id=file.id, **target), key or uuid.uuid4().hex, ana.id)

    return act


def a_file(factories: Factories, content_type: str = "image/jpeg", **fields: Any) -> File:
    defaults = {"content_type": content_type, "filename": "salon.jpg", "size": 1000, "finished_at": utcnow()}
    return factories.store(File(**(defaults | fields)))


def message_of(sending: Sending) -> Message:
    db.session.rollback()
    return queries.get_message(sending.message_id)


def message_count() -> int:
    db.session.rollback()
    return db.session.scalars(select(func.count(Message.id))).one()


def file_count() -> int:
    db.session.rollback()
    return db.session.scalars(select(func.count(File.id))).one()


def test_a_photo_goes_out_with_its_words_and_an_address_that_twilio_can_reach(
    go: Go, factories: Factories, twilio: FakeTwilio
) -> None:
    file = a_file(factories)

    message = message_of(go(file, "El salón, de noche"))

    assert (message.type, message.body, message.status) == ("image", "El salón, de noche", "queued")
    assert last_line(message) == "📷 Foto · El salón, de noche"
    media = message.media[0]
    assert (media.file_id, media.state, media.url) == (file.id, "stored", "")
    assert (media.content_type, media.filename, media.size) == ("image/jpeg", "salon.jpg", 1000)
    assert twilio.sent[0].body == "El salón, de noche"
    assert twilio.sent[0].media_url.startswith("https://coordina.example/")


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/png", "image"),
        ("image/webp", "sticker"),
        ("video/mp4", "video"),
        ("audio/ogg", "audio"),
        ("application/pdf", "document"),
        ("text/vcard", "contact"),
    ],
)
def test_the_kind_of_a_message_is_its_files(go: Go, factories: Factories, content_type: str, kind: str) -> None:
    assert message_of(go(a_file(factories, content_type))).type == kind


@pytest.mark.parametrize("content_type", ["application/pdf", "audio/ogg", "image/webp", "text/vcard"])
def test_words_that_whatsapp_would_drop_are_refused(
    go: Go, factories: Factories, twilio: FakeTwilio, content_type: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        go(a_file(factories, content_type), "Mirá")

    assert list(refusal.value.fields) == ["body"]
    assert (message_count(), twilio.sent) == (0, [])


@pytest.mark.parametrize(
    "fields",
    [
        {"finished_at": None},
        {"content_type": "image/svg+xml"},
        {"content_type": "text/html"},
        {"size": 5_000_001},
        {"content_type": "video/mp4", "size": 16_000_001},
    ],
)
def test_a_file_that_whatsapp_does_not_take_is_refused_before_anything_is_stored(
    go: Go, factories: Factories, twilio: FakeTwilio, fields: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refusal:
        go(a_file(factories, **fields))

    assert list(refusal.value.fields) == ["media_id"]
    assert (message_count(), twilio.sent) == (0, [])


def test_without_a_public_address_no_file_is_sent_and_the_sentence_says_why(
    app: Flask, go: Go, factories: Factories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "TWILIO_WEBHOOK_URL", "")

    with pytest.raises(NotConfigured, match="dirección pública"):
        go(a_file(factories))

    assert message_count() == 0


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"window_expires_at": utcnow() - timedelta(minutes=1)}, WindowClosed), ({"opted_out": True}, OptedOut)],
)
def test_a_file_keeps_the_rules_of_words(
    go: Go, factories: Factories, fields: dict[str, Any], error: type[DomainError]
) -> None:
    other = factories.conversation("+5491155550199", **fields)

    with pytest.raises(error):
        go(a_file(factories), conversation_id=other.id)

    assert message_count() == 0


def test_the_same_key_is_the_same_file_and_no_other(go: Go, factories: Factories, twilio: FakeTwilio) -> None:
    first, second = a_file(factories), a_file(factories)

    sent = go(first, key="k")
    again = go(first, key="k")

    assert (again.message_id, again.repeated, len(twilio.sent)) == (sent.message_id, True, 1)
    with pytest.raises(KeyReused):
        go(second, key="k")


def test_keys_of_words_that_were_sent_before_files_could_be_still_know_them() -> None:
    assert SendRequest(body="Hola", conversation_id=7).digest == (
        "82410f8721d97e6aca900b40377bc8a3106a5b27d8b1d08c2e0a412e2a8279ed"
    )


def test_a_file_that_failed_may_be_sent_again_from_a_new_address(
    go: Go, factories: Factories, twilio: FakeTwilio, sign_in: SignIn, ana: User
) -> None:
    file = a_file(factories)
    twilio.fail_next(Refused(20429, "Too many", 429))
    failed = message_of(go(file, "El salón"))
    browser = sign_in(ana)

    page = browser.get(f"/whatsapp/conversations/{failed.conversation_id}").text
    answer = browser.htmx("POST", f"/whatsapp/messages/{failed.id}/retry", data={"csrf_token": browser.csrf})

    assert f'action="/whatsapp/messages/{failed.id}/retry"' in page
    assert answer.status_code < 300
    assert [(one.body, bool(one.media_url)) for one in twilio.sent] == [("El salón", True)] * 2


def test_a_file_that_is_gone_is_not_offered_again(go: Go, factories: Factories, twilio: FakeTwilio) -> None:
    twilio.fail_next(Refused(20429, "Too many", 429))
    failed = message_of(go(a_file(factories)))
    failed.media[0].file_id = None

    assert not may_retry(failed, utcnow())
    db.session.rollback()


# The sync


def synced() -> SyncReport:
    return sync(lambda _report: None)


def test_a_photo_whose_answer_was_lost_is_recognised(go: Go, factories: Factories, twilio: FakeTwilio) -> None:
    twilio.fail_next(NoAnswer(), accepted=True)
    lost = message_of(go(a_file(factories)))

    report = synced()

    found = message_of(Sending(lost.id, repeated=False))
    assert (report.added, report.settled, message_count()) == (0, 1, 1)
    assert found.message_sid in twilio.messages
    assert [media.file_id for media in found.media] == [media.file_id for media in lost.media]


def test_a_photo_is_not_taken_for_its_own_words(go: Go, factories: Factories, twilio: FakeTwilio) -> None:
    twilio.fail_next(NoAnswer(), accepted=True)
    lost = message_of(go(a_file(factories), "Hola"))
    sid = next(iter(twilio.messages))
    twilio.messages[sid] = replace(twilio.messages[sid], num_media=0)

    synced()

    assert message_of(Sending(lost.id, repeated=False)).message_sid is None
    assert message_count() == 2


# The composer, with and without JavaScript


@pytest.fixture
def browser(sign_in: SignIn, ana: User) -> SignedInClient:
    return sign_in(ana)


def test_the_composer_sends_a_file_once_however_often_it_is_asked(
    browser: SignedInClient, conversation: Conversation, factories: Factories, twilio: FakeTwilio
) -> None:
    form = {"csrf_token": browser.csrf, "key": "una-clave", "media_id": str(a_file(factories).id), "body": " \n"}
    url = f"/whatsapp/conversations/{conversation.id}/messages"

    answers = [browser.htmx("POST", url, data=form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert all(f"/media/{form['media_id']}" in answer.text for answer in answers)
    assert [one.body for one in twilio.sent] == [""]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"media_id": "999999"}, "Ese archivo no está. Subilo de nuevo."),
        ({"media_id": "x"}, "Tiene que ser un número"),
        ({"body": "a" * 1601}, "hasta 1600 caracteres"),
    ],
)
def test_a_file_that_cannot_be_sent_is_told_beside_the_composer(
    browser: SignedInClient,
    conversation: Conversation,
    factories: Factories,
    twilio: FakeTwilio,
    changes: dict[str, str],
    sentence: str,
) -> None:
    form = {"csrf_token": browser.csrf, "key": "k", "media_id": str(a_file(factories).id), "body": ""} | changes

    answer = browser.htmx("POST", f"/whatsapp/conversations/{conversation.id}/messages", data=form)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'hx-target="#composer-note"' in answer.text
    assert twilio.sent == []


def plain_form(browser: SignedInClient, data: bytes, **fields: str) -> dict[str, Any]:
    return {"csrf_token": browser.csrf, "key": "file-k", "file": (io.BytesIO(data), "salón.jpg"), "body": ""} | fields


def test_a_plain_form_sends_its_file_once_and_comes_back(
    browser: SignedInClient, conversation: Conversation, twilio: FakeTwilio
) -> None:
    url = f"/whatsapp/conversations/{conversation.id}/files"

    answers = [browser.post(url, data=plain_form(browser, PHOTO, body="El salón")) for _ in range(2)]
    others = [
        browser.post(url, data=plain_form(browser, PHOTO + b"\0", body="El salón")),
        browser.post(url, data=plain_form(browser, bytes(reversed(PHOTO)), body="El salón")),
        browser.post(url, data=plain_form(browser, PHOTO, body="Otro salón")),
        browser.post(url, data=plain_form(browser, PHOTO, body="El salón") | {"file": (io.BytesIO(PHOTO), "b.jpg")}),
    ]

    assert [(one.status_code, one.location) for one in answers] == [
        (303, f"/whatsapp/conversations/{conversation.id}")
    ] * 2
    assert [one.body for one in twilio.sent] == ["El salón"]
    assert [other.status_code for other in others] == [422] * 4
    assert file_count() == 1


def test_two_clicks_on_a_plain_form_at_one_moment_are_one_message(
    app: Flask, browser: SignedInClient, sign_in: SignIn, ana: User, conversation: Conversation, twilio: FakeTwilio
) -> None:
    url, second = f"/whatsapp/conversations/{conversation.id}/files", sign_in(ana)
    answers: list[object] = []

    def when_it_was_looked_for(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "WHERE whatsapp_mensajes.idempotency_key" in statement and not answers:
            answers.append("begun")
            form = plain_form(second, PHOTO, body="El salón")
            answers[:] = in_threads(app, lambda: second.post(url, data=form).status_code)

    event.listen(db.engine, "after_cursor_execute", when_it_was_looked_for)
    answers.append(browser.post(url, data=plain_form(browser, PHOTO, body="El salón")).status_code)
    event.remove(db.engine, "after_cursor_execute", when_it_was_looked_for)

    assert answers == [303, 303]
    assert [one.body for one in twilio.sent] == ["El salón"]
    assert message_count() == 1


def test_a_plain_form_says_what_it_cannot_send(
    browser: SignedInClient, conversation: Conversation, twilio: FakeTwilio
) -> None:
    url = f"/whatsapp/conversations/{conversation.id}/files"

    foreign = browser.post(url, data=plain_form(browser, b"<svg xmlns='http://www.w3.org/2000/svg'/>"))
    nothing = browser.post(url, data={"csrf_token": browser.csrf})
    nobody = browser.post("/whatsapp/conversations/999999/files", data=plain_form(browser, PHOTO))

    assert [answer.status_code for answer in (foreign, nothing, nobody)] == [422, 422, 404]
    assert "Elegí un archivo." in nothing.text
    assert twilio.sent == []
