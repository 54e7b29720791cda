"""The control API's own answers."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from simulator import Settings, create_simulator
from tests.simulator.office import ANA_PHONE, Office
from tests.simulator.receiver import Receiver

pytestmark = pytest.mark.enable_socket


def test_a_new_client_can_be_added_and_writes(office: Office, receiver: Receiver) -> None:
    office.control("POST", "clients", json={"name": "Nuevo", "phone": "+5491155550777"})

    office.writes("Soy nuevo", phone="+5491155550777")
    office.idle()

    assert receiver.posts[0].form["ProfileName"] == "Nuevo"
    assert receiver.posts[0].form["ExternalUserId"].startswith("whatsapp:AR.")


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("clients", {"name": "Sin nada"}),
        ("faults", {"fault": "rain"}),
        ("faults", {"fault": "error_500", "times": 0}),
        ("faults", {"fault": "slow_answer", "value": "much"}),
        (f"clients/{ANA_PHONE}/messages", {"type": "image", "data": "not base64!"}),
        (f"clients/{ANA_PHONE}/messages", {"minutes_ago": "yesterday"}),
        ("settings", {"webhook_url": "nowhere"}),
        ("settings", {"sent_after": -1}),
    ],
)
def test_a_wrong_request_says_what_is_wrong(office: Office, path: str, given: dict[str, Any]) -> None:
    answer = requests.post(f"{office.url}/control/{path}", json=given, timeout=10)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_page_of_another_site_is_refused(office: Office) -> None:
    answer = requests.post(f"{office.url}/control/reset", headers={"Origin": "https://example.com"}, timeout=10)

    assert answer.status_code == 403


def test_an_unknown_client_is_not_found(office: Office) -> None:
    answer = requests.get(f"{office.url}/control/clients/+5491155550000/messages", timeout=10)

    assert answer.status_code == 404


def test_another_computer_is_refused(settings: Settings) -> None:
    client = create_simulator(settings).test_client()

    answers = [
        client.get(path, environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code
        for path in ("/control/clients", "/", "/phones.json")
    ]

    assert answers == [403, 403, 403]


def test_waiting_gives_up_when_work_takes_longer(office: Office) -> None:
    office.control("POST", "settings", json={"sent_after": 60})
    office.send()

    answer = requests.get(f"{office.url}/control/idle", params={"timeout": 0.05}, timeout=10)

    assert (answer.status_code, answer.json()) == (408, {"idle": False, "pending": 1})


def test_a_reset_begins_again_from_the_sample(office: Office, receiver: Receiver) -> None:
    office.control("POST", "settings", json={"sent_after": 60})
    office.send()
    office.fault("error_500")

    office.control("POST", "reset")

    assert office.deliveries() == []
    assert office.control("GET", "faults") == {"faults": []}
    assert [message.body for message in office.sdk().messages.list(limit=20)] == ["Buenas"]
    assert receiver.posts == []
