"""A PostgreSQL database of this run's own, and a way to it for a function that is shut off from every network."""

from __future__ import annotations

import socket
import socketserver
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import URL, create_engine, make_url, text

from config import parse_database_url


def _plain(url: URL) -> str:
    """Return `url` as hosts write it, without a driver."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """Make a database on the server of the URL `server`, give its URL, and drop it at the end."""
    name = f"coordina_vercel_{uuid.uuid4().hex}"
    admin = create_engine(parse_database_url(server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield _plain(admin.url.set(database=name))
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()


class _Relay(socketserver.BaseRequestHandler):
    """One connection of PostgreSQL, carried on byte by byte."""

    target: tuple[str, int]

    def handle(self) -> None:
        with socket.create_connection(self.target) as server:
            there = threading.Thread(target=_carry, args=(self.request, server), daemon=True)
            there.start()
            _carry(server, self.request)
            there.join(5)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def relayed(database_url: str) -> Iterator[str]:
    """Give a URL by which `database_url` is reached through a unix socket, which no network namespace shuts off."""
    url = make_url(database_url)
    handler = type("Relay", (_Relay,), {"target": (url.host or "127.0.0.1", url.port or 5432)})
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, _Server(f"{folder}/.s.PGSQL.5432", handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield _plain(
            URL.create("postgresql", url.username, url.password, database=url.database, query={"host": folder})
        )
        server.shutdown()
