"""A browser's session: renewed without a word, shared by parallel requests, ended when somebody kept a copy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.auth.models import User
from app.coordinaciones.models import Coordinacion
from app.extensions import db, utcnow
from tests.auth.tampering import ACCESS, REFRESH, change_session, claims_of, cookie, expired, forge, only_session
from tests.browser import IsolatedClient, SignedInClient
from tests.factories import PASSWORD, Factories

FORM = {"title": "Quince de Mora", "client_name": "Mora Díaz"}


@pytest.fixture
def browser(sign_in: Callable[[User], SignedInClient], ana: User) -> SignedInClient:
    return sign_in(ana)


def without_access(browser: SignedInClient) -> None:
    browser.delete_cookie(ACCESS)


def with_expired_access(browser: SignedInClient) -> None:
    browser.set_cookie(ACCESS, expired(cookie(browser, ACCESS)))


def with_garbled_access(browser: SignedInClient) -> None:
    browser.set_cookie(ACCESS, "garbled")


PAUSES = [without_access, with_expired_access, with_garbled_access]


def copy_of(browser: SignedInClient, app: Flask) -> SignedInClient:
    """Return another browser with the same cookies: a second request on its way, or a thief."""
    other = SignedInClient(app, app.response_class, use_cookies=True)
    other.csrf = browser.csrf
    for name in (ACCESS, REFRESH):
        if browser.get_cookie(name):
            other.set_cookie(name, cookie(browser, name))
    return other


def rotated(seconds_ago: float) -> None:
    change_session(rotated_at=utcnow() - timedelta(seconds=seconds_ago))


@pytest.mark.parametrize("pause", PAUSES)
def test_a_page_after_a_pause_is_simply_there(browser: SignedInClient, pause: Callable[[SignedInClient], None]) -> None:
    before = claims_of(cookie(browser, REFRESH))
    pause(browser)

    answer = browser.get("/coordinaciones")

    assert answer.status_code == 200
    assert claims_of(cookie(browser, REFRESH))["rid"] != before["rid"]
    assert claims_of(cookie(browser, ACCESS))["exp"] > utcnow().timestamp() + 14 * 60
    assert browser.get("/coordinaciones").headers.getlist("Set-Cookie") == []


@pytest.mark.parametrize("pause", PAUSES)
def test_a_piece_after_a_pause_is_simply_there(
    browser: SignedInClient, pause: Callable[[SignedInClient], None]
) -> None:
    pause(browser)

    answer = browser.htmx("GET", "/whatsapp/list")

    assert answer.status_code == 200
    assert "HX-Redirect" not in answer.headers
    assert len(answer.headers.getlist("Set-Cookie")) == 2


@pytest.mark.parametrize("pause", PAUSES)
def test_the_poll_after_a_pause_brings_the_new_cookies_in_a_whole_answer(
    browser: SignedInClient, pause: Callable[[SignedInClient], None]
) -> None:
    tag = browser.htmx("GET", "/whatsapp/unread").headers["HX-PTag"]
    pause(browser)

    renewed = browser.htmx("GET", "/whatsapp/unread", headers={"HX-PTag": tag})
    idle = browser.htmx("GET", "/whatsapp/unread", headers={"HX-PTag": tag})

    # Some caches drop the cookies of a 304.
    assert (renewed.status_code, len(renewed.headers.getlist("Set-Cookie"))) == (200, 2)
    assert (idle.status_code, idle.headers.getlist("Set-Cookie")) == (304, [])


@pytest.mark.parametrize("pause", PAUSES)
def test_a_form_opened_before_the_pause_still_counts(
    browser: SignedInClient, pause: Callable[[SignedInClient], None]
) -> None:
    form = FORM | {"csrf_token": browser.csrf}
    assert browser.csrf in browser.get("/coordinaciones/new").text
    pause(browser)

    answer = browser.post("/coordinaciones", data=form)

    assert answer.status_code == 303
    assert not answer.headers["Location"].startswith("/login")
    db.session.rollback()
    assert db.session.scalars(select(Coordinacion.title)).all() == ["Quince de Mora"]


def test_a_form_without_its_csrf_value_renews_nothing_and_writes_nothing(browser: SignedInClient) -> None:
    before = cookie(browser, REFRESH)
    without_access(browser)

    answer = browser.post("/coordinaciones", data=FORM)

    assert answer.status_code == 403
    assert cookie(browser, REFRESH) == before
    assert claims_of(before)["rid"] == only_session().refresh_id
    db.session.rollback()
    assert db.session.scalars(select(Coordinacion)).all() == []


def test_a_page_of_an_earlier_session_is_told_to_load_again(browser: SignedInClient) -> None:
    answer = browser.post("/coordinaciones", data=FORM | {"csrf_token": "0" * 64})

    assert answer.status_code == 403
    assert "Esta página quedó vieja. Volvé a cargarla y probá de nuevo." in answer.text


def test_the_csrf_value_stays_the_same_through_renewals(browser: SignedInClient) -> None:
    for _ in range(3):
        without_access(browser)
        assert browser.csrf in browser.get("/coordinaciones/new").text


def test_an_error_page_carries_the_new_cookies_too(browser: SignedInClient) -> None:
    # The old refresh token is spent; an answer that lost the new one would end the session a little later.
    without_access(browser)

    answer = browser.get("/coordinaciones/999")

    assert answer.status_code == 404
    assert claims_of(cookie(browser, REFRESH))["rid"] == only_session().refresh_id


def test_two_requests_at_once_with_one_refresh_token_both_pass(app: Flask, browser: SignedInClient) -> None:
    without_access(browser)
    second = copy_of(browser, app)

    answers = [browser.get("/coordinaciones"), second.htmx("GET", "/whatsapp/unread")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert claims_of(cookie(browser, REFRESH))["rid"] == claims_of(cookie(second, REFRESH))["rid"]
    assert only_session().revoked_at is None


def test_an_answer_lost_on_its_way_may_be_asked_for_again_however_late(app: Flask, browser: SignedInClient) -> None:
    without_access(browser)
    unlucky = copy_of(browser, app)
    browser.get("/coordinaciones")
    rotated(seconds_ago=3600)

    assert unlucky.get("/coordinaciones").status_code == 200
    assert claims_of(cookie(unlucky, REFRESH))["rid"] == only_session().refresh_id
    assert only_session().revoked_at is None


@pytest.mark.parametrize("url", ["/coordinaciones", "/whatsapp/unread", "/api/coordinaciones"])
def test_an_answer_that_arrived_leaves_half_a_minute_for_requests_on_their_way(
    app: Flask, browser: SignedInClient, url: str
) -> None:
    without_access(browser)
    late, too_late = copy_of(browser, app), copy_of(browser, app)
    browser.get("/coordinaciones")
    assert browser.htmx("GET", url).status_code == 200
    rotated(seconds_ago=29)
    assert late.get("/coordinaciones").status_code == 200
    assert only_session().revoked_at is None

    rotated(seconds_ago=31)

    assert too_late.get("/coordinaciones").status_code == 303
    assert only_session().revoked_at is not None


def test_a_spent_refresh_token_ends_the_session_once_the_next_was_shown(app: Flask, browser: SignedInClient) -> None:
    without_access(browser)
    thief = copy_of(browser, app)
    for _ in range(2):
        browser.get("/coordinaciones")
    rotated(seconds_ago=31)

    answer = thief.get("/coordinaciones")

    assert answer.headers["Location"].endswith("ended=1")
    assert only_session().revoked_at is not None
    # The rightful owner's access token stops counting at once, and is asked to sign in again.
    assert browser.get("/coordinaciones").status_code == 303
    assert browser.htmx("GET", "/whatsapp/unread").status_code == 401


def test_a_programs_spent_token_has_no_grace_as_a_cookie(
    app: Flask, ana: User, bearer: Callable[[User], dict[str, str]], nobody: FlaskClient
) -> None:
    pair = nobody.post("/api/auth/login", json={"email": ana.email, "password": PASSWORD}).json
    nobody.post("/api/auth/refresh", headers={"Authorization": f"Bearer {pair['refresh_token']}"})
    thief = IsolatedClient(app, app.response_class, use_cookies=True)
    thief.set_cookie(REFRESH, pair["refresh_token"])

    assert thief.get("/whatsapp/unread").status_code == 303
    assert only_session().revoked_at is not None


def test_who_signs_in_ends_the_session_that_the_browser_had(browser: SignedInClient, bruno: User, app: Flask) -> None:
    kept = copy_of(browser, app)

    browser.post("/login", data={"email": bruno.email, "password": PASSWORD})

    assert "Bruno" in browser.get("/coordinaciones").text
    assert kept.get("/coordinaciones").status_code == 303


def test_a_token_from_before_the_last_ends_the_session_even_at_once(app: Flask, browser: SignedInClient) -> None:
    without_access(browser)
    thief = copy_of(browser, app)
    for _ in range(2):
        browser.get("/coordinaciones")
        without_access(browser)

    assert thief.get("/coordinaciones").status_code == 303
    assert only_session().revoked_at is not None


def test_the_thirty_days_begin_again_with_each_renewal(browser: SignedInClient) -> None:
    change_session(expires_at=utcnow() + timedelta(days=1))
    without_access(browser)

    browser.get("/coordinaciones")

    assert only_session().expires_at > utcnow() + timedelta(days=29)


def test_after_thirty_days_away_one_signs_in_again(browser: SignedInClient) -> None:
    without_access(browser)
    browser.set_cookie(REFRESH, expired(cookie(browser, REFRESH)))

    assert browser.get("/coordinaciones").headers["Location"] == "/login?next=%2Fcoordinaciones&ended=1"


def test_a_refresh_token_is_no_access_token(browser: SignedInClient) -> None:
    browser.set_cookie(ACCESS, cookie(browser, REFRESH))
    browser.delete_cookie(REFRESH)

    assert browser.get("/coordinaciones").status_code == 303


def test_an_access_token_renews_nothing(browser: SignedInClient) -> None:
    browser.set_cookie(REFRESH, cookie(browser, ACCESS))
    browser.delete_cookie(ACCESS)

    assert browser.get("/coordinaciones").status_code == 303
    assert only_session().revoked_at is None


@pytest.mark.parametrize("change", [{"key": "x" * 32}, {"algorithm": "none", "key": ""}, {"algorithm": "HS384"}])
def test_a_token_signed_otherwise_opens_nothing(browser: SignedInClient, change: dict[str, Any]) -> None:
    browser.set_cookie(ACCESS, forge(cookie(browser, ACCESS), **change))
    browser.delete_cookie(REFRESH)

    assert browser.get("/coordinaciones").status_code == 303


def test_a_refresh_token_of_a_session_that_is_gone_opens_nothing(browser: SignedInClient) -> None:
    browser.set_cookie(REFRESH, forge(cookie(browser, REFRESH), sid="0" * 32))
    without_access(browser)

    assert browser.get("/coordinaciones").status_code == 303


def test_who_is_deactivated_leaves_at_once_and_cannot_renew(
    browser: SignedInClient, ana: User, factories: Factories
) -> None:
    factories.reload(ana).active = False
    factories.store(ana)

    assert browser.get("/coordinaciones").status_code == 303
    assert browser.htmx("GET", "/whatsapp/unread").status_code == 401
    without_access(browser)
    assert browser.get("/coordinaciones").status_code == 303


def test_who_is_deleted_leaves_at_once(browser: SignedInClient, ana: User) -> None:
    with db.engine.begin() as connection:
        connection.execute(User.__table__.delete())

    assert browser.get("/coordinaciones").status_code == 303
    assert browser.htmx("GET", "/whatsapp/unread").status_code == 401


def test_a_browsers_cookies_also_open_the_api(browser: SignedInClient) -> None:
    read = browser.get("/api/coordinaciones")
    refused = browser.post("/api/coordinaciones", json=FORM)
    written = browser.post("/api/coordinaciones", json=FORM, headers={"X-CSRF-TOKEN": browser.csrf})

    assert (read.status_code, refused.status_code, written.status_code) == (200, 403, 201)


def test_a_cookie_of_another_place_is_no_session(app: Flask) -> None:
    client = IsolatedClient(app, app.response_class, use_cookies=True)
    client.set_cookie("tracking", "1")

    assert client.get("/coordinaciones").headers["Location"] == "/login?next=%2Fcoordinaciones"


def test_a_page_of_an_earlier_session_gets_what_its_forms_need_now(
    browser: SignedInClient, sign_in: Callable[[User], SignedInClient], ana: User
) -> None:
    old = browser.csrf
    assert "X-CSRF-TOKEN" not in browser.htmx("GET", "/whatsapp/unread").headers
    browser.post("/login", data={"email": ana.email, "password": PASSWORD})
    shown = {"X-CSRF-TOKEN": old}

    poll = browser.htmx("GET", "/whatsapp/unread", headers=shown)
    refused = browser.htmx("POST", "/coordinaciones", data=FORM | {"csrf_token": old}, headers=shown)

    fresh = poll.headers["X-CSRF-TOKEN"]
    assert (poll.headers["X-User"], refused.status_code) == (str(ana.id), 403)
    assert "Probá otra vez." in refused.text
    assert refused.headers["X-CSRF-TOKEN"] == fresh != old
    again = browser.htmx("POST", "/coordinaciones", data=FORM, headers={"X-CSRF-TOKEN": fresh})
    assert again.status_code == 204


def test_what_a_session_needs_is_told_to_htmx_of_its_own_pages_alone(
    browser: SignedInClient, nobody: FlaskClient
) -> None:
    plain = browser.get("/coordinaciones", headers={"X-CSRF-TOKEN": "0" * 64})
    of_nobody = nobody.get("/whatsapp/list", headers={"X-CSRF-TOKEN": "0" * 64, "HX-Request": "true"})

    assert "X-CSRF-TOKEN" not in plain.headers
    assert "X-CSRF-TOKEN" not in of_nobody.headers
