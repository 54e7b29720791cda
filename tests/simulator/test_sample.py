"""The demo's data: complete, in order, and plainly made up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simulator import Settings, SettingsError
from simulator.sample import new_world
from tests.simulator.office import ACCOUNT_SID, AUTH_TOKEN, NUMBER

SAMPLE_FILE = Path(__file__).parents[2] / "simulator" / "sample.json"
STATES = {"quote", "missing_data", "in_preparation", "confirmed", "done", "cancelled"}
KINDS = {"wedding", "fifteenth", "birthday", "corporate", "graduation", "other"}


@pytest.fixture(scope="module")
def sample() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SAMPLE_FILE.read_text(encoding="utf-8"))
    return found


def settings(sample_file: Path) -> Settings:
    return Settings(ACCOUNT_SID, AUTH_TOKEN, NUMBER, "http://127.0.0.1:5000/webhook", sample_file)


def test_the_sample_fills_a_world(sample: dict[str, Any]) -> None:
    world = new_world(settings(SAMPLE_FILE))

    assert len(world.clients) == len(sample["clients"])
    assert len(world.messages) == len(sample["messages"])
    assert world.log == []


def test_a_restart_keeps_every_identifier() -> None:
    first, second = new_world(settings(SAMPLE_FILE)), new_world(settings(SAMPLE_FILE))

    assert first.messages.keys() == second.messages.keys()
    assert first.media.keys() == second.media.keys()
    assert first.templates.keys() == second.templates.keys()


def test_numbers_are_of_the_made_up_range(sample: dict[str, Any]) -> None:
    phones = {row["phone"] for part in ("clients", "coordinaciones", "messages") for row in sample[part]} - {None}

    assert all(re.fullmatch(r"\+54911555501\d\d", phone) for phone in phones)


def test_every_conversation_goes_forward_in_time(sample: dict[str, Any]) -> None:
    for client in sample["clients"]:
        ages = [message["minutes_ago"] for message in sample["messages"] if message["phone"] == client["phone"]]

        assert ages == sorted(ages, reverse=True)


def test_outbound_messages_have_an_author_and_inbound_ones_tell_whether_staff_read_them(sample: dict[str, Any]) -> None:
    staff = {person["email"] for person in sample["staff"]}

    for message in sample["messages"]:
        assert "read" in message if message["direction"] == "inbound" else message["author"] in staff


def test_coordinaciones_use_the_known_words(sample: dict[str, Any]) -> None:
    staff = {person["email"] for person in sample["staff"]}

    for row in sample["coordinaciones"]:
        assert row["state"] in STATES
        assert row["event_kind"] in KINDS
        assert row["dj"] is None or row["dj"] in staff


def test_a_sample_that_is_not_json_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")

    with pytest.raises(SettingsError, match=r"broken\.json cannot be read"):
        new_world(settings(broken))


def test_a_message_of_nobody_is_named(tmp_path: Path) -> None:
    stray = tmp_path / "stray.json"
    stray.write_text(json.dumps({"messages": [{"phone": "+5491155550199", "direction": "inbound", "minutes_ago": 1}]}))

    with pytest.raises(SettingsError, match="Message 1 of the sample belongs to nobody"):
        new_world(settings(stray))
