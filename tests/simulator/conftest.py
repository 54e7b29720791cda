"""A simulator on a free port with a few people, and a receiver where its webhooks go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import Settings
from simulator.running import RunningSimulator, running_simulator
from tests.simulator.office import (
    ACCOUNT_SID,
    ANA_PHONE,
    AUTH_TOKEN,
    NEVER_WROTE_PHONE,
    NUMBER,
    Office,
)
from tests.simulator.receiver import Receiver, running_receiver

SAMPLE = {
    "clients": [
        {"name": "Ana <b>Muestra</b>", "phone": ANA_PHONE},
        {"name": "Nunca Escribió", "phone": NEVER_WROTE_PHONE},
        {"name": "Sin número", "user_id": "AR.1234567890123456"},
    ],
    "messages": [{"phone": ANA_PHONE, "direction": "inbound", "body": "Buenas", "minutes_ago": 30}],
    "templates": [
        {
            "friendly_name": "recordatorio",
            "status": "approved",
            "category": "UTILITY",
            "variables": {"1": "Ana"},
            "types": {
                "twilio/quick-reply": {
                    "body": "Hola {{1}}, nos vemos {{2}}.",
                    "actions": [{"title": "Sí", "id": "si"}],
                }
            },
        },
        {"friendly_name": "promo", "status": "rejected", "types": {"twilio/text": {"body": "Promo"}}},
        {"friendly_name": "saludo", "status": "pending", "types": {"twilio/text": {"body": "Hola"}}},
    ],
}


@pytest.fixture(scope="session")
def one_receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def one_simulator() -> Iterator[RunningSimulator]:
    """One server for all tests; each of them turns it to a new world."""
    with running_simulator(Settings(ACCOUNT_SID, AUTH_TOKEN, NUMBER, "http://127.0.0.1:9/")) as simulator:
        yield simulator


@pytest.fixture
def settings(one_receiver: Receiver, tmp_path: Path) -> Settings:
    """Settings without any delay, whose webhook is the receiver."""
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps(SAMPLE), encoding="utf-8")
    webhook_url = f"{one_receiver.url}/webhook?from=twilio#rc=2"
    return Settings(ACCOUNT_SID, AUTH_TOKEN, NUMBER, webhook_url, sample, sent_after=0, delivered_after=0, read_after=0)


@pytest.fixture
def office(settings: Settings, one_simulator: RunningSimulator, one_receiver: Receiver) -> Office:
    """A new world. The old one posts nothing more once it was left, so the receiver can be emptied after it."""
    one_simulator.reset(settings)
    one_receiver.reset()
    return Office(one_simulator.url, f"{one_receiver.url}/status?message=7&name=Espa%C3%B1a")


@pytest.fixture
def receiver(office: Office, one_receiver: Receiver) -> Receiver:
    """The receiver, emptied for this test."""
    return one_receiver
