"""Fixtures of the tests that need real processes and sockets."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.engine import make_url

from simulator.running import RunningSimulator, running_simulator
from tests.live_server import LiveServer, free_port, simulator_settings

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@pytest.fixture
def simulator() -> Iterator[RunningSimulator]:
    with running_simulator(simulator_settings("http://127.0.0.1:9/api/whatsapp/webhook")) as running:
        yield running


@pytest.fixture
def server(app: Flask, database_url: str, simulator: RunningSimulator, tmp_path: Path) -> Iterator[LiveServer]:
    """Two gunicorn workers on the run's database, with the simulator for Twilio posting to them."""
    live = LiveServer(database_url, tmp_path / "server.log", TWILIO_API_BASE_URL=simulator.url).start()
    simulator.reset(simulator_settings(f"{live.url}/api/whatsapp/webhook"))
    yield live
    live.kill()


@pytest.fixture(scope="session")
def pooled_url(database_url: str) -> Iterator[str]:
    """The run's PostgreSQL behind a PgBouncer in transaction mode, as hosted ones are."""
    if database_url.startswith("sqlite"):
        pytest.skip("A pooler stands before PostgreSQL: TEST_DATABASE_URL is not set.")
    if PGBOUNCER is None and os.environ.get("CI"):
        pytest.fail("PgBouncer is missing, and in CI these tests must run: install the package `pgbouncer`.")
    if PGBOUNCER is None:
        pytest.skip("PgBouncer is not installed.")
    url, port = make_url(database_url), free_port()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as at_end:
        settings = Path(folder, "pgbouncer.ini")
        settings.write_text(
            f"[databases]\n{url.database} = host={url.host} port={url.port or 5432} user={url.username}"
            + (f" password={url.password}" if url.password else "")
            + f"\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\n"
            "pool_mode = transaction\nmax_client_conn = 400\ndefault_pool_size = 20\nunix_socket_dir =\n"
        )
        Path(folder).chmod(0o755)
        # It refuses to run as root.
        root = ["-u", "postgres"] if getpass.getuser() == "root" else []
        process = subprocess.Popen([PGBOUNCER, "-q", *root, str(settings)], stderr=subprocess.DEVNULL)
        at_end.callback(process.wait, 10)
        at_end.callback(process.kill)
        _wait_for(port, process)
        yield url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("PgBouncer did not start.")


@pytest.fixture
def pair(app: Flask, pooled_url: str, simulator: RunningSimulator, tmp_path: Path) -> Iterator[list[LiveServer]]:
    """Two instances of Coordina on one database behind a pooler; the simulator posts to the first."""
    both = [
        LiveServer(pooled_url, tmp_path / f"{name}.log", TWILIO_API_BASE_URL=simulator.url).start()
        for name in ("first", "second")
    ]
    simulator.reset(simulator_settings(f"{both[0].url}/api/whatsapp/webhook"))
    yield both
    for live in both:
        live.kill()


@pytest.fixture(params=["one", "two behind a pooler"])
def servers(request: pytest.FixtureRequest) -> list[LiveServer]:
    """One instance, and then two of them."""
    if request.param == "one":
        return [request.getfixturevalue("server")]
    found: list[LiveServer] = request.getfixturevalue("pair")
    return found
