"""Signing in, renewing and leaving, for programs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.auth.models import LoginSession, User
from app.extensions import db, utcnow
from tests.auth.tampering import REFRESH, claims_of, cookie, expired, forge, only_session
from tests.browser import SignedInClient
from tests.factories import PASSWORD, Factories

LOGIN, RENEW, LOGOUT, READ = "/api/auth/login", "/api/auth/refresh", "/api/auth/logout", "/api/whatsapp/unread-count"


def enter(client: FlaskClient, user: User) -> dict[str, Any]:
    answer = client.post(LOGIN, json={"email": user.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return answer.json


def show(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def assert_refused(answer: TestResponse, code: str = "unauthorized") -> None:
    assert answer.status_code == 401, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"] == code


def encode(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_the_right_password_gives_a_pair_and_who_one_is(nobody: FlaskClient, carla: User) -> None:
    answer = nobody.post(LOGIN, json={"email": "CARLA@example.com ", "password": PASSWORD})

    assert answer.status_code == 200
    assert set(answer.json) == {"access_token", "refresh_token", "expires_in", "user"}
    assert answer.json["expires_in"] == 900
    assert answer.json["user"] == {"id": carla.id, "email": "carla@example.com", "name": "Carla", "role": "admin"}
    assert "Set-Cookie" not in answer.headers
    assert nobody.get(READ, headers=show(answer.json["access_token"])).json == {"unread_count": 0}


def test_wrong_credentials_are_all_refused_alike(nobody: FlaskClient, ana: User, factories: Factories) -> None:
    factories.user("gone@example.com", active=False)
    tries = [("ana@example.com", "otra"), ("nadie@example.com", PASSWORD), ("gone@example.com", PASSWORD)]

    answers = [nobody.post(LOGIN, json={"email": email, "password": password}) for email, password in tries]

    for answer in answers:
        assert_refused(answer, "wrong_credentials")
    assert len({answer.text for answer in answers}) == 1
    assert db.session.scalar(select(func.count()).select_from(LoginSession)) == 0


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"email", "password"}),
        ([], {"email", "password"}),
        (["ana@example.com", PASSWORD], {"email", "password"}),
        (7, {"email", "password"}),
        ("ana@example.com", {"email", "password"}),
        (True, {"email", "password"}),
        ({"email": None, "password": None}, {"email", "password"}),
        ({"email": ["ana@example.com"], "password": PASSWORD}, {"email"}),
        ({"email": {"$ne": ""}, "password": PASSWORD}, {"email"}),
        ({"email": "ana@example.com", "password": {"$ne": ""}}, {"password"}),
        ({"email": "ana@example.com", "password": [PASSWORD]}, {"password"}),
        ({"email": 1e308, "password": 0}, {"email", "password"}),
        ({"email": True, "password": True}, {"email", "password"}),
        ({"email": "ana@example.com"}, {"password"}),
        ({"password": PASSWORD}, {"email"}),
        ({"email": "  ", "password": PASSWORD}, {"email"}),
        ({"email": "ana@example.com\u0000", "password": PASSWORD}, {"email"}),
        ({"email": "a" * 1_000_000, "password": PASSWORD}, {"email"}),
        ({"email": "ana@example.com", "password": "p" * 1_000_000}, {"password"}),
    ],
)
def test_a_body_of_another_shape_is_told_its_fields(
    nobody: FlaskClient, ana: User, body: object, fields: set[str]
) -> None:
    answer = nobody.post(LOGIN, json=body)

    assert answer.status_code == 422
    assert answer.json["code"] == "invalid"
    assert set(answer.json["errors"]) == fields


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"null", "application/json", 422),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"email": NaN}', "application/json", 422),
        (b"1" * 5000, "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"a":' * 100_000, "application/json", 400),
        (b"email=ana", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
        (b'{"email": "ana@example.com", "password": "\\ud800"}', "application/json", 401),
        (b'{"email": "\\ud800@example.com", "password": "x"}', "application/json", 401),
        (b'{"email": "ana@example.com", "password": "a\\u0000b"}', "application/json", 401),
    ],
)
def test_a_body_that_nobody_means_never_breaks_the_door(
    nobody: FlaskClient, ana: User, body: bytes, content_type: str, status: int
) -> None:
    answer = nobody.post(LOGIN, data=body, content_type=content_type)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_a_refresh_token_gives_a_new_pair_once(nobody: FlaskClient, ana: User) -> None:
    first = enter(nobody, ana)

    second = nobody.post(RENEW, headers=show(first["refresh_token"]))

    assert second.status_code == 200
    assert set(second.json) == {"access_token", "refresh_token", "expires_in"}
    assert second.json["refresh_token"] != first["refresh_token"]
    assert claims_of(second.json["refresh_token"])["sid"] == claims_of(first["refresh_token"])["sid"]
    assert nobody.get(READ, headers=show(second.json["access_token"])).status_code == 200


def test_a_program_can_renew_again_and_again(nobody: FlaskClient, ana: User) -> None:
    pair = enter(nobody, ana)

    for _ in range(5):
        pair = nobody.post(RENEW, headers=show(pair["refresh_token"])).json

    assert nobody.get(READ, headers=show(pair["access_token"])).status_code == 200
    assert only_session().revoked_at is None


def test_a_spent_refresh_token_ends_the_session_and_all_its_tokens_at_once(nobody: FlaskClient, ana: User) -> None:
    first = enter(nobody, ana)
    second = nobody.post(RENEW, headers=show(first["refresh_token"])).json

    again = nobody.post(RENEW, headers=show(first["refresh_token"]))

    assert_refused(again, "session_ended")
    assert_refused(nobody.get(READ, headers=show(first["access_token"])))
    assert_refused(nobody.get(READ, headers=show(second["access_token"])))
    assert_refused(nobody.post(RENEW, headers=show(second["refresh_token"])), "session_ended")


def test_other_sessions_of_the_same_person_go_on(nobody: FlaskClient, ana: User) -> None:
    stolen, other = enter(nobody, ana), enter(nobody, ana)
    for _ in range(2):
        nobody.post(RENEW, headers=show(stolen["refresh_token"]))

    assert nobody.get(READ, headers=show(other["access_token"])).status_code == 200


def test_signing_out_revokes_both_tokens_at_once(nobody: FlaskClient, ana: User) -> None:
    pair = enter(nobody, ana)

    answer = nobody.post(LOGOUT, headers=show(pair["access_token"]))

    assert (answer.status_code, answer.data) == (204, b"")
    assert_refused(nobody.get(READ, headers=show(pair["access_token"])))
    assert_refused(nobody.post(RENEW, headers=show(pair["refresh_token"])), "session_ended")
    assert_refused(nobody.post(LOGOUT, headers=show(pair["access_token"])))


def test_each_kind_of_token_is_refused_in_the_others_place(nobody: FlaskClient, ana: User) -> None:
    pair = enter(nobody, ana)

    assert_refused(nobody.get(READ, headers=show(pair["refresh_token"])))
    assert_refused(nobody.post(LOGOUT, headers=show(pair["refresh_token"])))
    assert_refused(nobody.post(RENEW, headers=show(pair["access_token"])))
    assert only_session().revoked_at is None


def test_who_is_deactivated_is_out_at_once(nobody: FlaskClient, ana: User, factories: Factories) -> None:
    pair = enter(nobody, ana)
    factories.reload(ana).active = False
    factories.store(ana)

    assert_refused(nobody.get(READ, headers=show(pair["access_token"])))
    assert_refused(nobody.post(RENEW, headers=show(pair["refresh_token"])), "session_ended")


def test_a_browser_renews_with_its_cookie_and_csrf_value(sign_in: Callable[[User], SignedInClient], ana: User) -> None:
    browser = sign_in(ana)
    before = cookie(browser, REFRESH)

    refused = browser.post(RENEW)
    renewed = browser.post(RENEW, headers={"X-CSRF-TOKEN": browser.csrf})

    assert (refused.status_code, refused.json["code"]) == (403, "csrf_failed")
    assert renewed.status_code == 200
    assert cookie(browser, REFRESH) == renewed.json["refresh_token"] != before


def test_signing_out_by_the_api_takes_the_browsers_cookies_too(
    sign_in: Callable[[User], SignedInClient], ana: User
) -> None:
    browser = sign_in(ana)

    answer = browser.post(LOGOUT, headers={"X-CSRF-TOKEN": browser.csrf})

    assert answer.status_code == 204
    assert browser.get_cookie(REFRESH) is None


def test_a_token_in_the_address_is_no_token(nobody: FlaskClient, ana: User) -> None:
    token = enter(nobody, ana)["access_token"]

    assert_refused(nobody.get(f"{READ}?jwt={token}&access_token={token}&token={token}"))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "bearer",
        "Basic YW5hOnBhc3M=",
        "Token abc",
        "Bearer abc",
        "Bearer a.b",
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer a.b.c.d",
        "Bearer \xff\xfe",
        "Bearer ñandú.ñandú.ñandú",
        "Bearer null",
        "Bearer " + "a" * 7000,
        "Bearer " + "." * 7000,
        f"Bearer {encode([])}.{encode({})}.x",
        f"Bearer {encode('x')}.{encode({})}.x",
        f"Bearer {encode({'alg': None})}.{encode({})}.x",
        f"Bearer {encode({'alg': []})}.{encode({})}.x",
        f"Bearer {encode({'alg': 'HS256', 'kid': 7})}.{encode({})}.x",
        f"Bearer {encode({'alg': 'HS256', 'crit': ['b64']})}.{encode({})}.x",
        f"Bearer {encode({'alg': 'none'})}.{encode({'sub': '1'})}.",
        f"Bearer {encode(b'[' * 5000)}.{encode({})}.x",
        f"Bearer {encode(b'1' * 5000)}.{encode({})}.x",
        f"Bearer {encode(bytes(range(256)))}.{encode({})}.x",
    ],
)
def test_a_malformed_token_is_401_everywhere(nobody: FlaskClient, header: str) -> None:
    headers = {"Authorization": header}

    for answer in (nobody.get(READ, headers=headers), nobody.post(RENEW, headers=headers)):
        assert_refused(answer)


@pytest.mark.parametrize(
    "change",
    [
        {"key": "another secret that is long enough for it"},
        {"key": "", "algorithm": "none"},
        {"algorithm": "HS384"},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": None},
        {"nbf": 99999999999},
        {"iat": "x"},
        {"sub": "x"},
        {"sub": 7},
        {"sub": None},
        {"sub": []},
        {"sid": None},
        {"sid": "0" * 32},
        {"sid": {"a": 1}},
        {"sid": "x" * 5000},
        {"jti": None},
        {"rid": None},
        {"type": None},
        {"type": "refresh"},
        {"type": ["access"]},
        {"csrf": None},
    ],
)
def test_a_token_that_says_something_else_never_breaks_a_door(
    nobody: FlaskClient, ana: User, change: dict[str, Any]
) -> None:
    token = forge(enter(nobody, ana)["access_token"], **change)

    answer = nobody.get(READ, headers=show(token))

    # What only our own key can have signed may pass; what says nothing of a session that stands may not.
    harmless = change in ({"csrf": None}, {"exp": None}, {"jti": None}, {"type": None}, {"type": ["access"]})
    assert answer.status_code == 401 or (harmless and answer.status_code == 200)


def test_a_token_that_ran_out_is_refused(nobody: FlaskClient, ana: User) -> None:
    pair = enter(nobody, ana)

    assert_refused(nobody.get(READ, headers=show(expired(pair["access_token"]))))
    assert_refused(nobody.post(RENEW, headers=show(expired(pair["refresh_token"]))))


@pytest.mark.parametrize(("seconds", "status"), [(8, 200), (60, 401)])
def test_the_clocks_of_two_servers_may_differ_by_some_seconds(
    nobody: FlaskClient, ana: User, seconds: int, status: int
) -> None:
    token, now = enter(nobody, ana)["access_token"], int(utcnow().timestamp())
    ahead = forge(token, iat=now + seconds, nbf=now + seconds)
    behind = forge(token, exp=now - seconds)

    assert [nobody.get(READ, headers=show(one)).status_code for one in (ahead, behind)] == [status, status]


def test_a_good_cookie_does_not_stand_in_for_a_bad_header(sign_in: Callable[[User], SignedInClient], ana: User) -> None:
    # Who shows a token means that one; with the cookie a request without CSRF would pass.
    browser = sign_in(ana)

    assert_refused(browser.get(READ, headers=show("bad")))
    assert_refused(browser.post("/api/coordinaciones", json={}, headers=show("bad")))
