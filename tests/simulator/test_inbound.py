"""The webhook that tells the app what a client wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.simulator.office import ACCOUNT_SID, ANA_PHONE, AUTH_TOKEN, Office
from tests.simulator.receiver import Receiver

pytestmark = pytest.mark.enable_socket

TEXT_ORDER = [
    "ExternalUserId",
    "SmsMessageSid",
    "NumMedia",
    "ProfileName",
    "MessageType",
    "SmsSid",
    "WaId",
    "SmsStatus",
    "Body",
    "To",
    "NumSegments",
    "ReferralNumMedia",
    "MessageSid",
    "AccountSid",
    "ChannelMetadata",
    "From",
    "ApiVersion",
]


def webhook(office: Office, receiver: Receiver, **message: Any) -> dict[str, str]:
    sid = office.writes(**message)
    office.idle()
    return receiver.told_of(sid).form


def test_a_text_has_the_parameters_of_twilio_in_their_order(office: Office, receiver: Receiver) -> None:
    sid = office.writes("¿Tienen fecha? ñ & = 🎉")

    office.idle()

    post = receiver.posts[0]
    assert post.names == TEXT_ORDER
    assert post.form["Body"] == "¿Tienen fecha? ñ & = 🎉"
    assert post.form["MessageSid"] == post.form["SmsSid"] == post.form["SmsMessageSid"] == sid
    assert post.form["WaId"] == "5491155550101"
    assert json.loads(post.form["ChannelMetadata"])["data"]["context"]["WaId"] == "5491155550101"


def test_the_webhook_is_signed_and_its_fragment_stays_at_home(office: Office, receiver: Receiver) -> None:
    office.writes()

    office.idle()

    assert receiver.posts[0].path == "/webhook?from=twilio"
    assert receiver.is_genuine(receiver.posts[0], AUTH_TOKEN)
    assert not receiver.is_genuine(receiver.posts[0], "another token")


@pytest.mark.parametrize(
    ("kind", "content_type", "body"),
    [
        ("image", "image/jpeg", "Mirá"),
        ("audio", "audio/ogg", ""),
        ("video", "video/mp4", ""),
        ("document", "application/pdf", "playlist.pdf"),
        ("sticker", "image/webp", ""),
        ("contacts", "text/vcard", ""),
    ],
)
def test_media_comes_with_its_type_and_an_address_that_asks_for_the_account(
    office: Office, receiver: Receiver, kind: str, content_type: str, body: str
) -> None:
    form = webhook(office, receiver, type=kind, body="Mirá" if kind == "image" else "")

    found = requests.get(form["MediaUrl0"], auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=10)
    stranger = requests.get(form["MediaUrl0"], timeout=10)
    assert (form["MessageType"], form["NumMedia"], form["Body"]) == (kind, "1", body)
    assert form["MediaContentType0"] == content_type == found.headers["Content-Type"].split(";")[0]
    assert form["MessageSid"].startswith("MM")
    assert found.history[0].status_code == 302
    assert len(found.content) > 100
    assert stranger.status_code == 401


def test_a_pin_has_no_label_and_a_named_place_has(office: Office, receiver: Receiver) -> None:
    pin = webhook(office, receiver, type="location", body="")
    place = webhook(office, receiver, type="location", label="Quinta", address="Calle 1", latitude=-34.5, longitude=-58)

    assert {"Latitude", "Longitude"} <= pin.keys()
    assert not {"Label", "Address"} & pin.keys()
    assert (place["Label"], place["Address"], place["Latitude"], place["Longitude"]) == (
        "Quinta",
        "Calle 1",
        "-34.5",
        "-58",
    )


def test_a_button_reply_names_the_message_it_answers(office: Office, receiver: Receiver) -> None:
    sent = office.send("¿Confirmás?")

    form = webhook(office, receiver, type="button", text="Sí", payload="si", reply_to=sent.sid)

    assert (form["Body"], form["ButtonText"], form["ButtonPayload"]) == ("Sí", "Sí", "si")
    assert form["OriginalRepliedMessageSid"] == sent.sid
    assert form["OriginalRepliedMessageSender"] == "whatsapp:+14155550100"


def test_an_audio_that_is_no_voice_note_is_told_apart_by_its_type(office: Office, receiver: Receiver) -> None:
    form = webhook(office, receiver, type="song", body="")

    assert (form["MessageType"], form["MediaContentType0"]) == ("audio", "audio/mpeg")


def test_several_photos_are_as_many_messages_with_different_files(office: Office, receiver: Receiver) -> None:
    forms = [webhook(office, receiver, type="image", body="", photo=number) for number in range(4)]

    files = {requests.get(form["MediaUrl0"], auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=10).content for form in forms}
    assert {form["NumMedia"] for form in forms} == {"1"}
    assert len(files) == 4


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"type": "list", "text": "Rock", "payload": "2"}, {"Body": "Rock", "ListId": "2", "ListTitle": "Rock"}),
        ({"type": "form"}, {"Body": "", "MessageType": "interactive"}),
        ({"type": "ad", "body": "Hola"}, {"Body": "Hola", "MessageType": "text", "ReferralSourceType": "ad"}),
        ({"type": "text", "forwarded": True}, {"Forwarded": "true", "FrequentlyForwarded": "false"}),
        ({"type": "text", "forwarded": "often"}, {"Forwarded": "true", "FrequentlyForwarded": "true"}),
    ],
)
def test_what_a_kind_tells_beyond_its_words_comes_under_twilios_names(
    office: Office, receiver: Receiver, message: dict[str, Any], expected: dict[str, str]
) -> None:
    form = webhook(office, receiver, **{"body": ""} | message)

    assert {name: form.get(name) for name in expected} == expected


def test_a_form_is_json_of_what_was_filled_in(office: Office, receiver: Receiver) -> None:
    form = webhook(office, receiver, type="form", body="", answers={"Cantidad de invitados": "90"})

    assert json.loads(form["FlowData"])["screen_0_Cantidad_de_invitados_0"] == "90"


def test_a_reaction_names_the_message_it_is_about(office: Office, receiver: Receiver) -> None:
    sent = office.send("¿Confirmás?")

    form = webhook(office, receiver, type="reaction", body="👍", reply_to=sent.sid)

    assert (form["MessageType"], form["Body"], form["OriginalRepliedMessageSid"]) == ("reaction", "👍", sent.sid)


def test_an_unknown_kind_comes_as_it_is_with_its_own_parameters(office: Office, receiver: Receiver) -> None:
    form = webhook(office, receiver, type="hologram", body="", extra={"HologramColor": "azul"})

    assert (form["MessageType"], form["Body"], form["HologramColor"]) == ("hologram", "", "azul")


def test_a_client_without_phone_is_named_by_user_id(office: Office, receiver: Receiver) -> None:
    form = webhook(office, receiver, phone="AR.1234567890123456")

    assert form["From"] == form["ExternalUserId"] == "whatsapp:AR.1234567890123456"
    assert "WaId" not in form


def test_a_message_of_the_past_keeps_its_time_and_can_stay_untold(office: Office, receiver: Receiver) -> None:
    sid = office.writes("Ayer", minutes_ago=1440, webhook=False)

    office.idle()

    assert receiver.posts == []
    assert sid in [message.sid for message in office.sdk().messages.list(limit=20)]


def test_a_post_is_tried_twice_when_nobody_answers_the_door(office: Office) -> None:
    office.control("POST", "settings", json={"webhook_url": "http://127.0.0.1:9/nobody"})

    office.writes()

    deliveries = office.deliveries()
    assert [(delivery["attempt"], delivery["status_code"]) for delivery in deliveries] == [(1, None), (2, None)]


def test_an_empty_answer_says_nothing_to_the_client(office: Office) -> None:
    office.writes()

    office.idle()

    messages = office.control("GET", f"clients/{ANA_PHONE}/messages")["messages"]
    assert [message["direction"] for message in messages] == ["inbound", "inbound"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("text/plain", "ok"), ("text/xml", "<Response><Message><Body>ok</Body></Message></Response>")],
)
def test_an_answer_with_words_is_written_to_the_client(
    office: Office, receiver: Receiver, content_type: str, body: str
) -> None:
    receiver.content_type, receiver.body = content_type, body

    office.writes()
    office.idle()

    last = office.control("GET", f"clients/{ANA_PHONE}/messages")["messages"][-1]
    assert (last["direction"], last["body"], last["status"]) == ("outbound-reply", "ok", "read")
