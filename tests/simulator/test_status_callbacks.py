"""The callbacks that follow a message of the office."""

from __future__ import annotations

import pytest

from tests.simulator.office import ANA_PHONE, AUTH_TOKEN, NEVER_WROTE_PHONE, Office
from tests.simulator.receiver import Receiver

pytestmark = pytest.mark.enable_socket

COMMON = [
    "ChannelPrefix",
    "ApiVersion",
    "MessageStatus",
    "SmsSid",
    "SmsStatus",
    "ChannelInstallSid",
    "To",
    "From",
    "MessageSid",
    "AccountSid",
    "ChannelToAddress",
]


def test_the_steps_are_told_in_order_and_the_first_state_is_not(office: Office, receiver: Receiver) -> None:
    office.send()

    office.idle()

    assert receiver.statuses() == ["sent", "delivered", "read"]


def test_the_parameters_stand_in_twilios_order(office: Office, receiver: Receiver) -> None:
    office.send()

    office.idle()

    assert [post.names for post in receiver.posts] == [
        [*COMMON, "StructuredMessage"],
        [*COMMON, "ExternalUserId"],
        [*COMMON, "ExternalUserId"],
    ]
    assert receiver.posts[0].form["ChannelToAddress"] == "+549115555XXXX"


def test_a_failure_tells_its_code_and_reason(office: Office, receiver: Receiver) -> None:
    office.send(to=NEVER_WROTE_PHONE)

    office.idle()

    assert receiver.posts[0].names == [
        *COMMON,
        "StructuredMessage",
        "ErrorCode",
        "ErrorMessage",
        "ChannelStatusMessage",
    ]


def test_callbacks_are_signed_over_the_url_with_its_query(office: Office, receiver: Receiver) -> None:
    office.send()

    office.idle()

    post = receiver.posts[0]
    assert post.path == "/status?message=7&name=Espa%C3%B1a"
    assert receiver.is_genuine(post, AUTH_TOKEN)
    assert post.headers["user-agent"] == "TwilioProxy/1.1"
    assert post.headers["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"
    assert post.headers["i-twilio-idempotency-token"]


def test_without_a_callback_address_nothing_is_posted(office: Office, receiver: Receiver) -> None:
    message = office.sdk().messages.create(to=f"whatsapp:{ANA_PHONE}", from_="whatsapp:+14155550100", body="Hola")

    office.idle()

    assert receiver.posts == []
    assert office.status_of(message.sid) == "read"


def test_a_client_who_does_not_read_by_themselves_reads_when_they_open_the_chat(
    office: Office, receiver: Receiver
) -> None:
    office.control("PATCH", f"clients/{ANA_PHONE}", json={"auto_read": False})
    office.send()
    office.idle()
    before = receiver.statuses()

    office.control("POST", f"clients/{ANA_PHONE}/open")
    office.idle()

    assert before == ["sent", "delivered"]
    assert receiver.statuses() == ["sent", "delivered", "read"]


def test_a_refused_callback_is_not_repeated(office: Office, receiver: Receiver) -> None:
    receiver.status = 500

    office.send()

    assert [delivery["status_code"] for delivery in office.deliveries()] == [500, 500, 500]
    assert receiver.statuses() == ["sent", "delivered", "read"]
