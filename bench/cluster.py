"""A PostgreSQL of a script's own, made in a temporary folder and gone after the run; with a replica when asked."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "wal_level": "replica",
    "hot_standby": "on",
}


def find_binaries() -> Path:
    """Return the folder of the newest PostgreSQL server installed here. Raises SystemExit when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    other = shutil.which("initdb")
    if not found and other is None:
        raise SystemExit(
            "No PostgreSQL server is installed here: initdb is missing (Debian: apt-get install postgresql)."
        )
    return found[-1].parent if found else Path(str(other)).parent


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Cluster:
    """One server; `folder` holds its data, its log and its socket."""

    folder: Path
    binaries: Path
    port: int = field(default_factory=free_port)

    def run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs, as its own user where we are root, and return what it printed."""
        root = os.geteuid() == 0
        command = [str(self.binaries / program), *arguments]
        ran = subprocess.run(
            command,
            cwd=self.folder,
            user="postgres" if root else None,
            group="postgres" if root else None,
            extra_groups=[] if root else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise RuntimeError(f"{program} ended with {ran.returncode}:\n{ran.stdout}")
        return ran.stdout

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        """Start the server, and return when it answers."""
        options = {**_SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.folder)}
        words = " ".join(f"-c {name}={value}" for name, value in options.items())
        self.run("pg_ctl", "start", "--wait", "-D", self.data, "-l", str(self.folder / "log"), "-o", words)

    def stop(self) -> None:
        """Stop the server, whoever is connected."""
        self.run("pg_ctl", "stop", "--wait", "-D", self.data, "-m", "immediate")

    def url(self, database: str = "postgres") -> str:
        """Return the address of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements one by one, each in a transaction of its own."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def ask(self, statement: str, database: str = "postgres") -> str:
        """Return the one value of a statement, as text."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return str(row[0]) if row else ""


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="coordina-bench-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, "postgres", "postgres")
        yield Path(name)


@contextlib.contextmanager
def running(cluster: Cluster) -> Iterator[Cluster]:
    """Start `cluster`, and stop it at the end."""
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()


@contextlib.contextmanager
def new_cluster() -> Iterator[Cluster]:
    """Make and start an empty server; stop it and delete it at the end."""
    with _folder() as folder:
        cluster = Cluster(folder, find_binaries())
        cluster.run("initdb", "-D", cluster.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        with running(cluster):
            yield cluster


@contextlib.contextmanager
def new_replica(primary: Cluster) -> Iterator[Cluster]:
    """Copy `primary` and follow it by streaming; stop and delete the copy at the end."""
    with _folder() as folder:
        replica = Cluster(folder, primary.binaries)
        replica.run("pg_basebackup", "-d", primary.url(), "-D", replica.data, "-R", "-X", "stream", "-c", "fast")
        with running(replica):
            yield replica
