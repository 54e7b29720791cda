"""What happens to a message of the office: accepted, refused, or failed on the way."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.simulator.office import ANA_PHONE, NEVER_WROTE_PHONE, NOBODY_PHONE, Office
from tests.simulator.receiver import Receiver

pytestmark = pytest.mark.enable_socket


def template_sid(office: Office, name: str) -> str:
    templates = office.sdk().content.v1.contents.list(limit=20)
    return next(str(template.sid) for template in templates if template.friendly_name == name)


def test_a_message_is_queued_first_and_ends_read(office: Office) -> None:
    message = office.send("Hola Ana")

    office.idle()

    assert (message.status, message.date_sent, message.error_code) == ("queued", None, None)
    assert office.status_of(message.sid) == "read"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"body": "x" * 1601}, 21617),
        ({"body": ""}, 21602),
        ({"from_": ""}, 21603),
        ({"to": ""}, 21604),
        ({"from_": "whatsapp:+14155550199"}, 63007),
        ({"to": "whatsapp:+12"}, 21211),
        ({"to": ANA_PHONE}, 21910),
        ({"status_callback": "nowhere"}, 21609),
        ({"media_url": ["ftp://example.com/a.png"]}, 21620),
        ({"media_url": ["https://example.com/a.png", "https://example.com/b.png"]}, 21623),
        ({"content_sid": "HX" + "0" * 32}, 21655),
        ({"content_variables": "{not json"}, 21656),
        ({"content_variables": '{"1": ""}'}, 21656),
    ],
)
def test_a_wrong_request_is_refused_with_twilios_code(office: Office, parameters: dict[str, str], code: int) -> None:
    given = {"to": f"whatsapp:{ANA_PHONE}", "from_": "whatsapp:+14155550100", "body": "Hola", **parameters}

    with pytest.raises(TwilioRestException) as refusal:
        office.sdk().messages.create(**given)

    assert (refusal.value.status, refusal.value.code) == (400, code)
    assert len(office.sdk().messages.list(limit=20)) == 1


def test_a_body_of_1600_characters_still_goes(office: Office) -> None:
    message = office.send("x" * 1600)

    assert message.status == "queued"


def test_free_text_to_somebody_who_never_wrote_fails_with_63016(office: Office, receiver: Receiver) -> None:
    message = office.send(to=NEVER_WROTE_PHONE)

    office.idle()

    assert office.sdk().messages(message.sid).fetch().error_code == 63016
    assert [(post.form["MessageStatus"], post.form["ErrorCode"]) for post in receiver.posts] == [("failed", "63016")]


def test_free_text_25_hours_after_the_last_message_fails_and_a_new_message_opens_the_window(office: Office) -> None:
    office.control("PATCH", f"clients/{ANA_PHONE}", json={"window_hours": 25})
    late = office.send()
    office.idle()
    office.writes("Acá estoy")

    in_time = office.send()
    office.idle()

    assert office.status_of(late.sid) == "failed"
    assert office.status_of(in_time.sid) == "read"


def test_an_approved_template_reaches_somebody_who_never_wrote(office: Office) -> None:
    sid = template_sid(office, "recordatorio")

    message = office.send(to=NEVER_WROTE_PHONE, content_sid=sid, content_variables='{"2": "el jueves"}')
    office.idle()

    assert message.body == "Hola Ana, nos vemos el jueves."
    assert office.status_of(message.sid) == "read"


@pytest.mark.parametrize(("name", "code"), [("promo", 63040), ("saludo", 63016), ("recordatorio", 63028)])
def test_a_template_that_may_not_go_fails_on_the_way(office: Office, name: str, code: int) -> None:
    message = office.send(to=NEVER_WROTE_PHONE, content_sid=template_sid(office, name))

    office.idle()

    assert office.sdk().messages(message.sid).fetch().error_code == code


def test_a_body_beside_a_template_makes_it_free_form_again(office: Office) -> None:
    sid = template_sid(office, "recordatorio")

    message = office.send(to=NEVER_WROTE_PHONE, content_sid=sid, body="Hola")
    office.idle()

    assert office.sdk().messages(message.sid).fetch().error_code == 63016


def test_a_number_without_whatsapp_ends_undelivered_with_63024(office: Office, receiver: Receiver) -> None:
    message = office.send(to=NOBODY_PHONE)

    office.idle()

    assert receiver.statuses() == ["sent", "undelivered"]
    assert office.sdk().messages(message.sid).fetch().error_code == 63024


@pytest.mark.parametrize("word", ["STOP", " stop ", "Cancel"])
def test_a_client_who_opts_out_cannot_be_written_to_until_they_opt_in(office: Office, word: str) -> None:
    office.writes(word)

    with pytest.raises(TwilioRestException) as refusal:
        office.send()
    office.writes("START")

    assert refusal.value.code == 21610
    assert office.send().status == "queued"


def test_a_client_without_phone_is_written_to_by_user_id(office: Office) -> None:
    office.writes(phone="AR.1234567890123456")

    message = office.send(to="AR.1234567890123456")
    office.idle()

    assert office.status_of(message.sid) == "read"


@pytest.mark.parametrize("path", ["photo.png", "moved.png"])
def test_media_is_downloaded_before_it_goes(office: Office, receiver: Receiver, path: str) -> None:
    good = office.send(media_url=[f"{receiver.url}/{path}"])
    bad = office.send(media_url=[f"{receiver.url}/missing.png"])
    office.idle()

    assert good.sid.startswith("MM")
    assert office.status_of(good.sid) == "read"
    assert office.sdk().messages(good.sid).media.list(limit=5)[0].content_type == "image/png"
    assert office.sdk().messages(bad.sid).fetch().error_code == 63019


@pytest.mark.parametrize(
    ("path", "code"), [("missing.png", 63019), ("large.png", 63034), ("gif.gif", 63021), ("lies.png", 63021)]
)
def test_a_file_that_whatsapp_does_not_take_fails_on_the_way(
    office: Office, receiver: Receiver, path: str, code: int
) -> None:
    message = office.send("Mirá", media_url=[f"{receiver.url}/{path}"])

    office.idle()

    assert office.sdk().messages(message.sid).fetch().error_code == code
    assert receiver.statuses() == ["failed"]


def test_the_phone_shows_a_file_with_its_words(office: Office, receiver: Receiver) -> None:
    office.send("El salón", media_url=[f"{receiver.url}/photo.png"])
    office.idle()  # The phone has each when it is delivered, whichever that is first.
    office.send(media_url=[f"{receiver.url}/list.pdf"])
    office.idle()

    photo, listed = office.control("GET", f"clients/{ANA_PHONE}/messages")["messages"][-2:]

    assert (photo["kind"], photo["body"], photo["media"][0]["content_type"]) == ("image", "El salón", "image/png")
    assert (listed["kind"], listed["media"][0]["content_type"]) == ("document", "application/pdf")
    assert office.rest(photo["media"][0]["url"]).content.startswith(b"\x89PNG")


def test_a_wrong_token_is_refused_with_20003(office: Office) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        office.sdk(token="wrong").messages("SM" + "0" * 32).fetch()

    assert (refusal.value.status, refusal.value.code) == (401, 20003)


def test_another_account_is_not_found(office: Office) -> None:
    answer = office.rest(f"/2010-04-01/Accounts/AC{'f' * 32}/Messages.json")

    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


def test_the_typing_indicator_is_shown_and_marks_what_the_client_wrote_as_read(office: Office) -> None:
    sid = office.writes("¿Hay lugar?")

    answer = office.sdk().messaging.v2.typing_indicator.create(channel="whatsapp", message_id=sid)

    clients = office.control("GET", "clients")["clients"]
    messages = office.control("GET", f"clients/{ANA_PHONE}/messages")["messages"]
    assert answer.success
    assert [client["key"] for client in clients if client["typing"]] == [ANA_PHONE]
    assert all(message["read_by_office"] for message in messages)


def test_typing_about_an_unknown_message_is_not_found(office: Office) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        office.sdk().messaging.v2.typing_indicator.create(channel="whatsapp", message_id="SM" + "0" * 32)

    assert refusal.value.code == 20404


def price_of(office: Office, sid: str | None) -> tuple[str | None, str | None]:
    message = office.sdk().messages(str(sid)).fetch()
    return message.price, message.price_unit


def test_a_price_is_told_when_the_message_has_rested_a_while_and_is_below_zero(office: Office) -> None:
    office.control("POST", "settings", json={"priced_after": 60})
    text = office.send("Hola")
    office.idle()
    assert price_of(office, text.sid) == (None, "USD")

    office.control("POST", "settings", json={"priced_after": 0})

    written = office.writes()
    office.idle()
    assert price_of(office, text.sid) == ("-0.00500", "USD")
    assert price_of(office, written) == ("-0.00500", "USD")


def test_a_template_costs_what_its_category_costs_and_a_failure_nothing(office: Office) -> None:
    office.control("POST", "settings", json={"priced_after": 0})
    variables = '{"1": "Ana", "2": "mañana"}'
    template = office.send(content_sid=template_sid(office, "recordatorio"), content_variables=variables)
    office.fault("fail_with", value=63012)
    failed = office.send("Hola")
    office.idle()

    assert price_of(office, template.sid) == ("-0.03100", "USD")
    assert price_of(office, failed.sid) == (None, "USD")
