"""Several processes, one limit: what REDIS_URL is for."""

from __future__ import annotations

import os
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import pytest
from flask import Flask

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


def sign_in(server: LiveServer, email: str) -> tuple[int, str | None]:
    form = urllib.parse.urlencode({"email": email, "password": "no es esta"}).encode()
    try:
        with urllib.request.urlopen(f"{server.url}/login", form, timeout=30) as answer:
            return answer.status, None
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Retry-After")


def test_wrong_passwords_count_together_across_processes(
    app: Flask, database_url: str, tmp_path: Path, redis_url: str
) -> None:
    server = LiveServer(
        database_url, tmp_path / "server.log", workers=3, REDIS_URL=redis_url, RATELIMIT_ENABLED="1"
    ).start()
    email = f"{uuid.uuid4().hex}@example.com"

    answers = [sign_in(server, email) for _try in range(8)]
    server.kill()

    assert [status for status, _after in answers] == [401] * 5 + [429] * 3
    assert all(int(after or 0) >= 1 for _status, after in answers[5:])


def test_without_redis_in_reach_people_still_sign_in(app: Flask, database_url: str, tmp_path: Path) -> None:
    server = LiveServer(
        database_url, tmp_path / "server.log", workers=1, REDIS_URL="redis://127.0.0.1:9/0", RATELIMIT_ENABLED="1"
    ).start()

    status, _after = sign_in(server, "nadie@example.com")
    server.kill()

    assert status == 401
