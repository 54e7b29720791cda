"""Apps with something wrong with them, and what the doctor says of them."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.extensions import db, limiter
from config import TestConfig
from tests.browser import IsolatedClient
from tests.fakes import FakeConsole


@dataclass(frozen=True)
class Line:
    """One line of the diagnosis, with what to do about it."""

    state: str
    seen: str
    fix: str = ""


@dataclass(frozen=True)
class Report:
    """What `flask doctor` printed, by line, and how it ended."""

    code: int
    output: str
    lines: dict[str, Line]

    def __getitem__(self, name: str) -> Line:
        return self.lines[name]


def diagnose(app: Flask, *arguments: str) -> Report:
    """Run `flask doctor` on `app`, outside of whatever context the test is in."""
    runner = app.test_cli_runner()
    result = contextvars.Context().run(runner.invoke, args=["doctor", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    lines: dict[str, Line] = {}
    name = ""
    for text in result.output.splitlines():
        if found := re.match(r"(ok|warn|bad) +(\w+) +(.*)", text):
            name = found[2]
            lines[name] = Line(found[1], found[3])
        elif name and (found := re.match(r" +-> (.*)", text)):
            lines[name] = replace(lines[name], fix=found[1])
    return Report(result.exit_code, result.output, lines)


MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(config: TestConfig) -> Iterator[MakeApp]:
    """Return a function that builds an app with other settings, and a Twilio account in order."""
    made: list[Flask] = []

    def make(**changes: Any) -> Flask:
        usual = {"RATELIMIT_ENABLED": True, "VAPID_PRIVATE_KEY": "k" * 43, "VAPID_SUBJECT": "mailto:a@example.com"}
        app = create_app(replace(config, **(usual | changes)))
        app.test_client_class = IsolatedClient
        app.extensions["twilio_console"] = FakeConsole()
        app.extensions["public_address"] = lambda _url: ""
        made.append(app)
        return app

    yield make
    limiter.enabled = False
    for app in made:
        with app.app_context():
            db.engine.dispose()
