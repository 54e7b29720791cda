"""A message that the sync brought first becomes whole when its webhook comes, and is counted once."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db, utcnow
from app.jobs.models import Job
from app.twilio.client import RemoteMedia
from app.whatsapp.attachments.actions.queue import FETCH
from app.whatsapp.changes import current_change
from app.whatsapp.inbox.actions.reading import mark_read
from app.whatsapp.models import Conversation, Message
from app.whatsapp.names import conversation_name, last_line
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.signing import WEBHOOK, inbound_form, post_signed
from tests.threads import in_threads
from tests.whatsapp.contacts.test_doubts import FORMER, NEW
from tests.whatsapp.messaging.test_sync import add, ago, run, stored
from tests.whatsapp.messaging.test_webhook import MEDIA, PHONE, arrives, the_conversation


def comes(app: Flask, sid: str, body: str = "Hola", **changes: Any) -> Message:
    """Let the webhook of a message come that is here already."""
    form = inbound_form(body, **({"MessageSid": sid} | changes))
    assert post_signed(app.test_client(), WEBHOOK, form).status_code == 200
    return stored(sid)


def test_a_place_a_name_and_a_user_id_are_filled_up_and_nothing_is_counted_twice(
    app: Flask, twilio: FakeTwilio
) -> None:
    sid, other = add(twilio, "", ago(minutes=10)), add(twilio, "después", ago(minutes=5))
    run()
    before, sent_at = current_change(), stored(sid).sent_at
    assert last_line(stored(sid)) == "Mensaje no compatible"

    place = {"MessageType": "location", "Latitude": "-34.6", "Longitude": "-58.4", "Label": "Quinta Los Olivos"}
    message = comes(app, sid, "", ProfileName="Lucía", **place)
    comes(app, other, "después", ProfileName="Lucía", ExternalUserId=f"whatsapp:{FORMER}")

    assert (message.type, message.location) == (
        "location",
        {"latitude": "-34.6", "longitude": "-58.4", "label": "Quinta Los Olivos"},
    )
    conversation = the_conversation()
    assert (conversation.unread_count, conversation.last_message_id) == (2, stored(other).id)
    assert (conversation_name(conversation), conversation.contact.user_id) == ("Lucía", FORMER)
    assert (stored(sid).sent_at, stored(sid).change, conversation.change) == (sent_at, before + 1, before + 2)
    assert "lucia" in conversation.search_text


def test_a_quote_and_a_button_are_filled_up(app: Flask, twilio: FakeTwilio) -> None:
    sid = add(twilio, "Confirmo", ago(minutes=10))
    run()
    quoted = "SM" + "7" * 32

    message = comes(app, sid, "Confirmo", MessageType="button", ButtonPayload="si", OriginalRepliedMessageSid=quoted)

    assert (message.reply_to_sid, message.payload["ButtonPayload"], message.type) == (quoted, "si", "interactive")


def test_a_file_keeps_what_was_fetched_and_gets_its_name(app: Flask, twilio: FakeTwilio, factories: Factories) -> None:
    sid = add(twilio, "lista.pdf", ago(minutes=10), num_media=1)
    twilio.media[sid] = [RemoteMedia(f"{MEDIA}0", "application/pdf")]
    run()
    first = stored(sid).media[0].id

    message = comes(
        app,
        sid,
        "lista.pdf",
        MessageType="document",
        NumMedia="1",
        MediaUrl0=f"{MEDIA}0",
        MediaContentType0="application/pdf",
    )

    assert [(media.id, media.filename) for media in message.media] == [(first, "lista.pdf")]
    assert message.body == ""


def test_a_file_that_the_list_did_not_tell_is_fetched(app: Flask, twilio: FakeTwilio) -> None:
    sid = add(twilio, "", ago(minutes=10))
    run()

    photo = {"MessageType": "image", "NumMedia": "1", "MediaUrl0": f"{MEDIA}0", "MediaContentType0": "image/jpeg"}
    message = comes(app, sid, "", **photo)

    assert (message.type, [media.url for media in message.media]) == ("image", [f"{MEDIA}0"])
    assert f"{FETCH}:{message.media[0].id}" in set(db.session.scalars(select(Job.key)))


def test_a_reaction_is_no_question(app: Flask, twilio: FakeTwilio, factories: Factories) -> None:
    conversation = factories.conversation()
    ours = factories.message(conversation, direction="outbound", status="read", sent_at=ago(minutes=20))
    sid = add(twilio, "👍", ago(minutes=10))
    run()
    assert factories.reload(conversation).waiting_since is not None

    comes(app, sid, "👍", MessageType="reaction", OriginalRepliedMessageSid=ours.message_sid)

    assert stored(sid).type == "reaction"
    assert factories.reload(conversation).waiting_since is None
    assert factories.reload(ours).change == stored(sid).change


def test_what_was_read_meanwhile_stays_read(app: Flask, twilio: FakeTwilio) -> None:
    sid = add(twilio, "Hola", ago(minutes=10))
    run()
    mark_read(the_conversation().id)

    comes(app, sid)

    assert stored(sid).read_at is not None
    assert the_conversation().unread_count == 0


def test_it_is_filled_up_once_and_then_takes_no_number(
    app: Flask, twilio: FakeTwilio, caplog: pytest.LogCaptureFixture
) -> None:
    sid = add(twilio, "Hola", ago(minutes=10))
    run()
    comes(app, sid)
    before = current_change()

    with caplog.at_level(logging.INFO, logger="app.whatsapp.messaging.actions.fill"):
        answers = in_threads(app, *[lambda: comes(app, sid, ProfileName="Otra")] * 4)

    assert [one for one in answers if isinstance(one, Exception)] == []
    assert current_change() == before
    assert {record.getMessage() for record in caplog.records} == {"Webhook repeated"}
    assert the_conversation().unread_count == 1


def test_a_user_id_that_comes_late_begins_the_doubt_at_its_message(
    app: Flask, twilio: FakeTwilio, factories: Factories
) -> None:
    event = factories.coordinacion(phone=PHONE, client_name="Lucía", event_on=(utcnow() + timedelta(days=9)).date())
    arrives(app, "Soy Lucía", ExternalUserId=f"whatsapp:{FORMER}")
    sid = add(twilio, "¿Quién habla?", utcnow())
    run()
    assert stored(sid).coordinacion_id == event.id

    message = comes(app, sid, "¿Quién habla?", ExternalUserId=f"whatsapp:{NEW}", ProfileName="Tomás")

    assert message.coordinacion_id is None
    conversation = db.session.get_one(Conversation, message.conversation_id)
    assert conversation.former is not None
    assert conversation_name(conversation) == "Tomás"


def test_an_older_name_does_not_come_back(app: Flask, twilio: FakeTwilio) -> None:
    sid = add(twilio, "Hola", ago(minutes=10))
    run()
    arrives(app, "¿Están?", ProfileName="Lucía Paz")

    comes(app, sid, ProfileName="Lucía")

    assert the_conversation().contact.profile_name == "Lucía Paz"


def test_the_name_of_whoever_had_the_number_does_not_come_back_in_a_doubt(
    app: Flask, twilio: FakeTwilio, factories: Factories
) -> None:
    arrives(app, "Soy Lucía", ExternalUserId=f"whatsapp:{FORMER}")
    sid = add(twilio, "Hola", ago(minutes=10))
    run()
    arrives(app, "¿Quién habla?", ExternalUserId=f"whatsapp:{NEW}", ProfileName=None)

    comes(app, sid, ExternalUserId=f"whatsapp:{FORMER}", ProfileName="Lucía")

    assert the_conversation().former is not None
    assert the_conversation().contact.profile_name == ""
