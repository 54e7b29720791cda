"""What `make demo` takes from whoever starts it, and what it leaves alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from app.auth.models import User
from config import Config, TestConfig
from simulator.demo import SAMPLE, SPOKEN, demo_environment, dress_history
from tests.browser import SignedInClient
from tests.factories import Factories

ROOT = Path(__file__).parents[2]
REAL = {
    "MEDIA_S3_BUCKET": "the-office-files",
    "MEDIA_S3_ACCESS_KEY_ID": "key",
    "MEDIA_S3_SECRET_ACCESS_KEY": "secret",
    "SMTP_URL": "smtp://me:pw@smtp.example.com:587",
    "MAIL_FROM": "office@example.com",
    "VAPID_PRIVATE_KEY": "k" * 43,
    "VAPID_SUBJECT": "mailto:office@example.com",
    "SENTRY_DSN": "https://key@sentry.example.com/1",
    "METRICS_TOKEN": "m" * 20,
    "CRON_SECRET": "c" * 20,
    "SETUP_TOKEN": "s" * 20,
    "REDIS_URL": "redis://redis.example.com:6379/0",
    "TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32,
}


def names_of_the_example() -> set[str]:
    return set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.M))


def test_the_environment_gives_the_demo_nothing_of_a_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in names_of_the_example() | {"GUNICORN_CMD_ARGS", "VERCEL", "AWS_PROFILE"}:
        monkeypatch.setenv(name, "the office's own")

    environment = demo_environment(5000, 4020)

    assert {name for name, value in environment.items() if value == "the office's own"} == set(SPOKEN)
    assert "PATH" in environment


def test_the_demo_speaks_as_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_LANGUAGE", "en")

    assert demo_environment(5000, 4020)["APP_LANGUAGE"] == "en"


@pytest.mark.parametrize("kept_in", ["environment", ".env"])
def test_the_server_of_the_demo_runs_on_the_demo_s_settings_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept_in: str
) -> None:
    if kept_in == ".env":
        (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in REAL.items()))
    else:
        for name, value in REAL.items():
            monkeypatch.setenv(name, value)
    environment = demo_environment(5000, 4020) | {"DATABASE_URL": f"sqlite:///{tmp_path}/demo.db"}
    # A process of its own, since an app that is built from an environment takes the process's log over.
    ask = (
        "import config, json, pathlib, sys; config.ROOT = pathlib.Path(sys.argv[1]); import simulator.demo as demo;"
        "found = demo.application().config; print(json.dumps({name: found[name] for name in sys.argv[2:]}))"
    )
    names = [*(REAL.keys() - {"REDIS_URL"}), "RATELIMIT_STORAGE_URI"]

    said = subprocess.run(
        [sys.executable, "-c", ask, str(tmp_path), *names], cwd=ROOT, env=environment, check=True, capture_output=True
    )

    plain = TestConfig()
    made = {name: environment[name] for name in ("VAPID_PRIVATE_KEY", "VAPID_SUBJECT")}  # Keys of its own, each time.
    assert json.loads(said.stdout) == {name: getattr(plain, name) for name in names} | made


def test_each_demo_can_push_with_keys_of_its_own() -> None:
    first, second = demo_environment(5000, 4020), demo_environment(5000, 4020)

    assert Config.from_environment(first).VAPID_PRIVATE_KEY
    assert first["VAPID_PRIVATE_KEY"] != second["VAPID_PRIVATE_KEY"]


def test_a_template_of_the_sample_looks_like_one_that_was_sent_here(
    app: Flask, ana: User, factories: Factories
) -> None:
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    given = next(one for one in sample["messages"] if one.get("content_sid"))
    conversation = factories.conversation(given["phone"])
    message = factories.message(
        conversation, direction="outbound", status="read", body=given["body"], message_sid=given["sid"]
    )

    dress_history(sample)

    page = SignedInClient.of(app, ana).get(f"/whatsapp/conversations/{conversation.id}").text
    bubble = page.split(f'id="m-{message.id}"')[1].split("</li>")[0]
    assert given["body"] in bubble
    assert "· plantilla</span>" in bubble
