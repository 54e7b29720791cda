"""Two instances of Coordina behind one pooled database: whoever is asked, it is one office."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from sqlalchemy import select, text

from app.auth.models import User
from app.extensions import db, writing
from app.jobs.actions import enqueue
from app.whatsapp.models import Message
from config import ROOT
from simulator.running import RunningSimulator
from tests.e2e.waiting import POLL
from tests.factories import PASSWORD
from tests.live.test_concurrency import idle, post, say
from tests.live.test_shared_limits import limited, redis_url, sign_in
from tests.live_server import LiveServer
from tests.signing import inbound_form

pytestmark = pytest.mark.enable_socket
__all__ = ["limited", "redis_url"]

PHONE = "+5491155550101"


def test_what_one_receives_is_seen_by_who_looks_at_the_other(
    pair: list[LiveServer], browser: Browser, ana: User
) -> None:
    receiving, looked_at = pair
    page = browser.new_page(base_url=looked_at.url, locale="es-AR")
    page.goto("/")
    page.get_by_label("Correo").fill(ana.email)
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    badge = page.locator("#whatsapp-badge")
    expect(badge).to_have_attribute("data-count", "0")

    assert post(receiving, inbound_form("¿Están?", phone=PHONE)) == 200

    with page.expect_request(POLL):  # The first after it: nobody clicks, nothing is loaded anew.
        pass
    expect(badge).to_have_attribute("data-count", "1")
    page.context.close()


def ask(server: LiveServer, path: str, body: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
    data = json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_one_key_is_one_message_whoever_is_asked(
    pair: list[LiveServer], simulator: RunningSimulator, ana: User
) -> None:
    say(simulator, simulator.world.add_client("Cliente de muestra", PHONE, None, True).key, "Hola")
    idle(simulator)
    credentials = {"email": ana.email, "password": PASSWORD}
    bearer = f"Bearer {ask(pair[0], '/api/auth/login', credentials)[1]['access_token']}"
    keys = [uuid.uuid4().hex for _ in range(10)]

    def send(key: str) -> tuple[int, int]:
        headers = {"Authorization": bearer, "Idempotency-Key": key}
        status, message = ask(random.choice(pair), "/api/whatsapp/send", {"to": PHONE, "body": key}, **headers)
        assert "id" in message, message
        return status, message["id"]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, keys * 4))

    statuses = Counter(status for status, _id in answers)
    assert statuses == {201: 10, 200: 30}
    assert len({message_id for _status, message_id in answers}) == 10
    db.session.rollback()
    stored = db.session.scalars(select(Message.body).where(Message.direction == "outbound")).all()
    received = [message.body for message in simulator.world.messages.values() if message.body != "Hola"]
    assert sorted(stored) == sorted(received) == sorted(keys)


def test_wrong_passwords_count_together(limited: Callable[..., LiveServer], pooled_url: str, redis_url: str) -> None:
    both = [limited(redis_url, pooled_url) for _ in range(2)]
    email = f"{uuid.uuid4().hex}@example.com"

    statuses = [sign_in(both[number % 2], email)[0] for number in range(7)]

    assert statuses == [401] * 5 + [429] * 2


@pytest.fixture
def ledger(app: Flask) -> Iterator[None]:
    """A table in which the workers of tests/live/counting_worker.py write down what they did."""
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE hechos (number INTEGER NOT NULL, pid INTEGER NOT NULL)"))
    yield
    with db.engine.begin() as connection:
        connection.execute(text("DROP TABLE hechos"))


def start_worker(pooled_url: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.live.counting_worker"], cwd=ROOT, env=environment | {"DATABASE_URL": pooled_url}
    )


def minds_sigterm(worker: subprocess.Popen[bytes]) -> bool:
    """Tell whether a worker has said what it does at SIGTERM, as Linux knows it; elsewhere it is taken for granted."""
    status = Path(f"/proc/{worker.pid}/status")
    caught = [line for line in status.read_text().splitlines() if line.startswith("SigCgt")] if status.exists() else []
    return not caught or bool(int(caught[0].split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def done() -> list[int]:
    with db.engine.connect() as connection:
        return [row[0] for row in connection.execute(text("SELECT number FROM hechos"))]


def test_no_job_is_lost_when_workers_are_killed_at_random_moments(
    app: Flask, pooled_url: str, ledger: None, tmp_path: Path
) -> None:
    environment = LiveServer(pooled_url, tmp_path / "unused.log").environment
    numbers = range(150)
    with writing() as session:
        for number in numbers:
            enqueue(session, "count", {"number": number})
    workers = [start_worker(pooled_url, environment) for _ in range(2)]
    kills = 0
    deadline = time.monotonic() + 120
    chance = random.Random(7)

    while set(done()) != set(numbers) and time.monotonic() < deadline:
        if kills < 4 and len(done()) >= (kills + 1) * 20 + chance.randrange(10):
            workers[kills % 2].kill()
            workers[kills % 2].wait(10)
            workers[kills % 2] = start_worker(pooled_url, environment)
            kills += 1
    for worker in workers:
        # One that has just been started is not ready yet to be asked: the signal itself would end it.
        while not minds_sigterm(worker) and time.monotonic() < deadline:
            pass
        worker.terminate()
        assert worker.wait(15) == 0

    counted = Counter(done())
    assert set(counted) == set(numbers)
    assert kills == 4
    # Only what a killed worker had in hand may have been done twice.
    assert sum(counted.values()) - len(counted) <= kills
