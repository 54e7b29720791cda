"""Each fault does what its name says, as often as it was asked for."""

from __future__ import annotations

import time

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from simulator.faults import Faults
from tests.simulator.office import ACCOUNT_SID, ANA_PHONE, AUTH_TOKEN, NUMBER, Office
from tests.simulator.receiver import Receiver

pytestmark = pytest.mark.enable_socket


def test_a_message_can_be_delivered_twice(office: Office, receiver: Receiver) -> None:
    office.fault("deliver_twice")

    sid = office.writes()
    office.writes("otro")
    office.idle()

    sids = [post.form["MessageSid"] for post in receiver.inbound()]
    assert len(sids) == 3
    assert sids.count(sid) == 2


def test_a_lost_webhook_leaves_the_message_in_the_list(office: Office, receiver: Receiver) -> None:
    office.fault("lose_webhook")

    sid = office.writes()
    office.idle()

    assert receiver.posts == []
    assert office.status_of(sid) == "received"


def test_callbacks_can_come_backwards(office: Office, receiver: Receiver) -> None:
    office.fault("out_of_order")

    message = office.send()
    office.idle()

    assert receiver.statuses() == ["read", "delivered", "sent"]
    assert office.status_of(message.sid) == "read"


def test_callbacks_can_come_twice(office: Office, receiver: Receiver) -> None:
    office.fault("double_callbacks")

    office.send()
    office.idle()

    assert receiver.statuses() == ["sent", "sent", "delivered", "delivered", "read", "read"]


def test_callbacks_can_be_lost(office: Office, receiver: Receiver) -> None:
    office.fault("lose_callbacks")

    message = office.send()
    office.idle()

    assert receiver.posts == []
    assert office.status_of(message.sid) == "read"


def test_the_first_callback_can_come_before_the_answer(office: Office, receiver: Receiver) -> None:
    office.control("POST", "settings", json={"sent_after": 0.3, "delivered_after": 0.3})
    office.fault("callback_first")

    message = office.send()

    assert receiver.statuses() == ["sent"]
    assert message.status == "queued"


@pytest.mark.parametrize(("fault", "status", "code"), [("refuse_429", 429, 20429), ("error_500", 500, 20500)])
def test_a_refused_message_is_not_created(office: Office, fault: str, status: int, code: int) -> None:
    office.fault(fault)

    with pytest.raises(TwilioRestException) as refusal:
        office.send()

    assert (refusal.value.status, refusal.value.code) == (status, code)
    assert len(office.sdk().messages.list(limit=20)) == 1
    assert office.send().status == "queued"
    office.idle()


def test_a_slow_answer_comes_in_the_end(office: Office) -> None:
    office.fault("slow_answer", value=0.3)

    answer = office.send()

    assert answer.status == "queued"


def test_an_accepted_message_can_stay_without_an_answer_and_still_arrives(office: Office) -> None:
    office.fault("timeout_after_accepting", value=0.1)

    with pytest.raises(requests.ConnectionError):
        office.send("¿Llegó?")
    office.idle()

    found = office.sdk().messages.list(to=f"whatsapp:{ANA_PHONE}", limit=20)
    assert [(message.body, message.status) for message in found] == [("¿Llegó?", "read")]


def test_a_caller_who_gives_up_leaves_the_message_on_its_way(office: Office) -> None:
    office.fault("timeout_after_accepting", value=30)

    with pytest.raises(requests.ReadTimeout):
        office.rest(
            f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json",
            method="POST",
            timeout=0.2,
            data={"To": f"whatsapp:{ANA_PHONE}", "From": f"whatsapp:{NUMBER}", "Body": "Hola"},
        )
    while office.control("GET", "faults")["faults"]:
        time.sleep(0.01)  # It gave up before it was even accepted; the fault is used up once it is.
    office.idle()

    assert office.sdk().messages.list(to=f"whatsapp:{ANA_PHONE}", limit=1)[0].status == "read"


def test_a_message_can_fail_with_a_chosen_code(office: Office, receiver: Receiver) -> None:
    office.fault("fail_with", value=63049)

    message = office.send()
    office.idle()

    assert receiver.statuses() == ["sent", "undelivered"]
    assert office.sdk().messages(message.sid).fetch().error_code == 63049


def test_a_signature_can_be_wrong_once(office: Office, receiver: Receiver) -> None:
    office.fault("wrong_signature")

    office.writes()
    office.idle()
    office.writes()
    office.idle()

    assert [receiver.is_genuine(post, AUTH_TOKEN) for post in receiver.posts] == [False, True]


def test_a_fault_for_good_lasts_until_it_is_taken_away(office: Office, receiver: Receiver) -> None:
    office.fault("lose_webhook", times=None)
    office.writes()
    office.writes()
    waiting = office.control("GET", "faults")["faults"]

    office.control("DELETE", "faults")
    office.writes("por fin")
    office.idle()

    assert waiting[0]["times"] is None
    assert [post.form["Body"] for post in receiver.posts] == ["por fin"]


def test_a_counted_fault_happens_that_many_times() -> None:
    faults = Faults()
    faults.add("error_500", times=2)

    happened = [faults.happens("error_500") for _attempt in range(3)]

    assert happened == [True, True, False]
    assert faults.active() == []


@pytest.mark.parametrize(("code", "status"), [(20003, 401), (21606, 400), (21610, 400), (20404, 404)])
def test_a_request_can_be_refused_with_a_chosen_code(office: Office, code: int, status: int) -> None:
    office.fault("refuse_with", value=code)

    with pytest.raises(TwilioRestException) as refusal:
        office.send()

    assert (refusal.value.status, refusal.value.code) == (status, code)
    assert office.send().status == "queued"
    office.idle()
