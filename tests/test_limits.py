"""How often is too often: whom a limit counts, what it answers, and whom it must never stop."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits.storage import MemoryStorage
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app import create_app
from app.auth.models import User
from app.extensions import db, limiter
from app.whatsapp.models import Message
from config import TestConfig
from tests.browser import IsolatedClient, SignedInClient
from tests.factories import PASSWORD, Factories
from tests.fakes import FakeTwilio
from tests.signing import STATUS, WEBHOOK, inbound_form, post_signed, status_form

OFFICE, HOME = "203.0.113.7", "198.51.100.9"


@pytest.fixture
def limited(app: Flask, config: TestConfig) -> Iterator[Flask]:
    """The app with its limits on, and nothing counted yet."""
    limited = create_app(replace(config, RATELIMIT_ENABLED=True))
    limited.test_client_class = IsolatedClient
    limited.extensions["twilio"] = FakeTwilio()
    limiter.reset()
    yield limited
    limiter.reset()
    limiter.enabled = False
    with limited.app_context():
        db.engine.dispose()


@pytest.fixture
def client(limited: Flask) -> FlaskClient:
    return limited.test_client()


def enter(
    client: FlaskClient, email: str = "ana@example.com", password: str = "otra", address: str = OFFICE, **more: Any
) -> TestResponse:
    form = {"email": email, "password": password}
    return client.post("/login", data=form, environ_overrides={"REMOTE_ADDR": address}, **more)


def enter_api(
    client: FlaskClient, email: object = "ana@example.com", password: str = "otra", address: str = OFFICE
) -> TestResponse:
    body = {"email": email, "password": password}
    return client.post("/api/auth/login", json=body, environ_overrides={"REMOTE_ADDR": address})


def assert_told_when(answer: TestResponse, at_most: int = 61) -> None:
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= at_most


@pytest.mark.parametrize("door", [enter, enter_api])
def test_after_five_wrong_passwords_one_waits(
    client: FlaskClient, ana: User, door: Callable[..., TestResponse]
) -> None:
    answers = [door(client).status_code for _ in range(5)]

    assert answers == [401] * 5
    assert_told_when(door(client))
    # Not even the right one: else the wait would not stop a list of passwords.
    assert_told_when(door(client, password=PASSWORD))
    assert_told_when(door(client, email=" ANA@example.com"))


@pytest.mark.parametrize("door", [enter, enter_api])
def test_nobody_else_waits(client: FlaskClient, ana: User, bruno: User, door: Callable[..., TestResponse]) -> None:
    for _ in range(6):
        door(client)

    # A colleague in the same office, and the same person from home.
    assert door(client, email=bruno.email, password=PASSWORD).status_code in (200, 303)
    assert door(client, password=PASSWORD, address=HOME).status_code in (200, 303)


@pytest.mark.parametrize("door", [enter, enter_api])
def test_one_address_cannot_try_many_names(client: FlaskClient, ana: User, door: Callable[..., TestResponse]) -> None:
    answers = [door(client, email=f"{number}@example.com").status_code for number in range(30)]

    assert answers == [401] * 30
    assert_told_when(door(client, email="one-more@example.com"))
    assert door(client, password=PASSWORD, address=HOME).status_code in (200, 303)


@pytest.mark.parametrize("door", [enter, enter_api])
def test_signing_in_rightly_is_not_counted(client: FlaskClient, ana: User, door: Callable[..., TestResponse]) -> None:
    answers = {door(client, password=PASSWORD).status_code for _ in range(12)}

    assert answers <= {200, 303}


def test_nobody_is_told_to_come_back_after_no_second_at_all(client: FlaskClient, ana: User) -> None:
    for _ in range(5):
        enter(client)
        enter_api(client)
    storage = limiter.storage
    assert isinstance(storage, MemoryStorage)
    while time.time() % 1 > 0.5:  # Half a second is enough for two questions.
        pass
    for key in storage.expirations:
        storage.expirations[key] = math.ceil(time.time()) - 0.001

    page, program = enter(client), enter_api(client)

    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in (page, program)] == [(429, "1")] * 2


def test_who_waits_is_told_in_words_and_as_a_problem(client: FlaskClient, ana: User) -> None:
    for _ in range(5):
        enter(client)
        enter_api(client)

    page, program = enter(client), enter_api(client)

    said = re.search(r"Demasiados intentos. Probá de nuevo en (\d+) segundos?\.", page.text)
    assert said is not None
    assert abs(int(said[1]) - int(page.headers["Retry-After"])) <= 1  # The header is counted a moment later.
    assert 'value="ana@example.com"' in page.text  # The page itself again, and nothing typed is lost.
    assert program.mimetype == "application/problem+json"
    assert (program.json["status"], program.json["code"]) == (429, "too_many_requests")
    assert program.json["title"] == "Too Many Requests"
    for answer in (page, program):
        assert_told_when(answer)


@pytest.mark.parametrize("email", [None, 7, ["ana"], {"a": 1}, "\ud800", "x" * 100_000, ""])
def test_strange_names_are_counted_too(client: FlaskClient, email: object) -> None:
    answers = [enter_api(client, email=email).status_code for _ in range(6)]

    assert set(answers[:5]) <= {401, 422}
    assert answers[5] == 429


def test_renewing_is_limited_by_address(client: FlaskClient) -> None:
    answers = [client.post("/api/auth/refresh").status_code for _ in range(61)]

    assert answers[:60] == [401] * 60
    assert answers[60] == 429


def test_sending_is_limited_by_person_and_not_by_office(
    limited: Flask, ana: User, bruno: User, factories: Factories
) -> None:
    conversation = factories.conversation()
    url = f"/whatsapp/conversations/{conversation.id}/messages"
    first, second = SignedInClient.of(limited, ana), SignedInClient.of(limited, bruno)

    answers = [first.htmx("POST", url, data={"body": ""}).status_code for _ in range(61)]

    assert answers[:60] == [422] * 60
    assert answers[60] == 429
    assert second.htmx("POST", url, data={"body": "Hola"}).status_code == 201


def test_a_page_says_how_much_is_left(limited: Flask, ana: User) -> None:
    answer = SignedInClient.of(limited, ana).get("/coordinaciones")

    assert answer.headers["X-RateLimit-Limit"] == "3000"
    assert answer.headers["X-RateLimit-Remaining"] == "2999"


def test_only_a_refusal_asks_to_wait(limited: Flask, client: FlaskClient, ana: User) -> None:
    answers = [SignedInClient.of(limited, ana).get("/coordinaciones"), client.get("/"), client.get("/nowhere")]
    answers += [enter_api(client) for _ in range(6)]

    asked = [(answer.status_code, "Retry-After" in answer.headers) for answer in answers]
    assert asked == [(200, False), (asked[1][0], False), (404, False), *[(401, False)] * 5, (429, True)]


def test_files_are_never_refused(client: FlaskClient) -> None:
    for _ in range(3):
        with client.get("/static/css/base.css") as answer:
            assert "X-RateLimit-Limit" not in answer.headers


def refused(client: FlaskClient, target: str, address: str = OFFICE) -> TestResponse:
    return client.post(target, data=inbound_form(), environ_overrides={"REMOTE_ADDR": address})


@pytest.mark.parametrize("target", [WEBHOOK, STATUS])
def test_who_posts_unsigned_webhooks_is_soon_not_even_heard(client: FlaskClient, target: str) -> None:
    answers = [refused(client, target).status_code for _ in range(121)]

    assert answers[:120] == [403] * 120
    assert answers[120] == 429
    assert refused(client, target, address=HOME).status_code == 403


def test_a_busy_minute_of_real_messages_all_arrives(client: FlaskClient) -> None:
    answers = {post_signed(client, WEBHOOK, inbound_form(f"Hola {n}")).status_code for n in range(125)}

    assert answers == {200}
    assert db.session.scalar(select(func.count()).select_from(Message)) == 125


def test_two_hundred_real_callbacks_in_a_minute_are_all_heard(client: FlaskClient) -> None:
    answers = {post_signed(client, STATUS, status_form(f"SM{n:032x}", "delivered")).status_code for n in range(200)}

    assert answers == {204}


def test_a_real_message_arrives_however_many_false_ones_came_before(client: FlaskClient) -> None:
    # Behind a proxy that is not counted in TRUSTED_PROXIES all come from one address.
    for _ in range(125):
        refused(client, WEBHOOK, address=HOME)

    answer = post_signed(client, WEBHOOK, inbound_form(), environ_overrides={"REMOTE_ADDR": HOME})

    assert answer.status_code == 200
