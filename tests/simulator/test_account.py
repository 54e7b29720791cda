"""What an office sets up at Twilio, and what follows from it: where the next message of a client is posted."""

from __future__ import annotations

import pytest

from tests.simulator.office import ACCOUNT_SID, NUMBER, Office
from tests.simulator.receiver import Receiver

pytestmark = pytest.mark.enable_socket

SENDERS = "/v2/Channels/Senders"
SERVICE = "/v1/Services/MG" + "1" * 32


def sender_sid(office: Office) -> str:
    return str(office.rest(SENDERS, params={"Channel": "whatsapp"}).json()["senders"][0]["sid"])


def test_the_office_has_one_sender_which_posts_to_the_webhook(office: Office, receiver: Receiver) -> None:
    [sender] = office.sdk().messaging.v2.channels_senders.list(channel="whatsapp", limit=5)

    assert (sender.sender_id, sender.status) == (f"whatsapp:{NUMBER}", "ONLINE")
    assert sender.webhook["callback_url"].startswith(receiver.url)


def test_a_client_is_heard_where_the_sender_was_told_to_post(office: Office, receiver: Receiver) -> None:
    webhook = {"callback_url": f"{receiver.url}/otro", "callback_method": "POST"}
    office.rest(f"{SENDERS}/{sender_sid(office)}", method="POST", json={"webhook": webhook})

    office.writes("¿Hay lugar?")

    assert [delivery["url"] for delivery in office.deliveries()] == [f"{receiver.url}/otro"]


def test_a_service_posts_where_it_was_told_to(office: Office, receiver: Receiver) -> None:
    answer = office.rest(SERVICE, method="POST", data={"InboundRequestUrl": f"{receiver.url}/servicio"})
    assert answer.json()["inbound_request_url"] == f"{receiver.url}/servicio"

    office.writes("¿Hay lugar?")

    assert [delivery["url"] for delivery in office.deliveries()] == [f"{receiver.url}/servicio"]
    assert office.rest(SERVICE).json()["inbound_method"] == "POST"


@pytest.mark.parametrize("webhook", [None, {"callback_url": "coordina"}, {"color": "verde"}, "https://x.example"])
def test_what_is_no_webhook_is_refused(office: Office, webhook: object) -> None:
    answer = office.rest(f"{SENDERS}/{sender_sid(office)}", method="POST", json={"webhook": webhook})

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_other_accounts_senders_and_channels_are_not_here(office: Office) -> None:
    assert office.rest(f"{SENDERS}/XE{'9' * 32}").status_code == 404
    assert office.rest(f"{SENDERS}/XE{'9' * 32}", method="POST", json={}).status_code == 404
    assert office.rest(SENDERS, params={"Channel": "rcs"}).status_code == 400
    assert office.rest("/2010-04-01/Accounts/AC" + "9" * 32 + ".json").status_code == 404
    assert office.rest(SERVICE, method="POST", data={"InboundRequestUrl": "x"}).json()["code"] == 21402
    for path in (SENDERS, SERVICE, f"/2010-04-01/Accounts/{ACCOUNT_SID}.json"):
        assert office.rest(path, token="wrong").status_code == 401
