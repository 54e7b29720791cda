from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.signing import WEBHOOK, inbound_form, post_signed

SignIn = Callable[[User], SignedInClient]
POLL = "/whatsapp/unread"


@pytest.mark.parametrize("who", ["ana", "bruno", "carla"])
def test_an_idle_poll_is_an_empty_304_and_one_statement(
    who: str, sign_in: SignIn, request: pytest.FixtureRequest, statements: list[str]
) -> None:
    browser = sign_in(request.getfixturevalue(who))
    tag = browser.htmx("GET", POLL).headers["HX-PTag"]
    statements.clear()

    answer = browser.htmx("GET", POLL, headers={"HX-PTag": tag})

    assert (answer.status_code, answer.data) == (304, b"")
    assert len(statements) == 1


def test_an_idle_poll_costs_the_same_with_many_conversations(
    sign_in: SignIn, ana: User, factories: Factories, statements: list[str]
) -> None:
    for number in range(30):
        factories.message(factories.conversation(f"+54911555501{number:02}"))
    browser = sign_in(ana)
    tag = browser.htmx("GET", POLL).headers["HX-PTag"]
    statements.clear()

    answer = browser.htmx("GET", POLL, headers={"HX-PTag": tag})

    assert answer.status_code == 304
    assert len(statements) == 1


def test_a_new_message_gives_the_badge_and_wakes_the_rest(sign_in: SignIn, ana: User, nobody: FlaskClient) -> None:
    browser = sign_in(ana)
    tag = browser.htmx("GET", POLL).headers["HX-PTag"]
    post_signed(nobody, WEBHOOK, inbound_form())

    answer = browser.htmx("GET", POLL, headers={"HX-PTag": tag})

    assert answer.status_code == 200
    assert answer.headers["HX-Trigger"] == "whatsapp-changed"
    assert answer.headers["HX-PTag"] != tag
    assert 'data-count="1"' in answer.text


def test_the_badge_says_99_plus_and_keeps_the_number_for_the_title(
    sign_in: SignIn, ana: User, factories: Factories
) -> None:
    factories.conversation(unread_count=123)

    answer = sign_in(ana).htmx("GET", POLL)

    assert "99+" in answer.text
    assert 'data-count="123"' in answer.text


def test_a_poll_that_renews_the_cookies_is_no_304(sign_in: SignIn, ana: User) -> None:
    browser = sign_in(ana)
    tag = browser.htmx("GET", POLL).headers["HX-PTag"]
    browser.delete_cookie("coordina_access")

    answer = browser.htmx("GET", POLL, headers={"HX-PTag": tag})

    assert answer.status_code == 200
    assert any(cookie.startswith("coordina_access=") for cookie in answer.headers.getlist("Set-Cookie"))


def test_a_poll_after_the_session_ended_is_refused_and_leaves_the_page_as_it_is(sign_in: SignIn, ana: User) -> None:
    browser = sign_in(ana)
    other = sign_in(ana)
    other.post("/logout", data={"csrf_token": other.csrf})
    browser.set_cookie(
        "coordina_access", other.get_cookie("coordina_access").value if other.get_cookie("coordina_access") else "gone"
    )
    browser.delete_cookie("coordina_refresh")

    answer = browser.htmx("GET", POLL)

    assert answer.status_code == 401
    assert "HX-Redirect" not in answer.headers
    assert (answer.headers["HX-Reswap"], answer.data) == ("none", b"")
