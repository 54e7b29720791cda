"""Starting and stopping the simulator from the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from simulator.__main__ import parse_arguments, settings_from
from simulator.settings import Settings, SettingsError
from tests.simulator.office import ACCOUNT_SID, AUTH_TOKEN

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "TWILIO_WHATSAPP_NUMBER": "whatsapp:+14155550100",
    "TWILIO_WEBHOOK_URL": "http://127.0.0.1:5000/api/whatsapp/webhook",
}


def settings(environment: dict[str, str], *arguments: str) -> Settings:
    return settings_from(parse_arguments(arguments), environment)


def test_settings_come_from_the_environment() -> None:
    found = settings(ENVIRONMENT, "--speed", "2")

    assert (found.account_sid, found.number, found.address) == (ACCOUNT_SID, "+14155550100", "whatsapp:+14155550100")
    assert found.sent_after == Settings.sent_after / 2
    assert AUTH_TOKEN not in repr(found)


def test_the_command_line_goes_before_the_environment() -> None:
    found = settings(ENVIRONMENT, "--number", "+14155550123")

    assert found.number == "+14155550123"


@pytest.mark.parametrize("missing", list(ENVIRONMENT))
def test_what_is_missing_is_named(missing: str) -> None:
    environment = {name: value for name, value in ENVIRONMENT.items() if name != missing}

    with pytest.raises(SettingsError, match=f"or set {missing}"):
        settings(environment)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("--account-sid", "SK123", "account SID"),
        ("--number", "4155550100", r"like \+14155550100"),
        ("--webhook-url", "/webhook", "webhook URL"),
        ("--sample", "nowhere.json", r"nowhere\.json does not exist"),
        ("--speed", "0", "--speed"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        settings(ENVIRONMENT, name, value)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "simulator", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **ENVIRONMENT}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().split()[2].rstrip(",")

        status = requests.get(f"{url}/control/clients", timeout=10).status_code
        process.send_signal(number)

        assert status == 200
        assert process.wait(5) == 0


def test_a_mistake_ends_with_one_sentence() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}

    ended = subprocess.run(
        [sys.executable, "-m", "simulator"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 2
    assert ended.stderr == "simulator: Give --account-sid or set TWILIO_ACCOUNT_SID.\n"
