"""Who looks after a conversation."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.auth.models import User
from app.extensions import db
from app.whatsapp import queries
from tests.browser import SignedInClient
from tests.factories import Factories

SignIn = Callable[[User], SignedInClient]


@pytest.fixture
def browser(sign_in: SignIn, ana: User) -> SignedInClient:
    return sign_in(ana)


def hand(browser: SignedInClient, conversation_id: int, user_id: object, *, htmx: bool = True) -> object:
    data = {"csrf_token": browser.csrf, "user_id": str(user_id)}
    url = f"/whatsapp/conversations/{conversation_id}/assignee"
    return browser.htmx("POST", url, data=data) if htmx else browser.post(url, data=data)


def test_a_conversation_is_handed_to_somebody_and_back_to_nobody(
    browser: SignedInClient, factories: Factories, bruno: User
) -> None:
    chat = factories.conversation()
    factories.message(chat)

    given = hand(browser, chat.id, bruno.id)
    to_bruno = browser.get("/api/whatsapp/conversations").json["items"][0]["assigned_to"]
    taken = hand(browser, chat.id, "")

    assert "La atiende Bruno" in given.text
    assert to_bruno == {"id": bruno.id, "name": "Bruno"}
    assert "Nadie la atiende" in taken.text
    db.session.rollback()  # And look anew: it was another session that wrote.
    assert queries.get_conversation(chat.id).assigned_to_id is None


def test_the_list_shows_mine_and_those_of_nobody(
    browser: SignedInClient, factories: Factories, ana: User, bruno: User
) -> None:
    for number, owner in ((1, ana), (2, bruno), (3, None)):
        chat = factories.conversation(f"+549115555010{number}", profile_name=f"Cliente Número{number}")
        factories.message(chat)
        hand(browser, chat.id, owner.id if owner else "")

    mine = browser.htmx("GET", "/whatsapp/list?filter=mine").text
    nobodys = browser.htmx("GET", "/whatsapp/list?filter=nobodys").text
    of_bruno = browser.get(f"/api/whatsapp/conversations?assigned_to={bruno.id}").json["items"]

    assert [f"Número{number}" in mine for number in (1, 2, 3)] == [True, False, False]
    assert [f"Número{number}" in nobodys for number in (1, 2, 3)] == [False, False, True]
    assert [item["name"] for item in of_bruno] == ["Cliente Número2"]


def test_who_left_the_team_is_given_nothing(browser: SignedInClient, factories: Factories) -> None:
    gone = factories.user("gone@example.com", active=False)
    chat = factories.conversation()

    answer = hand(browser, chat.id, gone.id)

    assert answer.status_code == 422
    assert "Esa persona ya no está en el equipo." in answer.text
    assert "gone@example.com" not in browser.htmx("GET", f"/whatsapp/conversations/{chat.id}/hand").text


@pytest.mark.parametrize("user_id", ["x", "-1", "0", "99999999999"])
def test_nonsense_is_refused(browser: SignedInClient, factories: Factories, user_id: str) -> None:
    assert hand(browser, factories.conversation().id, user_id).status_code in (404, 422)


def test_it_works_as_pages_without_javascript(browser: SignedInClient, factories: Factories, bruno: User) -> None:
    chat = factories.conversation()

    page = browser.get(f"/whatsapp/conversations/{chat.id}/hand")
    answer = hand(browser, chat.id, bruno.id, htmx=False)

    assert "<h1" in page.text
    assert f'value="{bruno.id}"' in page.text
    assert answer.status_code == 303
    assert "La atiende Bruno" in browser.get(f"/whatsapp/conversations/{chat.id}").text


def test_open_threads_learn_who_looks_after_it(browser: SignedInClient, factories: Factories, bruno: User) -> None:
    chat = factories.conversation()
    factories.message(chat)
    seen = browser.htmx("GET", "/whatsapp/unread").headers["HX-PTag"]
    hand(browser, chat.id, bruno.id)

    woken = browser.htmx("GET", "/whatsapp/unread", headers={"HX-PTag": seen})
    changes = browser.htmx("GET", f"/whatsapp/conversations/{chat.id}/changes?since={seen}&state=open")

    assert "whatsapp-changed" in woken.headers["HX-Trigger"]
    assert "La atiende Bruno" in changes.text


def given_to(browser: SignedInClient) -> str:
    """Return what the notice on a page says that colleagues gave to whoever looks at it; empty when there is none."""
    page = browser.get("/coordinaciones").text
    notice = page.partition('id="assigned-notice"')[2].partition("</div>")[0]
    return " ".join(re.sub(r"<[^>]+>", "", notice.partition(">")[2]).split())


def test_whoever_is_given_a_conversation_reads_so_until_they_have_opened_it(
    browser: SignedInClient, sign_in: SignIn, factories: Factories, bruno: User
) -> None:
    chat = factories.conversation(profile_name="Lucía Ferreyra")
    factories.message(chat)
    his = sign_in(bruno)

    hand(browser, chat.id, bruno.id)

    assert given_to(his) == "Ana te pasó la conversación con Lucía Ferreyra"
    assert given_to(browser) == ""
    assert "te pasó la conversación" in his.htmx("GET", "/whatsapp/unread").text
    assert "te pasó la conversación" not in his.htmx("GET", f"/whatsapp/unread?here={chat.id}").text
    assert given_to(his) == ""


def test_what_one_takes_oneself_is_no_news(browser: SignedInClient, factories: Factories, ana: User) -> None:
    chat = factories.conversation()
    factories.message(chat)

    hand(browser, chat.id, ana.id)

    assert given_to(browser) == ""


def test_several_that_were_given_are_one_notice_that_can_be_put_away(
    browser: SignedInClient, sign_in: SignIn, factories: Factories, bruno: User
) -> None:
    for number in (1, 2):
        chat = factories.conversation(f"+549115555010{number}")
        factories.message(chat)
        hand(browser, chat.id, bruno.id)
    his = sign_in(bruno)
    before = given_to(his)

    answer = his.post("/whatsapp/assigned/seen", data={"csrf_token": his.csrf})

    assert before == "Te pasaron 2 conversaciones."
    assert (answer.status_code, answer.location) == (303, "/whatsapp/?filter=mine")
    assert given_to(his) == ""


def test_what_somebody_looked_after_is_nobodys_when_they_may_not_come_in_any_more(
    sign_in: SignIn, factories: Factories, bruno: User, carla: User
) -> None:
    admin = sign_in(carla)
    chat = factories.conversation(profile_name="Lucía Ferreyra")
    factories.message(chat)
    hand(admin, chat.id, bruno.id)
    before = factories.reload(chat).change

    answer = admin.post(f"/settings/people/{bruno.id}/active", data={"csrf_token": admin.csrf, "active": "0"})

    assert answer.status_code == 303
    assert "Lucía Ferreyra" in admin.htmx("GET", "/whatsapp/list?filter=nobodys").text
    assert factories.reload(chat).change > before  # Open lists are told.
