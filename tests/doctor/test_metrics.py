"""The numbers for Prometheus: for whoever shows the token, and right whichever process answers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.doctor import queries
from app.extensions import db, utcnow, writing
from app.jobs.actions import beat
from app.jobs.models import Job
from tests.doctor.conftest import MakeApp
from tests.factories import Factories

TOKEN = "a token of the metrics"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def watched(app: Flask, make_app: MakeApp) -> FlaskClient:
    return make_app(METRICS_TOKEN=TOKEN).test_client()


def read(client: FlaskClient) -> dict[str, float]:
    """Read the answer as Prometheus does: every sample follows its help and its type."""
    answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    pattern = r"# HELP (\w+) [^\n]+\n# TYPE \1 gauge\n\1 (\d+(?:\.\d+)?)\n"
    assert re.fullmatch(f"(?:{pattern})+".replace(r"\1", r"\w+"), answer.text)
    return {name.removeprefix("coordina_"): float(value) for name, value in re.findall(pattern, answer.text)}


def test_an_empty_office_counts_nothing_and_measures_nothing(watched: FlaskClient) -> None:
    assert read(watched) == {"unread_messages": 0, "unconfirmed_messages": 0, "jobs_due": 0, "jobs_failed": 0}


def test_what_waits_is_counted_and_how_long_is_measured(watched: FlaskClient, factories: Factories) -> None:
    conversation, now = factories.conversation(), utcnow()
    factories.message(conversation, sent_at=now - timedelta(hours=2))
    factories.message(conversation, sent_at=now - timedelta(minutes=1))
    factories.message(conversation, direction="outbound", status="unconfirmed")
    factories.message(conversation, direction="outbound", status="sent")
    beat("worker")
    with writing() as session:
        session.add(Job(name="a", run_at=now - timedelta(minutes=5)))
        session.add(Job(name="b", run_at=now + timedelta(minutes=5)))
        session.add(Job(name="c", failed_at=now))

    numbers = read(watched)

    assert (numbers["unread_messages"], numbers["unconfirmed_messages"]) == (2, 1)
    assert (numbers["jobs_due"], numbers["jobs_failed"]) == (1, 1)
    assert 60 <= numbers["last_inbound_seconds"] < 90
    assert 300 <= numbers["job_waiting_seconds"] < 330
    assert numbers["worker_seconds"] < 30
    assert "cron_seconds" not in numbers


@pytest.mark.parametrize("shown", [None, "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer ñ"])
def test_nobody_else_is_told(watched: FlaskClient, shown: str | None) -> None:
    answer = watched.get("/metrics", headers={"Authorization": shown} if shown else {})

    assert answer.status_code == 403
    assert "coordina_" not in answer.text


def test_there_is_no_such_door_unless_somebody_opens_it(nobody: FlaskClient) -> None:
    assert nobody.get("/metrics").status_code == 404
    assert nobody.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_no_number_walks_through_all_messages(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL walks through whatever is small: its plans say nothing here.")
    asked: list[tuple[str, object]] = []
    listen = lambda _connection, _cursor, statement, values, *_: asked.append((statement, values))  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listen)
    queries.count_unconfirmed()
    queries.find_last_inbound()
    queries.read_arrivals()
    event.remove(db.engine, "before_cursor_execute", listen)

    with db.engine.connect() as connection:
        for statement, values in asked:
            if "whatsapp_mensajes" in statement:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
                told = " ".join(str(row[3]) for row in plan)
                # Walking the key backwards ends at the first that fits.
                assert "USING" in told or "ORDER BY whatsapp_mensajes.id DESC" in statement, told
                assert "TEMP B-TREE" not in told
