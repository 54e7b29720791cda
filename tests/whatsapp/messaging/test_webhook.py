"""What a client writes arrives once, whole, in the right conversation; and nobody but Twilio may say so."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.extensions import db, utcnow
from app.formats import to_local, today
from app.whatsapp.changes import current_change
from app.whatsapp.messaging.actions.send import send
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Conversation, Message
from app.whatsapp.names import last_line
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.night import move_office
from tests.signing import STATUS, WEBHOOK, inbound_form, post_signed, sign, status_form
from tests.threads import in_threads

PHONE = "+5491155550101"
USER_ID = "AR.4566546130240823"
MEDIA = "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM0/Media/ME"


def arrives(app: Flask, body: str = "Hola", phone: str = PHONE, **changes: Any) -> Message:
    """Let a message arrive; return it as it is stored."""
    form = inbound_form(body, phone, **changes)
    answer = post_signed(app.test_client(), WEBHOOK, form)
    assert answer.status_code == 200
    db.session.rollback()
    return db.session.scalars(select(Message).where(Message.message_sid == form["MessageSid"])).one()


def the_conversation() -> Conversation:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Conversation).where(Conversation.last_message_id.is_not(None))).one()


def stored_count() -> tuple[int, int, int]:
    """How many conversations, messages and changes there are."""
    db.session.rollback()
    rows = [db.session.scalars(select(func.count()).select_from(model)).one() for model in (Conversation, Message)]
    return rows[0], rows[1], current_change()


def without_number(**changes: Any) -> dict[str, Any]:
    """What tells a contact who is known by user id alone."""
    return {"From": f"whatsapp:{USER_ID}", "ExternalUserId": f"whatsapp:{USER_ID}", "WaId": None} | changes


# The door


def assert_empty_twiml(answer: TestResponse) -> None:
    assert answer.status_code == 200
    assert answer.content_type == "text/xml; charset=utf-8"
    assert answer.text == '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def test_a_message_is_stored_and_answered_with_an_empty_twiml(nobody: FlaskClient) -> None:
    assert_empty_twiml(post_signed(nobody, WEBHOOK, inbound_form("¿Llegan a las 21?")))

    message = db.session.scalars(select(Message)).one()
    assert (message.direction, message.type, message.body) == ("inbound", "text", "¿Llegan a las 21?")
    assert (message.from_number, message.to_number) == (f"whatsapp:{PHONE}", "whatsapp:+14155550100")
    assert (message.status, message.read_at, message.author_id) == ("received", None, None)


REFUSALS = [
    ("no signature header", {}, {}),
    ("wrong signature", {"X-Twilio-Signature": "a" * 28}, {}),
    ("wrong signature", {"X-Twilio-Signature": "ñ"}, {}),
    ("wrong signature", {}, {"sign_with": "another token"}),
    ("other account", {}, {"AccountSid": "AC" + "1" * 32}),
]


@pytest.mark.parametrize("path", [WEBHOOK, STATUS])
@pytest.mark.parametrize(("reason", "headers", "changes"), REFUSALS)
def test_a_stranger_is_refused_with_one_line_in_the_log(
    nobody: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    path: str,
    reason: str,
    headers: dict[str, str],
    changes: dict[str, Any],
) -> None:
    token = changes.get("sign_with", "test-auth-token")
    form = inbound_form("el secreto de Ana", **{name: value for name, value in changes.items() if name != "sign_with"})
    if reason != "no signature header" and not headers:
        headers = {"X-Twilio-Signature": sign(path, form, token)}

    with caplog.at_level(logging.DEBUG, logger="app"):
        answer = nobody.post(path, data=form, headers=headers)

    assert answer.status_code == 403
    assert [record.getMessage() for record in caplog.records] == ["Webhook refused"]
    assert vars(caplog.records[0])["reason"] == reason
    told = str([vars(record) for record in caplog.records])
    assert not any(secret in told for secret in ("el secreto", "5491155550101", "test-auth-token", "another token"))
    assert stored_count() == (0, 0, 0)


@pytest.mark.parametrize("account", [None, ""])
def test_who_names_no_account_and_signs_with_our_token_is_no_stranger(
    app: Flask, factories: Factories, nobody: FlaskClient, account: str | None
) -> None:
    sent = factories.message(factories.conversation(), direction="outbound", status="sent")

    assert arrives(app, "¿Llegan a las 21?", AccountSid=account).body == "¿Llegan a las 21?"
    form = status_form(str(sent.message_sid), "delivered", AccountSid=account)
    assert post_signed(nobody, STATUS, form).status_code == 204
    assert factories.reload(sent).status == "delivered"


ELSEWHERE = [
    {"To": "whatsapp:+14155550199"},
    {"To": "whatsapp:+141555501000"},
    {"To": "whatsapp:+1415555010"},
    {"To": "messenger:14155550100"},
    {"To": "+14155550100", "From": PHONE, "MessageType": None, "ProfileName": None, "WaId": None},
    {"To": None, "From": PHONE, "WaId": None},
]


@pytest.mark.parametrize("changes", ELSEWHERE)
def test_what_is_not_to_our_number_by_whatsapp_opens_no_chat_and_no_window(
    app: Flask,
    factories: Factories,
    nobody: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, Any],
) -> None:
    closed = factories.conversation(window_expires_at=None)

    with caplog.at_level(logging.DEBUG, logger="app"):
        answer = post_signed(nobody, WEBHOOK, inbound_form("el secreto de Ana", **changes))

    assert_empty_twiml(answer)
    assert stored_count() == (1, 0, 0)
    assert factories.reload(closed).window_expires_at is None
    assert [record.getMessage() for record in caplog.records] == ["Message to another number or by SMS ignored"]
    told = str([vars(record) for record in caplog.records])
    assert not any(secret in told for secret in ("el secreto", "5491155550101"))


def test_a_messaging_service_has_senders_that_nobody_names_here(app: Flask, twilio: FakeTwilio) -> None:
    twilio.account = replace(twilio.account, messaging_service_sid="MG" + "1" * 32)

    assert arrives(app, To="whatsapp:+14155550199").body == "Hola"
    post_signed(app.test_client(), WEBHOOK, inbound_form(To="+14155550199", From=PHONE))
    assert stored_count()[1] == 1


@pytest.mark.parametrize("name", ["TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID"])
@pytest.mark.parametrize("path", [WEBHOOK, STATUS])
def test_without_credentials_nobody_comes_in(
    app: Flask,
    nobody: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    path: str,
) -> None:
    monkeypatch.setitem(app.config, name, "")
    form = inbound_form(AccountSid="")

    answer = nobody.post(path, data=form, headers={"X-Twilio-Signature": sign(path, form, "")})

    assert answer.status_code == 403
    assert [r.getMessage() for r in caplog.records] == ["Webhook refused"]
    assert vars(caplog.records[0])["reason"] == "no credentials configured"
    assert stored_count() == (0, 0, 0)


def test_a_changed_word_breaks_the_signature(nobody: FlaskClient) -> None:
    form = inbound_form("Sí")
    headers = {"X-Twilio-Signature": sign(WEBHOOK, form)}

    answer = nobody.post(WEBHOOK, data=form | {"Body": "No"}, headers=headers)

    assert answer.status_code == 403
    assert stored_count() == (0, 0, 0)


def test_a_body_beyond_the_limit_is_turned_away(nobody: FlaskClient) -> None:
    assert post_signed(nobody, WEBHOOK, inbound_form("x" * (512 * 1024))).status_code == 413
    assert stored_count() == (0, 0, 0)


def test_unknown_parameters_are_signed_accepted_and_kept(app: Flask) -> None:
    message = arrives(app, Forwarded="true", FromToday="ñ 🎉", ChannelMetadata='{"type":"whatsapp"}')

    assert message.payload["FromToday"] == "ñ 🎉"
    assert message.payload["Forwarded"] == "true"


# Every kind of message, in the form that Twilio gives it

KINDS = [
    ({"Body": "Hola"}, "text", "Hola", [], "Hola"),
    (
        {"MessageType": "image", "Body": "el salón", "NumMedia": "1", "MediaContentType0": "image/jpeg"},
        "image",
        "el salón",
        [("image/jpeg", "")],
        "📷 Foto · el salón",
    ),
    (
        {"MessageType": "audio", "Body": "", "NumMedia": "1", "MediaContentType0": "audio/ogg"},
        "audio",
        "",
        [("audio/ogg", "")],
        "🎤 Mensaje de voz",
    ),
    (
        {"MessageType": "video", "Body": "", "NumMedia": "1", "MediaContentType0": "video/mp4"},
        "video",
        "",
        [("video/mp4", "")],
        "🎬 Video",
    ),
    (
        {"MessageType": "document", "Body": "temas.pdf", "NumMedia": "1", "MediaContentType0": "application/pdf"},
        "document",
        "",
        [("application/pdf", "temas.pdf")],
        "📄 Documento · temas.pdf",
    ),
    (
        {"MessageType": "sticker", "Body": "", "NumMedia": "1", "MediaContentType0": "image/webp"},
        "sticker",
        "",
        [("image/webp", "")],
        "💟 Sticker",
    ),
    (
        {"MessageType": "contacts", "Body": "", "NumMedia": "1", "MediaContentType0": "text/vcard"},
        "contact",
        "",
        [("text/vcard", "")],
        "👤 Contacto",
    ),
    (
        {"MessageType": "location", "Body": "", "Latitude": "-34.6", "Longitude": "-58.4"},
        "location",
        "",
        [],
        "📍 Ubicación",
    ),
    (
        {
            "MessageType": "interactive",
            "Body": "Confirmo",
            "ButtonText": "Confirmo",
            "ButtonPayload": "si",
            "ButtonType": "REPLY",
            "OriginalRepliedMessageSid": "SM" + "7" * 32,
            "OriginalRepliedMessageSender": "whatsapp:+14155550100",
        },
        "interactive",
        "Confirmo",
        [],
        "Confirmo",
    ),
    ({"MessageType": "order", "Body": ""}, "unknown", "", [], "Mensaje no compatible"),
    ({"MessageType": "reaction", "Body": ""}, "unknown", "", [], "Mensaje no compatible"),
    ({"Body": ""}, "unknown", "", [], "Mensaje no compatible"),
    ({"MessageType": None, "Body": "Hola"}, "text", "Hola", [], "Hola"),
    (
        {"MessageType": None, "Body": "", "NumMedia": "1", "MediaContentType0": "image/png"},
        "image",
        "",
        [("image/png", "")],
        "📷 Foto",
    ),
]


@pytest.mark.parametrize(("changes", "kind", "body", "files", "line"), KINDS)
def test_every_kind_of_message_has_its_bubble(
    app: Flask, changes: dict[str, Any], kind: str, body: str, files: list[tuple[str, str]], line: str
) -> None:
    urls = {f"MediaUrl{at}": f"{MEDIA}{at}" for at in range(len(files))}

    message = arrives(app, **(changes | urls))

    assert (message.type, message.body, last_line(message)) == (kind, body, line)
    assert [(item.content_type, item.filename) for item in message.media] == files
    assert [item.url for item in message.media] == list(urls.values())
    assert message.reply_to_sid == changes.get("OriginalRepliedMessageSid")
    assert the_conversation().unread_count == 1


def test_several_files_keep_their_order(app: Flask) -> None:
    files = {f"MediaUrl{at}": f"{MEDIA}{at}" for at in range(10)}

    message = arrives(app, MessageType=None, NumMedia="10", **files)

    assert [item.url for item in message.media] == list(files.values())


def test_a_file_that_the_count_forgot_is_kept(app: Flask) -> None:
    message = arrives(app, "", MessageType="image", NumMedia="0", MediaUrl0=f"{MEDIA}0")

    assert [item.url for item in message.media] == [f"{MEDIA}0"]


def test_a_named_place_is_kept(app: Flask) -> None:
    place = {"Latitude": "-34.6", "Longitude": "-58.4", "Address": "Av. Corrientes 1", "Label": "El salón"}

    message = arrives(app, "", MessageType="location", **place)

    assert message.location == {
        "latitude": "-34.6",
        "longitude": "-58.4",
        "address": "Av. Corrientes 1",
        "label": "El salón",
    }


@pytest.mark.parametrize(
    "body",
    [
        "x" * 4096,
        "ñ🎉" * 25_000,
        "👩‍👩‍👧‍👦 🇦🇷 é \u202eal revés\u202c",
        "שלום עולם أهلا",
        "  con espacios y\r\nlíneas\n\n ",
        "<script>alert('x')</script> & \"comillas\" %_\\",
        "a+b=c&d%2Fe",
    ],
)
def test_text_is_stored_as_it_was_sent(app: Flask, body: str) -> None:
    assert arrives(app, body).body == body


def test_nul_is_taken_out_after_the_signature_was_checked(app: Flask) -> None:
    message = arrives(app, "a\x00b", ProfileName="Lu\x00cía")

    assert message.body == "ab"
    assert the_conversation().contact.profile_name == "Lucía"


def test_bytes_that_are_no_text_never_break_it(nobody: FlaskClient) -> None:
    form = inbound_form("MARK")
    body = urlencode(form).replace("MARK", "%FF%ED%A0%80")
    decoded = form | {"Body": "\ufffd\ufffd\ufffd\ufffd"}
    headers = {"X-Twilio-Signature": sign(WEBHOOK, decoded)}

    answer = nobody.post(WEBHOOK, data=body, content_type="application/x-www-form-urlencoded", headers=headers)

    assert answer.status_code in (200, 403)


@pytest.mark.parametrize(
    "missing",
    [
        {"From": None, "WaId": None},
        {"From": "", "WaId": ""},
        {"From": "messenger:123", "WaId": None},
        {"MessageSid": None, "SmsMessageSid": None, "SmsSid": None},
    ],
)
def test_what_names_no_message_or_nobody_is_answered_and_logged_and_not_stored(
    nobody: FlaskClient, caplog: pytest.LogCaptureFixture, missing: dict[str, Any]
) -> None:
    answer = post_signed(nobody, WEBHOOK, inbound_form("privado", **missing))

    assert_empty_twiml(answer)
    assert [r.getMessage() for r in caplog.records] == ["Signed webhook without message or sender"]
    assert "privado" not in str(vars(caplog.records[0]))
    assert stored_count() == (0, 0, 0)


# Repeats


def test_a_repeated_webhook_changes_nothing(nobody: FlaskClient) -> None:
    form = inbound_form("una vez")
    post_signed(nobody, WEBHOOK, form)
    before = stored_count()

    again = post_signed(nobody, WEBHOOK, form, headers={"I-Twilio-Idempotency-Token": "x"})

    assert_empty_twiml(again)
    assert stored_count() == before == (1, 1, 1)
    assert the_conversation().unread_count == 1


def test_a_repeat_with_other_words_changes_nothing(app: Flask, nobody: FlaskClient) -> None:
    first = arrives(app, "primera", ProfileName="Lucía")
    window = the_conversation().window_expires_at

    post_signed(nobody, WEBHOOK, inbound_form("otra", ProfileName="X", OptOutType="STOP", MessageSid=first.message_sid))

    conversation = the_conversation()
    assert (conversation.contact.profile_name, conversation.opted_out) == ("Lucía", False)
    assert conversation.window_expires_at == window
    assert db.session.scalars(select(Message.body)).one() == "primera"


def test_a_repeat_from_another_number_makes_no_conversation(app: Flask, nobody: FlaskClient) -> None:
    first = arrives(app)

    post_signed(nobody, WEBHOOK, inbound_form(phone="+5491155550199", MessageSid=first.message_sid))

    assert stored_count() == (1, 1, 1)


def test_a_repeat_after_it_was_read_stays_read(app: Flask, nobody: FlaskClient, factories: Factories) -> None:
    conversation = factories.conversation()
    read = factories.message(conversation, read_at=utcnow())

    post_signed(nobody, WEBHOOK, inbound_form(MessageSid=read.message_sid))

    assert the_conversation().unread_count == 0


# The conversation


def test_the_first_message_opens_a_conversation(app: Flask) -> None:
    before = utcnow()

    message = arrives(app, "Hola", ProfileName="Lucía <b>Ñandú</b>")

    conversation = the_conversation()
    assert (conversation.phone_number, conversation.contact.user_id) == (PHONE, None)
    assert conversation.contact.profile_name == "Lucía <b>Ñandú</b>"
    assert "lucia <b>nandu</b>" in conversation.search_text
    assert PHONE in conversation.search_text
    assert conversation.unread_count == 1
    assert (conversation.last_message_id, conversation.last_message_at) == (message.id, message.sent_at)
    assert conversation.window_expires_at == message.sent_at + timedelta(hours=24)
    assert before <= message.sent_at <= utcnow()
    assert conversation.change == message.change == 1


def test_each_message_adds_one_unread_one_change_and_a_new_last_line(app: Flask) -> None:
    arrives(app, "uno")
    arrives(app, "dos")
    third = arrives(app, "tres")

    conversation = the_conversation()
    assert conversation.unread_count == 3
    assert conversation.last_message_id == third.id
    assert third.change == conversation.change == current_change() == 3


def test_a_message_opens_the_window_again(app: Flask, factories: Factories) -> None:
    conversation = factories.conversation(window_expires_at=utcnow() - timedelta(days=3))

    arrives(app)

    assert factories.reload(conversation).window_open(utcnow() + timedelta(hours=23, minutes=59))


def test_a_missing_name_leaves_the_known_one(app: Flask, factories: Factories) -> None:
    conversation = factories.conversation(profile_name="Lucía")

    arrives(app, ProfileName=None)
    arrives(app, ProfileName="")

    assert factories.reload(conversation).contact.profile_name == "Lucía"


def test_a_new_name_can_be_searched_at_once(app: Flask, factories: Factories) -> None:
    conversation = factories.conversation()

    arrives(app, ProfileName="Íñigo 🎧")

    assert "inigo" in factories.reload(conversation).search_text


@pytest.mark.parametrize(
    ("known", "other"),
    [
        ("+5491155550101", "+541155550101"),
        ("+541155550101", "+5491155550101"),
        ("+5215512345678", "+525512345678"),
        ("+525512345678", "+5215512345678"),
        ("+5541988887777", "+554188887777"),
        ("+554188887777", "+5541988887777"),
    ],
)
def test_one_number_written_in_two_ways_is_one_conversation(
    app: Flask, factories: Factories, known: str, other: str
) -> None:
    conversation = factories.conversation(known)

    arrives(app, phone=other)

    assert factories.reload(conversation).unread_count == 1
    assert conversation.phone_number == other  # WhatsApp's own form, which answers go to.


def test_answers_go_to_the_form_that_whatsapp_gave(app: Flask, factories: Factories, twilio: FakeTwilio) -> None:
    author = factories.user("ana@example.com")
    arrives(app, phone="+541155550101")

    send(SendRequest(body="Hola", to="+5491155550101"), "key", author.id)

    assert [outgoing.to for outgoing in twilio.sent] == ["+541155550101"]


def test_different_people_have_different_conversations(app: Flask) -> None:
    arrives(app, phone="+5491155550101")
    arrives(app, phone="+5491155550102")

    assert stored_count() == (2, 2, 2)


def test_first_messages_that_come_at_once_make_one_conversation_and_lose_none(app: Flask) -> None:
    forms = [inbound_form(f"mensaje {number}") for number in range(16)]

    answers = in_threads(
        app, *[lambda form=form: post_signed(app.test_client(), WEBHOOK, form).status_code for form in forms]
    )

    assert answers == [200] * 16
    assert stored_count() == (1, 16, 16)
    assert the_conversation().unread_count == 16


def test_one_message_that_comes_many_times_at_once_is_stored_once(app: Flask) -> None:
    form = inbound_form()

    answers = in_threads(app, *[lambda: post_signed(app.test_client(), WEBHOOK, form).status_code] * 8)

    assert answers == [200] * 8
    assert stored_count() == (1, 1, 1)
    assert the_conversation().unread_count == 1


# User ids


def test_someone_without_a_number_has_a_conversation(app: Flask) -> None:
    arrives(app, **without_number())
    arrives(app, **without_number(ExternalUserId=USER_ID))

    conversation = the_conversation()
    assert (conversation.phone_number, conversation.contact.user_id) == (None, USER_ID)
    assert conversation.address == USER_ID
    assert conversation.unread_count == 2


def test_a_user_id_beside_the_number_is_remembered(app: Flask, factories: Factories) -> None:
    conversation = factories.conversation()

    arrives(app, ExternalUserId=f"whatsapp:{USER_ID}")
    arrives(app, **without_number())

    assert factories.reload(conversation).contact.user_id == USER_ID
    assert conversation.unread_count == 2


def test_a_number_that_comes_later_joins_the_conversation_of_the_user_id(app: Flask) -> None:
    arrives(app, **without_number())

    arrives(app, ExternalUserId=f"whatsapp:{USER_ID}")

    conversation = the_conversation()
    assert (conversation.phone_number, conversation.contact.user_id) == (PHONE, USER_ID)
    assert conversation.unread_count == 2
    assert PHONE in conversation.search_text


def test_two_conversations_become_one_when_twilio_says_that_they_are(app: Flask, factories: Factories) -> None:
    of_number, of_id = factories.conversation(), factories.conversation(None, user_id=USER_ID)
    factories.message(of_id, "Soy yo, sin número")

    arrives(app, ExternalUserId=f"whatsapp:{USER_ID}")

    assert (factories.reload(of_number).contact.user_id, of_number.unread_count) == (USER_ID, 2)
    assert factories.reload(of_id).joined_to_id == of_number.id
    assert (of_id.contact, of_id.unread_count) == (None, 0)


# Which event it is about


def test_a_message_is_about_the_clients_nearest_event_to_come(app: Flask, factories: Factories) -> None:
    factories.coordinacion(phone="+541155550101", event_on=today() + timedelta(days=90))
    nearest = factories.coordinacion(phone="+541155550101", event_on=today() + timedelta(days=9))
    factories.coordinacion(phone=PHONE, event_on=today() - timedelta(days=2))
    factories.coordinacion(phone=PHONE, event_on=today() + timedelta(days=2), archived_at=utcnow())
    factories.coordinacion(phone=PHONE, event_on=today() + timedelta(days=1), state="cancelled")
    factories.coordinacion(phone="+5491155550177", event_on=today() + timedelta(days=3))

    message = arrives(app)

    assert message.coordinacion_id == nearest.id
    assert the_conversation().coordinacion_id == nearest.id


@pytest.mark.parametrize(("hour", "is_its_night"), [(1, True), (5, True), (6, False)])
def test_in_the_night_of_the_party_a_message_is_about_the_party(
    app: Flask, factories: Factories, monkeypatch: pytest.MonkeyPatch, hour: int, is_its_night: bool
) -> None:
    move_office(app, monkeypatch, hour)
    began_on = to_local(utcnow()).date() - timedelta(days=1)
    party = factories.coordinacion(phone=PHONE, event_on=began_on, start_time=time(21, 30))
    in_five_months = factories.coordinacion(phone=PHONE, event_on=began_on + timedelta(days=150))

    message = arrives(app, "Se cortó la luz")

    assert message.coordinacion_id == (party.id if is_its_night else in_five_months.id)


def test_a_client_without_an_event_writes_about_none(app: Flask) -> None:
    assert arrives(app).coordinacion_id is None


def test_what_staff_chose_stays_though_another_event_is_nearer(app: Flask, factories: Factories) -> None:
    chosen = factories.coordinacion(phone=PHONE, event_on=today() + timedelta(days=90))
    factories.coordinacion(phone=PHONE, event_on=today() + timedelta(days=9))
    factories.conversation(coordinacion_id=chosen.id)

    assert arrives(app).coordinacion_id == chosen.id


@pytest.mark.parametrize(
    ("over", "moves"),
    [
        ({"days": 7}, False),
        ({"days": 8}, True),
        ({"archived": True}, True),
        ({"cancelled": True}, True),
    ],
)
def test_what_is_over_by_a_week_archived_or_cancelled_gives_way(
    app: Flask, factories: Factories, over: dict[str, Any], moves: bool
) -> None:
    first = factories.coordinacion(
        phone=PHONE,
        event_on=today() - timedelta(days=over.get("days", -5)),
        archived_at=utcnow() if over.get("archived") else None,
        state="cancelled" if over.get("cancelled") else "confirmed",
    )
    second = factories.coordinacion(phone=PHONE, event_on=today() + timedelta(days=60))
    factories.conversation(coordinacion_id=first.id)

    assert arrives(app).coordinacion_id == (second.id if moves else first.id)


def test_an_event_that_is_over_stays_where_there_is_no_other(app: Flask, factories: Factories) -> None:
    only = factories.coordinacion(phone="+5491155550177", event_on=today() - timedelta(days=100))
    factories.conversation(coordinacion_id=only.id)

    assert arrives(app).coordinacion_id == only.id


# Opting out


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        (False, {"Body": "STOP", "OptOutType": "STOP"}, True),
        (False, {"Body": "baja", "OptOutType": "Stop"}, True),
        (True, {"Body": "START", "OptOutType": "START"}, False),
        (True, {"Body": " start "}, False),
        (True, {"Body": "Unstop"}, False),
        (True, {"Body": "HELP", "OptOutType": "HELP"}, True),
        (True, {"Body": "Hola, ¿están?"}, True),
        (False, {"Body": "Hola"}, False),
        (False, {"Body": "START"}, False),
    ],
)
def test_opting_out_and_in_again_is_kept(
    app: Flask, factories: Factories, before: bool, changes: dict[str, Any], after: bool
) -> None:
    conversation = factories.conversation(opted_out=before)

    message = arrives(app, **changes)

    assert factories.reload(conversation).opted_out is after
    assert message.body == changes["Body"]


def test_a_message_and_a_callback_do_not_meet(app: Flask, nobody: FlaskClient) -> None:
    message = arrives(app)

    answer = post_signed(nobody, STATUS, status_form(message.message_sid or "", "read"))

    assert answer.status_code == 204
    db.session.rollback()
    db.session.refresh(message)
    assert (message.status, message.read_at) == ("received", None)
