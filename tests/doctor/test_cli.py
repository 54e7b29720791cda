"""The command as a shell runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    environment = os.environ | settings
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set: make one with `python -c "),
        ({"SECRET_KEY": "k" * 48, "DATABASE_URL": "mysql://db"}, "DATABASE_URL must start with sqlite://"),
    ],
)
def test_settings_that_cannot_be_used_are_one_sentence_and_no_traceback(settings: dict[str, str], fault: str) -> None:
    done = run("doctor", **settings)

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {fault}")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_fresh_installation_is_told_what_comes_next(tmp_path: Path) -> None:
    settings = {name: "" for name in os.environ if name.startswith(("TWILIO_", "REDIS_"))}

    done = run("doctor", **settings, SECRET_KEY="k" * 48, DATABASE_URL=f"sqlite:///{tmp_path}/coordina.db")

    assert done.returncode == 1
    assert "flask db upgrade" in done.stdout
    assert done.stderr == ""
