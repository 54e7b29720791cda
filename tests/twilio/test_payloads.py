"""What Twilio sends becomes ours, whatever it sends."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.twilio.payloads import Address, NotAMessage, parse_address, parse_inbound, parse_int, parse_status
from tests.signing import inbound_form, status_form

MEDIA = "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM0/Media/ME"


def with_media(*content_types: str, **changes: Any) -> dict[str, Any]:
    files = {f"MediaUrl{at}": f"{MEDIA}{at}" for at in range(len(content_types))}
    types = {f"MediaContentType{at}": kind for at, kind in enumerate(content_types)}
    return inbound_form("", **({"NumMedia": str(len(content_types))} | types | files | changes))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["whatsapp:+5491155550101"], Address("+5491155550101", None)),
        (["whatsapp: +5491155550101 "], Address("+5491155550101", None)),
        (["5491155550101"], Address("+5491155550101", None)),
        (["whatsapp:AR.456"], Address(None, "AR.456")),
        (["AR.456"], Address(None, "AR.456")),
        (["whatsapp:IN.ENT.9081726354"], Address(None, "IN.ENT.9081726354")),
        (["whatsapp:+5491155550101", "whatsapp:AR.456", "5491155550101"], Address("+5491155550101", "AR.456")),
        (["whatsapp:AR.456", "whatsapp:AR.456", ""], Address(None, "AR.456")),
        (["whatsapp:AR.456", "AR.456", "5491155550101"], Address("+5491155550101", "AR.456")),
        (["", "", ""], Address()),
        (["messenger:123", "hola", "whatsapp:"], Address()),
        (["whatsapp:+٥٤٩١١٥٥٥٥"], Address()),
        (["whatsapp:AR." + "1" * 200, "+" + "1" * 40], Address()),
    ],
)
def test_an_address_names_a_phone_a_user_id_or_both(texts: list[str], expected: Address) -> None:
    assert parse_address(*texts) == expected


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (inbound_form(), "text"),
        (inbound_form(MessageType=None), "text"),
        (with_media("image/jpeg", MessageType="image"), "image"),
        (with_media("audio/ogg", MessageType="audio"), "audio"),
        (with_media("video/mp4", MessageType="video"), "video"),
        (with_media("application/pdf", MessageType="document", Body="lista.pdf"), "document"),
        (with_media("image/webp", MessageType="sticker"), "sticker"),
        (with_media("text/vcard", MessageType="contacts"), "contact"),
        (inbound_form("", MessageType="location", Latitude="-34.6", Longitude="-58.4"), "location"),
        (inbound_form("Sí", MessageType="interactive", ButtonText="Sí", ButtonPayload="si"), "interactive"),
        (inbound_form("Sí", MessageType="button", ButtonText="Sí", ButtonPayload="si"), "interactive"),
        (with_media("image/jpeg", MessageType=None), "image"),
        (with_media("audio/ogg; codecs=opus", MessageType=None), "audio"),
        (with_media("video/mp4", MessageType=None), "video"),
        (with_media("application/pdf", MessageType=None), "document"),
        (with_media("text/vcard", MessageType=None), "contact"),
        (with_media("text/x-vcard", MessageType=None), "contact"),
        (with_media("", MessageType=None), "document"),
        (inbound_form("", MessageType=None, Latitude="-34.6", Longitude="-58.4"), "location"),
        (inbound_form("", MessageType="order"), "unknown"),
        (inbound_form("", MessageType="reaction"), "unknown"),
        (inbound_form("", MessageType=None), "unknown"),
        (inbound_form("", MessageType="text"), "unknown"),
        (inbound_form("", MessageType="interactive", FlowData='{"a":1}'), "interactive"),
        (inbound_form("", MessageType="interactive", FlowData='{"a":'), "unknown"),
        (inbound_form("", MessageType="list", ListId="1", ListTitle="Disco"), "interactive"),
        (inbound_form("👍", MessageType="reaction"), "reaction"),
        (inbound_form("", MessageType="reaction", OriginalRepliedMessageSid="SM1"), "reaction"),
        (inbound_form("👍", MessageType=None, OriginalRepliedMessageSid="SM1"), "reaction"),
        (inbound_form("👍", MessageType="text", OriginalRepliedMessageSid="SM1"), "text"),
        (inbound_form("Hola", MessageType="TEXT"), "text"),
        (with_media("image/jpeg", MessageType="text"), "image"),
    ],
)
def test_every_message_has_a_kind_that_can_be_shown(form: dict[str, Any], kind: str) -> None:
    assert parse_inbound(form).type == kind


def test_what_a_type_of_tomorrow_says_is_kept_with_its_words() -> None:
    inbound = parse_inbound(inbound_form("2 x Combo", MessageType="order", OrderData='{"items":2}'))

    assert (inbound.type, inbound.body) == ("unknown", "2 x Combo")
    assert inbound.payload["OrderData"] == '{"items":2}'
    assert inbound.payload["MessageType"] == "order"


def test_a_filled_in_form_becomes_readable_lines() -> None:
    answers = '{"flow_token":"x","screen_0_Nombre_completo_0":"Ana","screen_1_Menu_1":"0_Vegano","extras":["a","b"]}'

    inbound = parse_inbound(inbound_form("", MessageType="interactive", InteractiveData=answers))

    assert inbound.body == "Nombre completo: Ana\nMenu: Vegano\nextras: a, b"


@pytest.mark.parametrize("latitude", ["NaN", "inf", "91", "1_0", "abc", "javascript:1"])
def test_a_place_that_is_not_on_this_earth_keeps_its_words_alone(latitude: str) -> None:
    form = inbound_form(
        "", MessageType="location", Latitude=latitude, Longitude="1", Label="La quinta", Address="Ruta 8"
    )

    inbound = parse_inbound(form)

    assert (inbound.type, inbound.location, inbound.body) == ("location", None, "La quinta, Ruta 8")


def test_a_documents_name_is_its_name_and_not_its_text() -> None:
    inbound = parse_inbound(with_media("application/pdf", MessageType="document", Body="lista de temas.pdf"))

    assert (inbound.body, inbound.media[0].filename) == ("", "lista de temas.pdf")


def test_a_very_long_file_name_is_not_lost() -> None:
    name = "n" * 300 + ".pdf"

    inbound = parse_inbound(with_media("application/pdf", MessageType="document", Body=name))

    assert inbound.body == name


def test_a_caption_stays_with_its_photo() -> None:
    inbound = parse_inbound(with_media("image/jpeg", MessageType="image", Body="el salón"))

    assert (inbound.body, inbound.media[0].filename) == ("el salón", "")


@pytest.mark.parametrize(
    ("said", "urls"),
    [("0", 1), ("", 1), (None, 1), ("5", 2), ("-1", 1), ("abc", 1), ("999999999999999999999", 3), ("1", 2)],
)
def test_files_are_kept_whatever_their_count_says(said: str | None, urls: int) -> None:
    inbound = parse_inbound(with_media(*["image/jpeg"] * urls, NumMedia=said))

    assert [item.url for item in inbound.media] == [f"{MEDIA}{at}" for at in range(urls)]


def test_a_gap_between_files_loses_none() -> None:
    inbound = parse_inbound(with_media("image/jpeg", "image/png", "image/gif", MediaUrl1=""))

    assert [item.content_type for item in inbound.media] == ["image/jpeg", "image/gif"]


@pytest.mark.parametrize("missing", ["MessageSid", "SmsMessageSid", "SmsSid"])
def test_any_of_the_three_ids_names_the_message(missing: str) -> None:
    inbound = parse_inbound(
        inbound_form() | {"MessageSid": "SM1", "SmsMessageSid": "SM1", "SmsSid": "SM1", missing: ""}
    )

    assert inbound.message_sid == "SM1"


@pytest.mark.parametrize(
    "form",
    [
        {},
        inbound_form(MessageSid=None, SmsMessageSid=None, SmsSid=None),
        inbound_form(From=None, WaId=None),
        inbound_form(From="whatsapp:", WaId=""),
        inbound_form() | {"MessageSid": "SM" + "1" * 40},
    ],
)
def test_without_an_id_or_a_sender_there_is_no_message(form: dict[str, Any]) -> None:
    with pytest.raises(NotAMessage):
        parse_inbound(form)


def test_the_whatsapp_number_stands_in_for_a_missing_sender() -> None:
    assert parse_inbound(inbound_form(From=None)).sender.phone == "+5491155550101"


def test_a_named_place_keeps_its_name() -> None:
    form = inbound_form(
        "", MessageType="location", Latitude="-34.6", Longitude="-58.4", Address="Av. Corrientes 1", Label="El salón"
    )

    assert parse_inbound(form).location == {
        "latitude": "-34.6",
        "longitude": "-58.4",
        "address": "Av. Corrientes 1",
        "label": "El salón",
    }


def test_a_pin_has_its_two_numbers_and_half_of_one_is_none() -> None:
    pin = inbound_form("", MessageType="location", Latitude="-34.6", Longitude="-58.4")

    assert parse_inbound(pin).location == {"latitude": "-34.6", "longitude": "-58.4"}
    assert parse_inbound(pin | {"Longitude": ""}).location is None


def test_nul_leaves_every_parameter() -> None:
    inbound = parse_inbound(inbound_form("a\x00b", ProfileName="L\x00ucía", Extra="\x00"))

    assert (inbound.body, inbound.profile_name, inbound.payload["Extra"]) == ("ab", "Lucía", "")


def test_a_callback_says_what_became_of_which_message() -> None:
    form = status_form("SM1", "Undelivered", ErrorCode="63016", ErrorMessage="Outside the window")

    update = parse_status(form, {"message": "7"})

    assert (update.message_sid, update.status, update.message_id) == ("SM1", "undelivered", 7)
    assert (update.error_code, update.error_message) == (63016, "Outside the window")
    assert update.to_number == "whatsapp:+5491155550101"


def test_a_callback_may_say_less() -> None:
    update = parse_status({"SmsSid": "SM1", "SmsStatus": "sent", "ChannelStatusMessage": "why"}, {})

    assert (update.message_sid, update.status, update.message_id) == ("SM1", "sent", None)
    assert (update.error_code, update.error_message) == (None, "why")
    assert parse_status({"MessageSid": "SM1"}, {}).status == ""
    assert parse_status({"MessageSid": "SM1", "ErrorCode": "0"}, {}).error_code is None


def test_a_callback_for_no_message_is_none() -> None:
    with pytest.raises(NotAMessage):
        parse_status({"MessageStatus": "sent"}, {"message": "7"})


@pytest.mark.parametrize("text", [None, "", "-1", "1.5", "٣", "1" * 10, " 1", "0x1", "²"])
def test_only_a_number_that_fits_is_a_number(text: str | None) -> None:
    assert parse_int(text) is None


NAMES = st.sampled_from(
    [*inbound_form(), *status_form("SM1", "sent"), "ExternalUserId", "MediaUrl0", "MediaContentType0", "Latitude"]
)


@given(st.dictionaries(NAMES, st.text(max_size=200)), st.dictionaries(st.just("message"), st.text()))
def test_no_parameters_break_it(form: dict[str, str], query: dict[str, str]) -> None:
    with suppress(NotAMessage):
        inbound = parse_inbound(form)
        assert len(inbound.message_sid) <= 34
        assert inbound.sender.phone or inbound.sender.user_id
    with suppress(NotAMessage):
        assert len(parse_status(form, query).status) <= 20
