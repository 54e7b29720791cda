"""What gunicorn.conf.py promises: nothing cut off by a stop, no phone in the log, nobody believed but by the app."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from app.auth.models import User
from config import ROOT
from simulator.running import RunningSimulator
from tests.factories import Factories
from tests.live_server import PASSWORD, LiveServer

pytestmark = pytest.mark.enable_socket


def ask(url: str, body: object = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an answer, whatever it is."""
    data = None if body is None else json.dumps(body).encode()
    headers |= {"Content-Type": "application/json"} if body is not None else {}
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, dict(answer.headers), answer.read()


def effective(name: str, environment: dict[str, str]) -> str:
    """Return a setting as gunicorn reads it when it is run as the README says."""
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "--print-config"]
    enough = {"SECRET_KEY": "k" * 40, "DATABASE_URL": "postgresql://127.0.0.1/none", "REDIS_URL": ""}
    ran = subprocess.run(
        command, cwd=ROOT, env=os.environ | enough | environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return dict(line.split("=", 1) for line in ran.stdout.replace(" ", "").splitlines() if "=" in line)[name]


def test_it_listens_where_its_host_says_and_on_this_machine_alone_where_nobody_says() -> None:
    assert effective("bind", {"PORT": "8765"}) == "['0.0.0.0:8765']"
    assert effective("bind", {"PORT": ""}) == "['127.0.0.1:8000']"


def test_it_has_as_many_processes_as_its_host_says() -> None:
    assert effective("workers", {"WEB_CONCURRENCY": "5"}) == "5"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://ana:hunter2@db/x"),
        ("PORT", "http"),
        ("APP_TIMEZONE", "Marte"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_the_start_with_one_sentence(name: str, value: str) -> None:
    enough = {"SECRET_KEY": "k" * 40, "DATABASE_URL": "postgresql://127.0.0.1/none", "REDIS_URL": "", "PORT": "0"}
    environment = os.environ | enough | {name: value}

    ran = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(f"Coordina cannot start with these settings. {name} ")
    assert ran.stderr.count("\n") == 1
    assert "hunter2" not in ran.stderr


def test_a_message_under_way_is_sent_before_the_server_stops(
    server: LiveServer, simulator: RunningSimulator, ana: User, factories: Factories
) -> None:
    phone = factories.conversation().phone_number
    token = json.loads(ask(f"{server.url}/api/auth/login", {"email": ana.email, "password": PASSWORD})[2])
    simulator.world.faults.add("slow_answer", value=1.5)
    bearer = {"Authorization": f"Bearer {token['access_token']}", "Idempotency-Key": "justo antes de parar"}

    with ThreadPoolExecutor(1) as thread:
        sending = thread.submit(ask, f"{server.url}/api/whatsapp/send", {"to": phone, "body": "Hola"}, **bearer)
        while simulator.world.faults.active() and not sending.done():
            time.sleep(0.01)  # Until Twilio has been asked: the fault is used up then.
        ended = server.stop()

    status, _headers, body = sending.result()
    assert (status, ended) == (201, 0)
    assert json.loads(body)["message_sid"]


def test_no_phone_reaches_the_log(server: LiveServer, ana: User) -> None:
    token = json.loads(ask(f"{server.url}/api/auth/login", {"email": ana.email, "password": PASSWORD})[2])
    phone = "5491155550123"

    status, _headers, _body = ask(
        f"{server.url}/api/whatsapp/conversations/+{phone}/messages", Authorization=f"Bearer {token['access_token']}"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as wire:
        wire.sendall(f"NOT A REQUEST /api/whatsapp/conversations/+{phone}\r\n\r\n".encode())
        refused = wire.recv(4096)
    server.stop()

    log = server.log.read_text()
    assert status in (200, 404)
    assert b"400" in refused
    assert "Invalid request" in log
    assert phone not in log


@pytest.mark.parametrize(("proxies", "secure"), [("0", False), ("1", True)])
def test_a_proxy_is_believed_only_when_the_settings_say_that_there_is_one(
    app: Flask, database_url: str, tmp_path: Path, proxies: str, secure: bool
) -> None:
    server = LiveServer(database_url, tmp_path / "server.log", workers=1, TRUSTED_PROXIES=proxies).start()

    _status, headers, _body = ask(f"{server.url}/login", **{"X-Forwarded-Proto": "https"})
    server.kill()

    assert ("Strict-Transport-Security" in headers) is secure
