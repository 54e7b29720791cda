"""A built function run through Vercel's own runtime, on this machine and without an account.

The runtime that the builder put into the function (vercel_runtime/vc_init.py) announces itself on the unix socket named
by VERCEL_IPC_PATH, as JSON between NUL bytes, and then serves plain HTTP on a port of its choice; so it does at Vercel,
where a proxy stands before it. This file plays the proxy.
"""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_LIMIT_SECONDS = 30
HOST = "coordina.example"
CLIENT = "203.0.113.7"


class DidNotStart(RuntimeError):
    """The function ended, or did not answer in time; the text is what its runtime said."""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer of the function."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Announcements:
    """What the runtime says on its socket: one JSON object after another, each ended by a NUL byte."""

    def __init__(self, path: Path) -> None:
        self.messages: list[dict[str, Any]] = []
        self.heard = threading.Condition()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(1)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # Closed before anybody called.
            return
        rest = b""
        with connection:
            while chunk := connection.recv(65536):
                *whole, rest = (rest + chunk).split(b"\0")
                with self.heard:
                    self.messages += map(json.loads, whole)
                    self.heard.notify_all()

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the payloads of these kinds that came so far."""
        with self.heard:
            return [message["payload"] for message in self.messages if message["type"] in kinds]

    def close(self) -> None:
        """Hear no more."""
        self._listener.close()


class Function:
    """A function that is running; `running` starts one and ends it."""

    def __init__(self, process: subprocess.Popen[bytes], announcements: Announcements, begun: float) -> None:
        self.process, self.announcements, self.begun = process, announcements, begun
        self.port, self.init_ms = self._wait()

    def _wait(self) -> tuple[int, int]:
        announcements, deadline = self.announcements, self.begun + START_LIMIT_SECONDS
        while time.monotonic() < deadline:
            with announcements.heard:
                announcements.heard.wait(0.05)
            failed = announcements.of("unrecoverable-error")
            if failed or self.process.poll() is not None:
                raise DidNotStart(failed[0]["message"] if failed else "The process ended without a word.")
            if started := announcements.of("server-started"):
                return started[0]["httpPort"], started[0]["initDuration"]
        raise DidNotStart(f"It did not start within {START_LIMIT_SECONDS} s.")

    def logs(self) -> list[str]:
        """Return the lines that Vercel would show in the project's log."""
        return [base64.b64decode(line["message"]).decode() for line in self.announcements.of("log")]

    def request(
        self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask for `target` (path and query as they go over the wire), with the headers that Vercel's proxy adds."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in {**_proxy_headers(), **(headers or {})}.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


def _proxy_headers() -> dict[str, str]:
    return {
        "host": HOST,
        "x-forwarded-host": HOST,
        "x-forwarded-proto": "https",
        "x-forwarded-port": "443",
        "x-forwarded-for": CLIENT,
        "x-real-ip": CLIENT,
        "x-vercel-forwarded-for": CLIENT,
        "forwarded": f"for={CLIENT};host={HOST};proto=https",
        "x-vercel-id": "iad1::ci-1",
        "x-vercel-deployment-url": "coordina-ci.vercel.app",
        "x-vercel-internal-invocation-id": "inv-1",
        "x-vercel-internal-request-id": "1",
    }


def _environment(folder: Path, config: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, str]:
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "VERCEL": "1",
        "VERCEL_ENV": "production",
        "VERCEL_REGION": "iad1",
        "VERCEL_URL": "coordina-ci.vercel.app",
        "LAMBDA_TASK_ROOT": str(folder),
        **config.get("environment", {}),
        **settings,
    }


@contextmanager
def running(folder: Path, python: str, settings: Mapping[str, str]) -> Iterator[Function]:
    """Run the function in `folder` by the interpreter `python`, with `settings` as the project's variables.

    Raises DidNotStart.
    """
    config = json.loads((folder / ".vc-config.json").read_text())
    module = config["handler"].rpartition(".")[0]
    meeting = Path(tempfile.mkdtemp(prefix="vercel-"))
    announcements = Announcements(meeting / "ipc")
    environment = _environment(folder, config, settings) | {"VERCEL_IPC_PATH": str(meeting / "ipc")}
    begun = time.monotonic()
    process = subprocess.Popen([python, "-c", f"import {module}"], cwd=folder, env=environment)
    try:
        yield Function(process, announcements, begun)
    finally:
        process.kill()  # As Vercel does: nobody asks a frozen function to end well.
        process.wait(10)
        announcements.close()
        shutil.rmtree(meeting, ignore_errors=True)
