"""Fixtures of the tests that need real processes and sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from simulator.running import RunningSimulator, running_simulator
from tests.live_server import LiveServer, simulator_settings


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator(simulator_settings("http://127.0.0.1:9/api/whatsapp/webhook")) as running:
        yield running


@pytest.fixture
def server(app: Flask, database_url: str, simulator: RunningSimulator, tmp_path: Path) -> Iterator[LiveServer]:
    """Two gunicorn workers on the run's database, with the simulator for Twilio posting to them."""
    live = LiveServer(database_url, tmp_path / "server.log", TWILIO_API_BASE_URL=simulator.url).start()
    simulator.reset(simulator_settings(f"{live.url}/api/whatsapp/webhook"))
    yield live
    live.kill()
