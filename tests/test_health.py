"""Is it alive, and may it be sent requests? Two doors for balancers, and what they say when the database does not."""

from __future__ import annotations

import contextvars
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from app import create_app
from app.extensions import db, limiter
from app.health import Readiness
from app.schema import REVISION
from config import TestConfig, engine_options
from tests.browser import IsolatedClient
from tests.factories import PASSWORD
from tests.twilio.scripted import closed_port


@contextmanager
def other_app(config: TestConfig, url: str = "", **changes: object) -> Iterator[FlaskClient]:
    if url:
        changes |= {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url)}
    app = create_app(replace(config, **changes))  # type: ignore[arg-type]
    app.test_client_class = IsolatedClient
    yield app.test_client()
    limiter.enabled = False
    with app.app_context():
        db.engine.dispose()


def test_a_process_that_answers_is_alive_and_touches_nothing(nobody: FlaskClient, statements: list[str]) -> None:
    answer = nobody.get("/healthz")

    assert (answer.status_code, answer.text, answer.mimetype) == (200, "ok\n", "text/plain")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert statements == []


def test_a_database_in_order_makes_it_ready(nobody: FlaskClient) -> None:
    answer = nobody.get("/readyz")

    assert (answer.status_code, answer.text) == (200, "ready\n")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "command",
    [
        ["users", "create", "dana@example.com", "--name", "Dana", "--password-stdin"],
        ["whatsapp", "sync"],
        ["whatsapp", "templates"],
        ["worker", "--once"],
    ],
)
def test_a_shell_is_told_in_one_sentence_that_the_database_is_not_migrated(
    config: TestConfig, tmp_path: Path, command: list[str]
) -> None:
    with other_app(config, f"sqlite:///{tmp_path}/empty.db") as client:
        runner = client.application.test_cli_runner()
        result = contextvars.Context().run(runner.invoke, args=command, input="una clave bien larga\n")

    assert (result.exit_code, result.output) == (
        1,
        "Error: The database is not migrated. Run: flask db upgrade.\n",
    )


def test_programs_and_people_are_told_so_too(config: TestConfig, tmp_path: Path) -> None:
    with other_app(config, f"sqlite:///{tmp_path}/empty.db", TESTING=False) as client:
        credentials = {"email": "ana@example.com", "password": PASSWORD}
        program, page = client.post("/api/auth/login", json=credentials), client.post("/login", data=credentials)

    assert (program.status_code, program.mimetype) == (503, "application/problem+json")
    assert program.json["code"] == "database_not_migrated"
    assert page.status_code == 503
    for answer in (program.json["detail"], page.text):
        assert "La base de datos no está al día. En el servidor hay que correr: flask db upgrade." in answer


def test_however_often_strangers_ask_the_database_hears_it_once_a_second(
    config: TestConfig, nobody: FlaskClient, statements: list[str]
) -> None:
    nobody.get("/readyz")
    statements.clear()

    assert {nobody.get("/readyz").status_code for _ in range(50)} == {200}
    assert len(statements) <= 4  # Two statements a look, and a busy machine may take more than a second for fifty.


def test_an_empty_database_is_not_ready_and_one_is_alive_all_the_same(config: TestConfig, tmp_path: Path) -> None:
    with other_app(config, f"sqlite:///{tmp_path}/new.db") as client:
        answer = client.get("/readyz")

        assert (answer.status_code, answer.text) == (503, "The database is not migrated. Run: flask db upgrade.\n")
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("revision", "status"), [("0001", 503), (REVISION, 200), ("9999", 200)])
def test_a_database_that_is_ahead_serves_the_code_before_it(
    config: TestConfig, tmp_path: Path, revision: str, status: int
) -> None:
    url = f"sqlite:///{tmp_path}/at.db"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:it)"), {"it": revision})
    engine.dispose()

    with other_app(config, url) as client:
        assert client.get("/readyz").status_code == status


@pytest.mark.enable_socket
def test_a_database_that_is_off_is_told_without_its_name(config: TestConfig) -> None:
    with other_app(config, f"postgresql+psycopg://coordina:secreto@127.0.0.1:{closed_port()}/oficina") as client:
        answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.text.startswith("The database cannot be reached.")
    assert "secreto" not in answer.text
    assert "oficina" not in answer.text


@pytest.mark.enable_socket
def test_whoever_waits_for_a_silent_database_stops_waiting_and_nobody_piles_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        engine = create_engine(f"postgresql+psycopg://x@127.0.0.1:{port}/x", connect_args={"connect_timeout": 2})
        readiness, before = Readiness(), threading.active_count()
        began = time.monotonic()
        told = {readiness.find_trouble(engine, 0.05) for _ in range(4)}
        waited, more = time.monotonic() - began, threading.active_count() - before

    assert told == {"The database did not answer within 3 seconds."}
    assert waited < 1
    assert more <= 1
    # Its turn ends by itself, and the next one asks again.
    assert readiness.find_trouble(engine, 10).startswith("The database cannot be reached.")
    engine.dispose()


def test_probes_are_never_too_many(app: Flask, config: TestConfig) -> None:
    with other_app(config, RATELIMIT_ENABLED=True) as client:
        counted = {path: "X-RateLimit-Limit" in client.get(path).headers for path in ("/login", "/healthz", "/readyz")}

    assert counted == {"/login": True, "/healthz": False, "/readyz": False}
