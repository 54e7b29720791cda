"""Several processes, one limit: what REDIS_URL is for."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.auth.models import User
from tests.factories import PASSWORD
from tests.live_server import LiveServer

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def redis_url() -> str:
    url = os.environ.get("TEST_REDIS_URL", "")
    if not url and os.environ.get("CI"):
        pytest.fail("TEST_REDIS_URL is not set, and in CI this test must run.")
    if not url:
        pytest.skip("TEST_REDIS_URL is not set: the limits shared through Redis were not tried.")
    return url


@pytest.fixture
def limited(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """Return a function that starts a server which counts in a Redis; it is ended whatever becomes of the test."""
    started: list[LiveServer] = []

    def start(redis_url: str, url: str = database_url, workers: int = 1) -> LiveServer:
        log = tmp_path / f"server-{len(started)}.log"
        started.append(LiveServer(url, log, workers=workers, REDIS_URL=redis_url, RATELIMIT_ENABLED="1"))
        return started[-1].start()

    yield start
    for server in started:
        server.kill()


def sign_in(server: LiveServer, email: str) -> tuple[int, str | None]:
    form = urllib.parse.urlencode({"email": email, "password": "no es esta"}).encode()
    try:
        with urllib.request.urlopen(f"{server.url}/login", form, timeout=30) as answer:
            return answer.status, None
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Retry-After")


def test_wrong_passwords_count_together_across_processes(limited: Callable[..., LiveServer], redis_url: str) -> None:
    server = limited(redis_url, workers=3)
    email = f"{uuid.uuid4().hex}@example.com"

    answers = [sign_in(server, email) for _try in range(8)]

    assert [status for status, _after in answers] == [401] * 5 + [429] * 3
    assert all(int(after or 0) >= 1 for _status, after in answers[5:])


class Gate:
    """Stands before a Redis: lets everything through, or takes connections and words and gives nothing back."""

    def __init__(self, redis_url: str) -> None:
        self.parts = urllib.parse.urlsplit(redis_url)
        self.open = threading.Event()
        self.open.set()
        self.commands = 0
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = self.parts._replace(netloc=f"127.0.0.1:{self.door.getsockname()[1]}").geturl()
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self) -> None:
        while True:
            try:
                caller, _address = self.door.accept()
            except OSError:
                return
            redis = socket.create_connection((self.parts.hostname or "127.0.0.1", self.parts.port or 6379))
            for source, target in ((caller, redis), (redis, caller)):
                threading.Thread(target=self._carry, args=(source, target, source is caller), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, asks: bool) -> None:
        with source, target, contextlib.suppress(OSError):
            while words := source.recv(65536):
                if asks:
                    self.commands += len(re.findall(rb"(?:^|\r\n)\*\d+\r\n", words))
                self.open.wait()
                target.sendall(words)


def seconds_for(server: LiveServer, email: str) -> float:
    began = time.monotonic()
    assert sign_in(server, email)[0] in (401, 429)
    return time.monotonic() - began


def test_a_redis_that_hangs_costs_one_request_a_second_at_most_and_memory_goes_on_counting(
    limited: Callable[..., LiveServer], redis_url: str
) -> None:
    gate = Gate(redis_url)
    server = limited(gate.url)
    email = f"{uuid.uuid4().hex}@example.com"
    # A busy machine takes its time for every request; who waits for a Redis waits for a second more than that.
    usual = 3 * max(seconds_for(server, email) for _try in range(2))

    gate.open.clear()
    first, *others = (seconds_for(server, email) for _try in range(6))
    status, _after = sign_in(server, email)

    assert first <= usual + 1
    assert max(others) <= usual + 0.2
    assert status == 429  # Five wrong ones since Redis went away.
    assert "Redis does not answer in time" in server.log.read_text()
    gate.open.set()
    deadline = time.monotonic() + 30
    while "Redis is back" not in server.log.read_text() and time.monotonic() < deadline:
        sign_in(server, "x@example.com")
    assert "Redis is back" in server.log.read_text()
    gate.door.close()


def test_a_request_costs_redis_one_command_and_a_poll_none(
    limited: Callable[..., LiveServer], redis_url: str, ana: User
) -> None:
    gate = Gate(redis_url)
    server = limited(gate.url)
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    form = urllib.parse.urlencode({"email": ana.email, "password": PASSWORD}).encode()
    opener.open(f"{server.url}/login", form, timeout=30).close()

    def commands_of(path: str) -> int:
        before = gate.commands
        for _ in range(5):
            with opener.open(f"{server.url}{path}", timeout=30) as answer:
                assert answer.status == 200
        return gate.commands - before

    commands_of("/whatsapp/")  # Whatever the first connection asks for.

    assert (commands_of("/whatsapp/"), commands_of("/whatsapp/unread")) == (5, 0)
    gate.door.close()


def test_without_redis_in_reach_people_still_sign_in(limited: Callable[..., LiveServer]) -> None:
    server = limited("redis://127.0.0.1:9/0")

    status, _after = sign_in(server, "nadie@example.com")

    assert status == 401
