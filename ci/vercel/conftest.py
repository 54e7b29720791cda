"""The built function, running once for all tests; `python -m ci.vercel` builds it and says where it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ci.vercel.browser import EMAIL, PASSWORD, Browser
from ci.vercel.function import Function, running
from ci.vercel.settings import settings_for
from ci.vercel.toolchain import ROOT
from simulator.running import RunningSimulator, running_simulator
from simulator.settings import Settings


@pytest.fixture(scope="session")
def output() -> Path:
    """The folder that `vercel build` made."""
    return Path(os.environ["CI_VERCEL_OUTPUT"])


@pytest.fixture(scope="session")
def folder(output: Path) -> Path:
    """The function's own files: at Vercel they are /var/task."""
    return output / "functions" / "flask.func"


@pytest.fixture(scope="session")
def python() -> str:
    return os.environ["CI_VERCEL_PYTHON"]


@pytest.fixture(scope="session")
def settings() -> dict[str, str]:
    return settings_for(os.environ["DATABASE_URL"])


@pytest.fixture(scope="session")
def simulator(settings: dict[str, str]) -> Iterator[RunningSimulator]:
    given = Settings(
        account_sid=settings["TWILIO_ACCOUNT_SID"],
        auth_token=settings["TWILIO_AUTH_TOKEN"],
        number=settings["TWILIO_WHATSAPP_NUMBER"],
        webhook_url=settings["TWILIO_WEBHOOK_URL"],
    )
    with running_simulator(given) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def ana(settings: dict[str, str]) -> str:
    """A member of staff, made as the documents say; her address, by which she signs in."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "users", "create", EMAIL, "--name", "Ana"]
    subprocess.run(
        [*command, "--role", "staff", "--password-stdin"],
        input=PASSWORD.encode(),
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        check=True,
    )
    return EMAIL


@pytest.fixture(scope="session")
def function(
    folder: Path, python: str, settings: dict[str, str], simulator: RunningSimulator, ana: str
) -> Iterator[Function]:
    with running(folder, python, settings | {"TWILIO_API_BASE_URL": simulator.url}) as function:
        yield function


@pytest.fixture
def browser(function: Function) -> Browser:
    """A browser with Ana signed in."""
    browser = Browser(function)
    assert browser.sign_in().status == 303
    return browser


@pytest.fixture(scope="session")
def bearer(function: Function) -> dict[str, str]:
    """The headers of a program that has signed in."""
    body = f'{{"email": "{EMAIL}", "password": "{PASSWORD}"}}'.encode()
    answer = function.request("POST", "/api/auth/login", body, {"content-type": "application/json"})
    return {"authorization": f"Bearer {answer.json['access_token']}", "content-type": "application/json"}
