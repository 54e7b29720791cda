"""Signing in and out, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.auth.models import LoginSession, User
from app.extensions import db
from tests.auth.tampering import ACCESS, REFRESH, claims_of, cookie, expired, only_session
from tests.browser import SignedInClient
from tests.factories import PASSWORD, Factories

HTTPS = "https://coordina.example"


def enter(client: FlaskClient, email: str = "ana@example.com", password: str = PASSWORD, **more: str) -> TestResponse:
    return client.post("/login", data={"email": email, "password": password} | more)


def sessions() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(LoginSession)) or 0


def set_cookies(answer: TestResponse) -> dict[str, str]:
    return {line.split("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}


def test_the_page_asks_for_email_and_password(nobody: FlaskClient) -> None:
    page = nobody.get("/login")

    assert page.status_code == 200
    assert 'name="email"' in page.text
    assert 'type="password"' in page.text
    assert "Tu sesión terminó" not in page.text
    assert set_cookies(page) == {}


def test_the_right_password_leads_to_the_coordinaciones(nobody: FlaskClient, ana: User) -> None:
    answer = enter(nobody)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/coordinaciones")
    page = nobody.get("/coordinaciones")
    assert page.status_code == 200
    assert "Ana" in page.text


@pytest.mark.parametrize(
    "email", ["ANA@example.com", "  ana@Example.COM ", "Ana@example.com", "\u200bana@\u2060example.com\u00a0\ufeff"]
)
def test_an_email_is_one_however_it_is_written(nobody: FlaskClient, ana: User, email: str) -> None:
    assert enter(nobody, email).status_code == 303


def test_a_password_counts_every_letter_and_space(nobody: FlaskClient, ana: User) -> None:
    for password in (PASSWORD + " ", " " + PASSWORD, PASSWORD.upper(), PASSWORD[:-1]):
        assert enter(nobody, password=password).status_code == 401


def test_a_wrong_password_is_told_and_the_email_kept(nobody: FlaskClient, ana: User) -> None:
    answer = enter(nobody, password="otra", next="/whatsapp/")

    assert answer.status_code == 401
    assert "El correo o la contraseña no coinciden." in answer.text
    assert 'value="ana@example.com"' in answer.text
    assert 'value="/whatsapp/"' in answer.text
    assert "otra" not in answer.text
    assert set_cookies(answer) == {}
    assert sessions() == 0


def test_an_answer_never_tells_which_emails_exist(nobody: FlaskClient, ana: User, factories: Factories) -> None:
    factories.user("gone@example.com", active=False)

    answers = [
        enter(nobody, "ana@example.com", "otra"),
        enter(nobody, "nadie@example.com", "otra"),
        enter(nobody, "gone@example.com", PASSWORD),
    ]

    assert {answer.status_code for answer in answers} == {401}
    bodies = {
        answer.text.replace(email, "@")
        for answer, email in zip(answers, ("ana@example.com", "nadie@example.com", "gone@example.com"), strict=True)
    }
    assert len(bodies) == 1
    assert sessions() == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Escribí tu correo."),
        ({"email": "", "password": "x"}, "Escribí tu correo."),
        ({"email": "ana@example.com"}, "Escribí tu contraseña."),
        ({"email": "ana@example.com", "password": ""}, "Escribí tu contraseña."),
        ({"email": "a" * 255, "password": "x"}, "Escribí tu correo."),
        ({"email": "ana@example.com\x00", "password": "x"}, "Escribí tu correo."),
        ({"email": "ana@example.com", "password": "x" * 1001}, "Escribí tu contraseña."),
    ],
)
def test_what_is_missing_is_named(nobody: FlaskClient, ana: User, fields: dict[str, str], sentence: str) -> None:
    answer = nobody.post("/login", data=fields)

    assert answer.status_code == 422
    assert sentence in answer.text


def test_what_was_typed_comes_back_as_text(nobody: FlaskClient) -> None:
    answer = enter(nobody, '"><script>alert(1)</script>@x', "x", next='"><b>')

    assert answer.status_code == 401
    assert "<script>alert" not in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize(
    "back", ["/coordinaciones/7", "/whatsapp/?filter=unread&q=lucía", "/", "/coordinaciones?q=a%2Fb#x", "/a//b"]
)
def test_one_comes_back_to_where_one_was(nobody: FlaskClient, ana: User, back: str) -> None:
    page = nobody.get("/login", query_string={"next": back})
    answer = enter(nobody, next=back)

    assert unescape(page.text).count(f'value="{back}"') == 1
    assert answer.status_code == 303
    assert answer.headers["Location"].replace("%C3%AD", "í") == back


@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example",
        "///evil.example",
        "https://evil.example",
        "https:evil.example",
        "HTTPS://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        " //evil.example",
        " https://evil.example",
        "\x00//evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        "//[",
        "http://[::1",
        "/\\[",
        "?next=//evil.example",
        "",
    ],
)
def test_nobody_is_sent_to_another_site(nobody: FlaskClient, ana: User, evil: str) -> None:
    answer = enter(nobody, next=evil)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/coordinaciones")


@pytest.mark.parametrize("referrer", ["http://[", "https://evil.example//evil.example/x", "nonsense", ""])
def test_a_strange_referrer_breaks_nothing(nobody: FlaskClient, ana: User, referrer: str) -> None:
    sent = nobody.post("/coordinaciones", headers={"Referer": referrer})
    htmx = nobody.get("/whatsapp/list", headers={"HX-Request": "true", "HX-Current-URL": referrer})

    assert (sent.status_code, htmx.status_code) == (303, 401)
    assert sent.headers["Location"].startswith("/login?next=")
    entered = enter(nobody, next=sent.headers["Location"].split("next=")[1].replace("%2F", "/"))
    assert not entered.headers["Location"].startswith("//")


def test_a_page_asked_for_by_nobody_waits_behind_the_sign_in(nobody: FlaskClient) -> None:
    page = nobody.get("/coordinaciones?q=Lucía%26Tom&page=2")
    form = nobody.post("/coordinaciones/3/archive", headers={"Referer": "http://localhost/coordinaciones/3"})

    assert page.headers["Location"] == "/login?next=%2Fcoordinaciones%3Fq%3DLuc%C3%ADa%2526Tom%26page%3D2"
    assert form.headers["Location"] == "/login?next=%2Fcoordinaciones%2F3"


def test_whose_session_ended_is_told_so(
    nobody: FlaskClient, sign_in: Callable[[User], SignedInClient], ana: User
) -> None:
    browser = sign_in(ana)
    browser.delete_cookie(ACCESS)
    browser.set_cookie(REFRESH, "worn out")

    answer = browser.get("/coordinaciones")
    page = browser.get(answer.headers["Location"])

    assert answer.headers["Location"] == "/login?next=%2Fcoordinaciones&ended=1"
    assert "Tu sesión terminó. Entrá de nuevo." in page.text
    # Who never was here is not told that anything ended.
    assert "ended" not in nobody.get("/coordinaciones").headers["Location"]


@pytest.mark.parametrize(
    ("base_url", "secure"),
    [
        ("http://localhost", False),
        ("http://localhost:5000", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("http://192.168.0.7:8000", True),
        ("http://localhost.evil.example", True),
        (HTTPS, True),
        ("https://localhost", True),
    ],
)
def test_cookies_are_out_of_reach_of_scripts_and_other_sites(
    nobody: FlaskClient, ana: User, base_url: str, secure: bool
) -> None:
    answer = nobody.post("/login", data={"email": ana.email, "password": PASSWORD}, base_url=base_url)

    for name in (ACCESS, REFRESH):
        attributes = {part.strip() for part in set_cookies(answer)[name].split(";")[1:]}
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
        assert ("Secure" in attributes) is secure
        assert not any(attribute.startswith("Domain") for attribute in attributes)


def test_tokens_last_fifteen_minutes_and_thirty_days(nobody: FlaskClient, ana: User) -> None:
    enter(nobody)
    access, refresh = claims_of(cookie(nobody, ACCESS)), claims_of(cookie(nobody, REFRESH))

    assert access["exp"] - access["iat"] == 15 * 60
    assert refresh["exp"] - refresh["iat"] == 30 * 24 * 3600
    assert (access["type"], refresh["type"]) == ("access", "refresh")
    assert access["sub"] == refresh["sub"] == str(ana.id)
    assert only_session().refresh_id == refresh["rid"] == access["rid"]
    # Tokens can be read by who holds them: nothing of the person is in them.
    assert {"email", "name", "password"}.isdisjoint(access)


def test_each_sign_in_is_a_session_of_its_own(sign_in: Callable[[User], SignedInClient], ana: User) -> None:
    desk, phone = sign_in(ana), sign_in(ana)

    assert desk.csrf != phone.csrf
    assert desk.post("/logout", data={"csrf_token": desk.csrf}).status_code == 303
    assert phone.get("/coordinaciones").status_code == 200


def test_signing_out_takes_the_cookies_and_ends_the_session(
    sign_in: Callable[[User], SignedInClient], ana: User
) -> None:
    browser = sign_in(ana)
    access = cookie(browser, ACCESS)

    answer = browser.post("/logout", data={"csrf_token": browser.csrf})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert browser.get_cookie(ACCESS) is None
    assert browser.get_cookie(REFRESH) is None
    assert only_session().revoked_at is not None
    browser.set_cookie(ACCESS, access)
    assert browser.get("/coordinaciones").status_code == 303


def test_signing_out_after_a_pause_leaves_no_cookies_behind(
    sign_in: Callable[[User], SignedInClient], ana: User
) -> None:
    # The guard renews the tokens on the way in; the renewed ones must not follow the person out.
    browser = sign_in(ana)
    browser.set_cookie(ACCESS, expired(cookie(browser, ACCESS)))

    browser.post("/logout", data={"csrf_token": browser.csrf})

    assert browser.get_cookie(ACCESS) is None
    assert browser.get_cookie(REFRESH) is None


def test_signing_out_is_no_link(sign_in: Callable[[User], SignedInClient], ana: User) -> None:
    browser = sign_in(ana)

    assert browser.get("/logout").status_code == 405
    assert browser.post("/logout").status_code == 403
    assert browser.get("/coordinaciones").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ],
)
def test_another_sites_form_signs_nobody_in(nobody: FlaskClient, ana: User, headers: dict[str, str]) -> None:
    page = nobody.post("/login", data={"email": ana.email, "password": PASSWORD}, headers=headers)
    program = nobody.post("/api/auth/login", json={"email": ana.email, "password": PASSWORD}, headers=headers)

    assert (page.status_code, program.status_code) == (403, 403)
    assert program.json["code"] == "csrf_failed"
    assert set_cookies(page) == {}
    assert sessions() == 0


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}, {}]
)
def test_our_own_form_signs_in(nobody: FlaskClient, ana: User, headers: dict[str, str]) -> None:
    answer = nobody.post("/login", data={"email": ana.email, "password": PASSWORD}, headers=headers)

    assert answer.status_code == 303


def test_a_link_from_another_site_still_shows_the_page(nobody: FlaskClient) -> None:
    assert nobody.get("/login", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
