"""Who does the work: whoever was just answered, the cron, the worker, and anybody's poll."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from app import create_app
from app.auth.guard import public
from app.auth.models import User
from app.extensions import db, utcnow
from app.jobs.actions import run_due
from app.jobs.handlers import Handler, all_handlers, register
from app.jobs.queries import find_heartbeat
from app.twilio.client import NoAnswer
from app.whatsapp.messaging.actions.sync import SYNC
from config import TestConfig
from tests.browser import IsolatedClient, SignedInClient
from tests.factories import Factories
from tests.fakes import FakeContents, FakeTwilio
from tests.jobs.doing import SOON, ask, jobs, make_due

SECRET = "a secret of the cron"
RUN = "/internal/cron/run"


@pytest.fixture
def own_app(app: Flask, config: TestConfig) -> Iterator[Flask]:
    """An app with a cron's secret, to which tests may add doors."""
    own = create_app(replace(config, CRON_SECRET=SECRET))
    own.test_client_class = IsolatedClient
    own.extensions["twilio"], own.extensions["twilio_contents"] = FakeTwilio(), FakeContents()
    yield own
    with own.app_context():
        db.engine.dispose()


def show(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_work_is_tried_as_soon_as_its_request_is_answered(own_app: Flask) -> None:
    done: list[dict[str, Any]] = []
    register(own_app, "note", Handler(done.append))
    bp = Blueprint("asking", __name__)
    bp.before_request(public)

    @bp.post("/ask")
    def ask_for_work() -> str:
        ask("note", {"now": True})
        ask("note", {"now": False}, run_at=utcnow() + timedelta(minutes=1))
        return "answered"

    own_app.register_blueprint(bp)

    answer = own_app.test_client().post("/ask")
    assert (answer.text, done) == ("answered", [])  # Nobody waits for it.
    answer.close()

    assert done == [{"now": True}]
    with own_app.app_context():
        assert [job.payload for job in jobs()] == [{"now": False}]


class LateLock:
    """A lock whose holder is slow to let it go: `meanwhile` happens first."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile, self.lock = [meanwhile], threading.Lock()

    def acquire(self, blocking: bool) -> bool:
        return self.lock.acquire(blocking=blocking)

    def release(self) -> None:
        if self.meanwhile:
            self.meanwhile.pop()()
        self.lock.release()


def test_work_that_comes_as_the_last_is_done_is_not_left_behind(
    own_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[dict[str, Any]] = []
    register(own_app, "note", Handler(done.append))
    bp = Blueprint("asking", __name__)
    bp.before_request(public)

    @bp.post("/ask/<name>")
    def ask_for_work(name: str) -> str:
        ask("note", {"name": name})
        return "answered"

    own_app.register_blueprint(bp)
    monkeypatch.setattr("app.jobs._running", LateLock(lambda: own_app.test_client().post("/ask/second").close()))

    own_app.test_client().post("/ask/first").close()

    assert done == [{"name": "first"}, {"name": "second"}]


def test_on_a_server_a_thread_works_and_nobodys_connection_is_held(app: Flask, config: TestConfig) -> None:
    own = create_app(replace(config, JOBS_IN_THREAD=True))
    own.extensions["twilio"], own.extensions["twilio_contents"] = FakeTwilio(), FakeContents()
    go_on, done, workers = threading.Event(), threading.Event(), []

    def slow(_payload: dict[str, Any]) -> None:
        workers.append(threading.current_thread())
        go_on.wait(10)
        done.set()

    register(own, "slow", Handler(slow))
    with own.app_context():
        ask("slow")
    browser = SignedInClient.of(own, Factories().user("dana@example.com", name="Dana"))

    browser.htmx("GET", "/whatsapp/unread").close()
    assert not done.is_set()
    go_on.set()

    assert done.wait(10)
    assert workers != [threading.current_thread()]
    workers[0].join(10)
    with own.app_context():
        assert jobs() == []
    with own.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("headers", [{}, show(""), show("wrong"), show(SECRET + "x"), {"Authorization": SECRET}])
def test_the_crons_door_opens_for_its_secret_alone(own_app: Flask, headers: dict[str, str]) -> None:
    assert own_app.test_client().get(RUN, headers=headers).status_code == 403


def test_without_a_secret_the_crons_door_is_shut(nobody: FlaskClient) -> None:
    for headers in ({}, show(""), {"Authorization": "Bearer "}):
        assert nobody.get(RUN, headers=headers).status_code == 403


def test_the_cron_does_what_waits_and_says_so(own_app: Flask) -> None:
    done: list[dict[str, Any]] = []
    register(own_app, "note", Handler(done.append))
    register(own_app, "fail", Handler(lambda _payload: [][0]))
    client = own_app.test_client()
    with own_app.app_context():
        ask("note")
        ask("fail")

    first, second = client.get(RUN, headers=show(SECRET)), client.get(RUN, headers=show(SECRET))

    # What is periodic is stored by the first visit, and done by it.
    with own_app.app_context():
        periodic = sum(handler.every is not None for handler in all_handlers().values())
    assert (first.json, second.json) == (
        {"done": 1 + periodic, "failed": 1, "waiting": 0},
        {"done": 0, "failed": 0, "waiting": 0},
    )
    assert done == [{}]
    with own_app.app_context():
        assert find_heartbeat("cron") is not None
        assert SYNC in [job.name for job in jobs()]


def test_the_worker_does_what_waits_and_stops_when_asked_to(app: Flask, own_handlers: None) -> None:
    done: list[dict[str, Any]] = []
    all_handlers().clear()
    register(app, "note", Handler(done.append))
    ask("note")

    result = app.test_cli_runner().invoke(args=["worker", "--once"])

    assert result.output == "Done 1, failed 0.\n"
    assert done == [{}]
    assert find_heartbeat("worker") is not None


def test_who_looks_at_a_page_is_the_offices_clock(
    sign_in: Callable[[User], SignedInClient], ana: User, done: list[dict[str, Any]], statements: list[str]
) -> None:
    browser = sign_in(ana)
    tag = browser.htmx("GET", "/whatsapp/unread").headers["HX-PTag"]
    ask("note", run_at=utcnow() + timedelta(hours=1))
    browser.htmx("GET", "/whatsapp/unread", headers={"HX-PTag": tag}).close()
    assert done == []
    make_due()
    statements.clear()

    poll = browser.htmx("GET", "/whatsapp/unread", headers={"HX-PTag": tag})
    assert (poll.status_code, len(statements)) == (304, 1)
    poll.close()

    assert done == [{}]


def test_a_message_without_an_answer_is_asked_for_by_itself(
    app: Flask, ana: User, bearer: Callable[[User], dict[str, str]], factories: Factories, twilio: FakeTwilio
) -> None:
    factories.conversation("+5491155550101")
    twilio.fail_next(NoAnswer(), accepted=True)
    client, headers = app.test_client(), bearer(ana)
    sent = client.post("/api/whatsapp/send", json={"to": "+5491155550101", "body": "Hola"}, headers=headers)
    assert (sent.status_code, sent.json["status"]) == (202, "unconfirmed")
    [job] = jobs()
    assert (job.name, job.key) == (SYNC, SYNC)
    assert timedelta(minutes=1) < job.run_at - utcnow() <= timedelta(minutes=2)

    make_due()
    run_due(SOON)

    thread = client.get("/api/whatsapp/conversations/+5491155550101/messages", headers=headers)
    assert [message["status"] for message in thread.json["items"]] == ["queued"]
    assert thread.json["items"][0]["message_sid"]


def test_without_credentials_nothing_is_asked_and_nothing_fails(app: Flask, twilio: FakeTwilio) -> None:
    twilio.account = replace(twilio.account, token="")
    ask(SYNC, key=SYNC)

    assert run_due(SOON).failed == 0
