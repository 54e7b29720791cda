"""The log: one line per event that a machine can read, with its request, and nothing of what people said."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from app import create_app
from app.auth.guard import public
from app.auth.models import User
from app.extensions import db
from app.logs import JSONFormatter, TextFormatter, without_passwords
from app.twilio.client import NoAnswer, Refused
from config import TestConfig
from tests.browser import IsolatedClient, SignedInClient
from tests.factories import PASSWORD, Factories
from tests.fakes import FakeTwilio
from tests.signing import STATUS, WEBHOOK, inbound_form, post_signed, status_form

PHONE = "+5491155550101"
LOGGERS = ("", "app", "flask-limiter", "sqlalchemy")


class Log(logging.Handler):
    """What was written to the log, read back line by line."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def text(self) -> str:
        return "\n".join(self.format(record) for record in self.records)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def about(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]


@pytest.fixture
def log() -> Iterator[Log]:
    """What the handler of a platform is given, as on Vercel; the loggers are left as they were."""
    before = [
        (logger, logger.handlers[:], logger.level, logger.propagate) for logger in map(logging.getLogger, LOGGERS)
    ]
    log, hook = Log(), threading.excepthook
    logging.getLogger().addHandler(log)
    yield log
    threading.excepthook = hook
    for logger, handlers, level, propagate in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


notes = Blueprint("notes", __name__)
notes.before_request(public)


@notes.get("/fail/<phone>")
def fail(phone: str) -> str:
    try:
        return {}[f"{phone} said: el secreto"]
    except LookupError as error:
        raise ZeroDivisionError(f"because of {phone}") from error


def build(config: TestConfig, **changes: Any) -> Flask:
    app = create_app(replace(config, **({"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG", "LOG_REQUESTS": True} | changes)))
    app.register_blueprint(notes)
    app.test_client_class = IsolatedClient
    app.extensions["twilio"] = FakeTwilio()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture
def logged(app: Flask, config: TestConfig, log: Log) -> Iterator[Flask]:
    logged = build(config)
    yield logged
    with logged.app_context():
        db.engine.dispose()


@pytest.fixture
def client(logged: Flask) -> FlaskClient:
    return logged.test_client()


def test_a_request_is_one_line_without_its_path(client: FlaskClient, log: Log) -> None:
    client.get(f"/api/whatsapp/conversations/{PHONE}/messages?cursor=secreto")

    [line] = log.lines
    assert line.pop("ms") >= 0
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert re.fullmatch(r"[0-9a-f]{16}", line.pop("request_id"))
    assert line == {
        "level": "info",
        "logger": "app.logs",
        "event": "Request answered",
        "method": "GET",
        "endpoint": "whatsapp_api.list_messages",
        "status": 401,
    }


def test_requests_are_not_told_unless_asked_for(app: Flask, config: TestConfig, log: Log) -> None:
    quiet = build(config, LOG_REQUESTS=False)

    quiet.test_client().get("/login")

    assert log.text == ""


def test_an_error_tells_its_class_and_its_places_but_not_its_words(client: FlaskClient, log: Log) -> None:
    answer = client.get(f"/fail/{PHONE}")

    assert answer.status_code == 500
    [line] = log.about("Request failed")
    assert (line["level"], line["endpoint"]) == ("error", "notes.fail")
    assert [error["type"] for error in line["exception"]] == ["builtins.ZeroDivisionError", "builtins.KeyError"]
    assert all(error["frames"][-1].startswith("tests/test_logs.py:") for error in line["exception"])
    assert line["exception"][0]["frames"][-1].endswith(":fail")
    assert "5550101" not in log.text
    assert "secreto" not in log.text


def test_what_ends_a_thread_is_told_the_same_way(logged: Flask, log: Log) -> None:
    lost = threading.Thread(target=fail, args=(PHONE,))
    lost.start()
    lost.join()

    [line] = log.about("Thread failed")
    assert line["exception"][0]["type"] == "builtins.ZeroDivisionError"
    assert "5550101" not in log.text


def test_a_line_of_the_log_and_its_answer_carry_the_same_id(client: FlaskClient, log: Log) -> None:
    answer = client.post(WEBHOOK, data=inbound_form())

    assert {line["request_id"] for line in log.lines} == {answer.headers["X-Request-ID"]}
    assert [line["event"] for line in log.lines] == [
        "Webhook refused",
        "Request answered",
    ]


@pytest.mark.parametrize(
    ("proxies", "vercel", "headers", "taken"),
    [
        (1, False, {"X-Request-ID": "f3b1c7a0-1111-4222-8333-944455556666"}, True),
        (1, True, {"X-Vercel-Id": "gru1::iad1::k7xw2-1700000000000-0a1b2c3d4e5f"}, True),
        (0, False, {"X-Request-ID": "f3b1c7a0-1111-4222-8333-944455556666"}, False),  # Nobody of ours stands in front.
        (
            1,
            True,
            {"X-Request-ID": "f3b1c7a0-1111-4222-8333-944455556666"},
            False,
        ),  # There the caller's passes through.
        (1, False, {"X-Request-ID": "5491155550101"}, False),
        (1, False, {"X-Request-ID": "short"}, False),
        (1, False, {"X-Request-ID": "a" * 129}, False),
        (1, False, {"X-Request-ID": 'with "quotes" and spaces'}, False),
    ],
)
def test_the_id_of_a_trusted_proxy_is_taken_when_it_looks_like_one(
    app: Flask, config: TestConfig, log: Log, proxies: int, vercel: bool, headers: dict[str, str], taken: bool
) -> None:
    front = build(config, TRUSTED_PROXIES=proxies, VERCEL=vercel)
    [shown] = headers.values()

    given = front.test_client().get("/healthz", headers=headers).headers["X-Request-ID"]

    assert (given == shown) is taken
    assert log.lines[-1]["request_id"] == given


def send(client: SignedInClient, conversation_id: int, body: str, key: str) -> int:
    data = {"body": body, "key": key, "csrf_token": client.csrf}
    return client.htmx("POST", f"/whatsapp/conversations/{conversation_id}/messages", data=data).status_code


def test_no_line_of_a_whole_round_trip_holds_a_phone_a_word_a_token_or_a_password(
    logged: Flask, log: Log, ana: User, factories: Factories
) -> None:
    twilio = logged.extensions["twilio"]
    conversation = factories.conversation(PHONE)
    program = logged.test_client()
    program.post("/login", data={"email": ana.email, "password": "una clave equivocada"})
    entered = program.post("/api/auth/login", json={"email": ana.email, "password": PASSWORD}).json
    browser = SignedInClient.of(logged, ana)
    bearer = {"Authorization": f"Bearer {entered['access_token']}"}

    arrived = inbound_form("el secreto de Lucía", PHONE)
    assert post_signed(program, WEBHOOK, arrived).status_code == 200
    assert post_signed(program, WEBHOOK, arrived).status_code == 200
    assert program.post(WEBHOOK, data=arrived, headers={"X-Twilio-Signature": "a" * 28}).status_code == 403
    assert (
        post_signed(program, WEBHOOK, {"Body": "sin remitente", "AccountSid": arrived["AccountSid"]}).status_code == 200
    )
    assert send(browser, conversation.id, "respuesta secreta", "1" * 32) == 201
    sid = next(sid for sid, message in twilio.messages.items() if message.body == "respuesta secreta")
    assert post_signed(program, f"{STATUS}?message=1", status_form(sid, "delivered", PHONE)).status_code == 204
    assert post_signed(program, STATUS, status_form("SM" + "9" * 32, "read", PHONE)).status_code == 204
    for failure in (Refused(63016, f"{PHONE} is outside", 400), NoAnswer(), ConnectionError(f"to {PHONE}: respuesta")):
        twilio.fail_next(failure)
        send(browser, conversation.id, "respuesta secreta", f"{id(failure):032d}")
    assert program.get(f"/api/whatsapp/conversations/{PHONE}/messages?limit=5", headers=bearer).status_code == 200
    assert program.get(f"/fail/{PHONE}").status_code == 500
    program.post("/api/auth/refresh", headers={"Authorization": f"Bearer {entered['refresh_token']}"})
    program.post("/api/auth/refresh", headers={"Authorization": f"Bearer {entered['refresh_token']}"})

    events = {line["event"] for line in log.lines}
    assert {"Webhook repeated", "Request failed", "Webhook refused"} <= events
    cookies = [browser.get_cookie(name).value for name in ("coordina_access", "coordina_refresh")]
    secrets = ["55550101", "secret", "sin remitente", "clave", browser.csrf, "test-auth-token", *cookies]
    secrets += [entered["access_token"], entered["refresh_token"], "Lucía", "Ferreyra"]
    assert [(word, line) for line in log.text.splitlines() for word in secrets if word in line] == []


def test_a_platforms_handler_is_told_the_level_with_the_finished_line(client: FlaskClient, log: Log) -> None:
    client.post(WEBHOOK, data=inbound_form())

    [record] = [record for record in log.records if record.levelno == logging.WARNING]
    assert json.loads(record.getMessage())["reason"] == "no signature header"
    assert record.exc_info is None


def test_building_the_app_twice_doubles_no_line(app: Flask, config: TestConfig, log: Log) -> None:
    build(config)
    build(config).test_client().get("/healthz")

    assert len(log.about("Request answered")) == 1


def test_what_libraries_say_of_whom_a_limit_stopped_is_not_told(logged: Flask, log: Log) -> None:
    limited = logging.getLogger("flask-limiter")

    limited.info("ratelimit 5 per minute (%s) exceeded", "ana@example.com")
    limited.warning("Rate limit storage unreachable")

    assert [line["event"] for line in log.lines] == ["Rate limit storage unreachable"]


def record(**extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("app.jobs", logging.WARNING, __file__, 1, "A job failed%s.", (" for good",), None)
    vars(made).update(extra)
    return made


def test_a_field_cannot_pass_for_what_every_line_has() -> None:
    line = json.loads(JSONFormatter().format(record(event="Otra cosa", level="x", job="sync", when={1})))

    assert (line["event"], line["level"]) == ("A job failed for good.", "warning")
    assert (line["job"], line["when"]) == ("sync", "{1}")


def test_a_line_is_one_line_whatever_its_fields_hold() -> None:
    for formatter in (JSONFormatter(), TextFormatter()):
        assert len(formatter.format(record(said="uno\ndos\r\ntres\u2028cuatro")).split("\n")) == 1


def test_at_a_terminal_a_person_can_read_it() -> None:
    try:
        int("el secreto")
    except ValueError as error:
        failed = record(job="sync")
        failed.exc_info = (ValueError, error, error.__traceback__)

    first, *below = TextFormatter().format(failed).splitlines()

    assert re.fullmatch(r'\d\d:\d\d:\d\d WARNING app\.jobs: A job failed for good\. job="sync"', first)
    assert below[0] == "  builtins.ValueError"
    assert re.fullmatch(r"    tests/test_logs\.py:\d+:test_at_a_terminal_a_person_can_read_it", below[1])


def test_passwords_of_addresses_are_left_out_in_no_longer_than_the_line_takes() -> None:
    said = "at https://ana:s3cret@a.example/x and redis://:t@k'n@b.example, ana@example.com " + "://" * 40_000
    began = time.process_time()

    told = without_passwords(said)

    assert told.startswith("at https://***@a.example/x and redis://***@b.example, ana@example.com ://")
    assert time.process_time() - began < 1
