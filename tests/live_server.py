"""A real Coordina on a real socket: gunicorn with its workers, a database of its own, and the simulator for Twilio."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from config import ROOT, TestConfig
from simulator.running import RunningSimulator
from simulator.settings import Settings
from tests.factories import PASSWORD

START_LIMIT_SECONDS = 30


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LiveServer:
    """Coordina under gunicorn; `kill` ends it as a power cut would, `start` brings it back on the same port."""

    serves = "wsgi:app"

    def __init__(self, database_url: str, log: Path, workers: int = 2, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log, self.workers = log, workers
        config = TestConfig()
        self.environment = os.environ | {
            "SECRET_KEY": config.SECRET_KEY,
            "DATABASE_URL": database_url,
            "REDIS_URL": "",
            "TWILIO_ACCOUNT_SID": config.TWILIO_ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": config.TWILIO_AUTH_TOKEN,
            "TWILIO_WHATSAPP_NUMBER": config.TWILIO_WHATSAPP_NUMBER,
            "TWILIO_WEBHOOK_URL": f"{self.url}/api/whatsapp/webhook",
            "RATELIMIT_ENABLED": "0",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> LiveServer:
        """Start serving, and wait until the sign-in page answers. Raises RuntimeError with the log when it does not."""
        arguments = [self.serves, "--bind", f"127.0.0.1:{self.port}", "--workers", str(self.workers), "--threads", "8"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *arguments, "--log-level", "warning"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/login", timeout=5):
                    return self
            except OSError:  # Refused, reset or late: it is not up yet.
                time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"Coordina did not start:\n{self.log.read_text(errors='replace')[-3000:]}")

    def kill(self) -> None:
        """End every process of the server at once, unasked (SIGKILL)."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def stop(self) -> int:
        """Ask the server to end (SIGTERM), wait until it has, and return its exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(60)

    def flask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `flask` command with the server's settings."""
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


class CountedServer(LiveServer):
    """A server of one process that can be asked whether it is still at something."""

    serves = "tests.served:app"

    def wait_idle(self) -> None:
        """Wait until nothing is under way on the server, such as what a browser asked before it closed."""
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while (under_way := self._under_way()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not under_way, f"{under_way} requests never end."

    def _under_way(self) -> int:
        with urllib.request.urlopen(self.url + "/__under_way", timeout=START_LIMIT_SECONDS) as answer:
            return int(answer.read())


def simulator_settings(webhook_url: str, **changes: object) -> Settings:
    """Return the settings of a simulator that plays the account of the tests."""
    config = TestConfig()
    settings = {
        "account_sid": config.TWILIO_ACCOUNT_SID,
        "auth_token": config.TWILIO_AUTH_TOKEN,
        "number": config.TWILIO_WHATSAPP_NUMBER,
        "webhook_url": webhook_url,
        "sent_after": 0.05,
        "delivered_after": 0.1,
        "read_after": 0.2,
    }
    return Settings(**(settings | changes))  # type: ignore[arg-type]


__all__ = ["PASSWORD", "CountedServer", "LiveServer", "RunningSimulator", "free_port", "simulator_settings"]
