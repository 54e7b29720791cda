"""A simulator on a free port, with one client who has just written, and the gateway pointed at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from app.twilio.client import Account, Twilio
from simulator import Settings
from simulator.running import RunningSimulator, running_simulator

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "a-token-for-tests"
NUMBER = "+14155550100"
CLIENT = "+5491155550101"
SAMPLE = {
    "clients": [{"name": "Ana", "phone": CLIENT}, {"name": "Sin número", "user_id": "AR.1234567890123456"}],
    "messages": [{"phone": CLIENT, "direction": "inbound", "body": "Buenas", "minutes_ago": 30}],
    "templates": [
        {
            "friendly_name": "recordatorio",
            "status": "approved",
            "variables": {"1": "Ana"},
            "types": {"twilio/text": {"body": "Hola {{1}}."}},
        }
    ],
}


class RealTwilio:
    """The simulator from both sides: `gateway` as the app uses it, `control` as the people behind the phones do."""

    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator
        self.url = simulator.url
        self.gateway = self.make_gateway()

    def make_gateway(self, **changes: Any) -> Twilio:
        settings = {"sid": ACCOUNT_SID, "token": AUTH_TOKEN, "whatsapp_number": NUMBER, "base_url": self.url}
        return Twilio(Account(**(settings | changes)))

    def control(self, method: str, path: str, **more: Any) -> Any:
        answer = requests.request(method, f"{self.url}/control/{path}", timeout=10, **more)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def fault(self, name: str, **more: Any) -> None:
        self.control("POST", "faults", json={"fault": name, **more})

    def writes(self, body: str, phone: str = CLIENT, **more: Any) -> str:
        given = {"body": body, "webhook": False, **more}
        return str(self.control("POST", f"clients/{phone}/messages", json=given)["sid"])

    def sent_bodies(self) -> list[str]:
        with self.simulator.world.lock:
            return [message.body for message in self.simulator.world.messages.values() if not message.inbound]


@pytest.fixture(scope="session")
def one_twilio() -> Iterator[RunningSimulator]:
    with running_simulator(Settings(ACCOUNT_SID, AUTH_TOKEN, NUMBER, "http://127.0.0.1:9/")) as simulator:
        yield simulator


@pytest.fixture
def real(one_twilio: RunningSimulator, tmp_path: Path) -> RealTwilio:
    """A new world, in which nothing takes time."""
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps(SAMPLE), encoding="utf-8")
    one_twilio.reset(
        Settings(
            ACCOUNT_SID,
            AUTH_TOKEN,
            NUMBER,
            "http://127.0.0.1:9/",
            sample,
            sent_after=0,
            delivered_after=0,
            read_after=0,
        )
    )
    return RealTwilio(one_twilio)
