"""What every answer carries, and whose word is taken for the caller's address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from app import create_app
from app.auth.models import User
from app.extensions import db
from config import TestConfig
from tests.browser import IsolatedClient, SignedInClient

ANSWERS = {
    "/login": 200,
    "/": 303,
    "/nada": 404,
    "/api/nada": 404,
    "/api/coordinaciones": 401,
    "/api/whatsapp/webhook": 405,
    "/static/css/base.css": 200,
    "/static/nada.css": 404,
}


@pytest.mark.parametrize("url", ANSWERS)
def test_every_answer_forbids_what_is_not_ours(nobody: FlaskClient, url: str) -> None:
    with nobody.get(url) as answer:
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))

        assert answer.status_code == ANSWERS[url]
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["form-action"] == "'self'"
        assert not re.search(r"unsafe|https?:|\*", answer.headers["Content-Security-Policy"])
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]


def test_https_is_asked_for_again_only_over_https(nobody: FlaskClient) -> None:
    plain, safe = nobody.get("/login"), nobody.get("/login", base_url="https://coordina.example")

    assert "Strict-Transport-Security" not in plain.headers
    assert safe.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_pages_are_kept_by_nobody_but_their_reader_who_asks_again(
    nobody: FlaskClient, sign_in: Callable[[User], SignedInClient], ana: User
) -> None:
    browser = sign_in(ana)

    for answer in (nobody.get("/login"), browser.get("/coordinaciones"), browser.get("/api/coordinaciones")):
        assert answer.headers["Cache-Control"] == "private, no-cache"


def test_files_are_kept_a_year_under_an_address_that_changes_with_them(nobody: FlaskClient) -> None:
    page = nobody.get("/login").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)

    assert len(addresses) >= 4
    for address in addresses:
        with nobody.get(address) as answer:
            assert answer.status_code == 200, address
            assert re.search(r"\?v=[0-9a-f]{12}$|^/static/[0-9a-f]{12}/", address)
            assert answer.headers["Cache-Control"].endswith("max-age=31536000")


def test_a_file_that_is_missing_is_not_kept_as_missing(nobody: FlaskClient) -> None:
    answer = nobody.get("/static/nada.css?v=123456789012")

    assert answer.status_code == 404
    assert "max-age=31536000" not in answer.headers.get("Cache-Control", "")


def test_nothing_outside_the_static_folder_is_served(nobody: FlaskClient) -> None:
    for path in ("../config.py", "..%2fconfig.py", "%2e%2e/config.py", "/etc/passwd", "..\\config.py"):
        with nobody.get(f"/static/{path}", follow_redirects=True) as answer:
            assert answer.status_code == 404, path


@pytest.fixture
def proxied(app: Flask, config: TestConfig) -> Iterator[Callable[[int], FlaskClient]]:
    """Return a client of an app that stands behind as many proxies as asked; /who tells who it thinks is calling."""
    made: list[Flask] = []

    def behind(proxies: int) -> FlaskClient:
        app = create_app(replace(config, TRUSTED_PROXIES=proxies))
        app.test_client_class = IsolatedClient
        app.add_url_rule("/who", view_func=lambda: f"{request.remote_addr} {request.scheme} {request.host}")
        made.append(app)
        return app.test_client()

    yield behind
    for app in made:
        with app.app_context():
            db.engine.dispose()


FORWARDED = {
    "X-Forwarded-For": "6.6.6.6, 203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "coordina.example",
}


def test_without_a_proxy_nobody_chooses_their_own_address(proxied: Callable[[int], FlaskClient]) -> None:
    answer = proxied(0).get("/who", headers=FORWARDED)

    assert answer.text == "127.0.0.1 http localhost"
    assert "Strict-Transport-Security" not in answer.headers


def test_behind_one_proxy_only_its_own_word_counts(proxied: Callable[[int], FlaskClient]) -> None:
    answer = proxied(1).get("/who", headers=FORWARDED)

    assert answer.text == "203.0.113.7 https coordina.example"
    assert "Strict-Transport-Security" in answer.headers
