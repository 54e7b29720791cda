"""Errors go to Sentry where somebody asks for it, without what people wrote. Each run is a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.sentry import scrub

ROOT = Path(__file__).resolve().parent.parent
DSN = "https://0123456789abcdef0123456789abcdef@sentry.invalid/1"
BUILD = """
import json, sys
from app import create_app
from config import TestConfig

def build(**changes):
    return create_app(TestConfig(SQLALCHEMY_DATABASE_URI="sqlite://", LOG_FORMAT="json", **changes))
"""
MISSING = f"""
sys.modules["sentry_sdk"] = None  # Importing it fails, as where it was never installed.
app = build(SENTRY_DSN={DSN!r})
print(app.test_client().get("/healthz").status_code)
result = app.test_cli_runner().invoke(args=["doctor"])
print(json.dumps([result.exit_code, result.output.splitlines()]))
"""
SENDING = f"""
app = build(SENTRY_DSN={DSN!r})
import sentry_sdk
from sentry_sdk.transport import Transport

sent = []

class Kept(Transport):
    def capture_envelope(self, envelope):
        sent.append(envelope.get_event())

sentry_sdk.get_client().transport = Kept()
app.config["PROPAGATE_EXCEPTIONS"] = False
@app.post("/fail/<phone>")
def fail(phone):
    local = "el secreto"
    raise ValueError(f"{{phone}} wrote {{local}}")

app.test_client().post(
    "/fail/+5491155550101?q=secreto",
    data={{"body": "el secreto"}},
    headers={{"Authorization": "Bearer secreto", "Cookie": "coordina_access=secreto"}},
)
print(json.dumps(sent))
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BUILD + program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)


def test_without_the_package_the_office_works_and_is_told_twice() -> None:
    done = run(MISSING)

    status, doctor = done.stdout.splitlines()
    code, output = json.loads(doctor)
    [warning] = [json.loads(line) for line in done.stderr.splitlines()]
    assert status == "200"
    assert warning["level"] == "warning"
    assert "pip install sentry-sdk" in warning["event"]
    [settings] = [number for number, line in enumerate(output) if line.startswith("bad  settings")]
    assert code == 1
    assert "SENTRY_DSN" in output[settings]
    assert "pip install sentry-sdk" in output[settings + 1]


def test_an_error_is_sent_once_and_without_a_word_of_anybody() -> None:
    [event] = json.loads(run(SENDING).stdout)

    [error] = event["exception"]["values"]
    for frame in error["stacktrace"]["frames"]:  # The source beside it is this test's own, which holds the words.
        for name in ("pre_context", "context_line", "post_context"):
            frame.pop(name, None)
    text = json.dumps(event)
    assert (error["type"], error["value"]) == ("ValueError", "")
    assert error["stacktrace"]["frames"][-1]["function"] == "fail"
    assert event["request"] == {"method": "POST"}
    assert event["transaction"] == "fail"
    assert [word for word in ("55550101", "el secreto", "=secreto", "Bearer") if word in text] == []


def test_nothing_of_sentry_is_loaded_unless_asked_for() -> None:
    program = 'build().test_client().get("/healthz"); print("sentry_sdk" in sys.modules)'

    assert run(program).stdout == "False\n"


def test_what_an_event_lacks_is_no_trouble() -> None:
    bare: dict[str, Any] = {"message": "A job failed."}

    assert scrub(dict(bare), {}) == bare
    assert scrub({"request": {}, "user": {"ip": "1"}, "logentry": {"message": "x", "params": ["y"]}}, {}) == {
        "request": {"method": ""},
        "logentry": {"message": "x"},
    }
