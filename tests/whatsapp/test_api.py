"""The promise of /api/whatsapp/* but for sending, row by row, as another program of the company would check it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from app.extensions import utcnow
from app.whatsapp.models import Conversation, Media
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.whatsapp.program import API, CONVERSATION_KEYS, MESSAGE_KEYS, Program, assert_problem

PHONE = "+5491155550101"
DOORS = (
    ("POST", f"{API}/send"),
    ("GET", f"{API}/conversations"),
    ("GET", f"{API}/conversations/{PHONE}/messages"),
    ("POST", f"{API}/conversations/{PHONE}/read"),
    ("GET", f"{API}/unread-count"),
)


@pytest.fixture
def program(nobody: FlaskClient, bearer: Callable[[User], dict[str, str]], ana: User) -> Program:
    return Program(nobody, bearer(ana))


@pytest.fixture
def chat(factories: Factories) -> Conversation:
    return factories.conversation(PHONE)


def phones(response: Any) -> list[str]:
    return [item["phone_number"] for item in response.json["items"]]


def bodies(response: Any) -> list[str]:
    return [item["body"] for item in response.json["items"]]


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_nobody_enters(nobody: FlaskClient, chat: Conversation, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
        response = nobody.open(path, method=method, json={}, headers=headers)

        assert_problem(response, 401, "unauthorized")
        assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_staff_and_admin_enter(
    nobody: FlaskClient,
    bearer: Callable[[User], dict[str, str]],
    bruno: User,
    carla: User,
    chat: Conversation,
    method: str,
    path: str,
) -> None:
    for user in (bruno, carla):
        response = nobody.open(path, method=method, json={"to": PHONE, "body": "Hola"}, headers=bearer(user))

        assert response.status_code in (200, 201, 204)


def test_a_browser_writes_only_with_its_csrf_value(
    sign_in: Callable[[User], SignedInClient], ana: User, chat: Conversation, twilio: FakeTwilio
) -> None:
    browser, message = sign_in(ana), {"to": PHONE, "body": "Hola"}

    for headers in ({}, {"X-CSRF-TOKEN": "x"}):
        for path in ("/send", f"/conversations/{PHONE}/read"):
            assert_problem(browser.post(API + path, json=message, headers=headers), 403, "csrf_failed")
    assert twilio.sent == []

    right = {"X-CSRF-TOKEN": browser.csrf}
    assert browser.post(f"{API}/send", json=message, headers=right).status_code == 201
    assert browser.post(f"{API}/conversations/{PHONE}/read", headers=right).status_code == 204
    assert browser.get(f"{API}/conversations").status_code == 200


def test_a_conversation_has_the_promised_keys_and_no_others(
    program: Program, factories: Factories, chat: Conversation
) -> None:
    factories.message(chat, "Hola\n ¿qué tal?")

    page = program.get("/conversations").json

    (conversation,) = page["items"]
    assert sorted(page) == ["items", "next_cursor"]
    assert set(conversation) == CONVERSATION_KEYS
    assert (conversation["id"], conversation["phone_number"]) == (chat.id, PHONE)
    assert (conversation["name"], conversation["last_message"]) == ("Lucía Ferreyra", "Hola ¿qué tal?")
    assert (conversation["unread_count"], conversation["opted_out"]) == (1, False)
    assert datetime.fromisoformat(conversation["window_expires_at"]).utcoffset() == timedelta(0)


def test_a_message_has_the_promised_keys_and_no_others(
    program: Program, factories: Factories, chat: Conversation
) -> None:
    message = factories.message(chat, "Mirá", type="image", location={"latitude": "-34.6", "longitude": "-58.4"})
    factories.store(Media(message_id=message.id, position=0, url="https://x.example/1", content_type="image/png"))

    (shown,) = program.get(f"/conversations/{PHONE}/messages").json["items"]

    assert set(shown) == MESSAGE_KEYS
    assert (shown["direction"], shown["status"], shown["author"]) == ("inbound", "received", None)
    assert shown["location"] == {"latitude": "-34.6", "longitude": "-58.4"}
    file = {"id": None, "content_type": "image/png", "filename": None, "size": None, "url": None}
    assert shown["media"] == [file | {"state": "remote"}]  # Where Twilio keeps it is nobody's but ours.
    assert shown["sent_at"].endswith("Z")


@pytest.mark.parametrize("written", ["+5491155550101", "5491155550101", "%2B5491155550101", "+541155550101"])
def test_messages_are_found_however_the_number_is_written(
    program: Program, factories: Factories, chat: Conversation, written: str
) -> None:
    factories.message(chat, "Hola")

    assert bodies(program.get(f"/conversations/{written}/messages")) == ["Hola"]
    assert program.post(f"/conversations/{written}/read").status_code == 204


def test_messages_of_a_user_id_are_found(program: Program, factories: Factories) -> None:
    factories.message(factories.conversation(None, user_id="AR.123"), "Hola")

    assert bodies(program.get("/conversations/AR.123/messages")) == ["Hola"]
    assert_problem(program.get("/conversations/AR.124/messages"), 404, "not_found")


@pytest.mark.parametrize("who", ["+5491155550199", "Luc%C3%ADa", "1", "AR.", "x" * 300, "%00"])
def test_a_contact_that_nobody_spoke_with_is_not_found(program: Program, chat: Conversation, who: str) -> None:
    assert_problem(program.get(f"/conversations/{who}/messages"), 404, "not_found")
    assert_problem(program.post(f"/conversations/{who}/read"), 404, "not_found")


def test_conversations_come_newest_first_and_go_on_where_they_ended(program: Program, factories: Factories) -> None:
    everyone = [f"+54911555501{number:02}" for number in range(5)]
    for number in everyone:
        factories.message(factories.conversation(number))

    first = program.get("/conversations", limit=2)
    factories.message(factories.conversation("+5491155550199"))
    second = program.get("/conversations", limit=2, cursor=first.json["next_cursor"])
    third = program.get("/conversations", limit=2, cursor=second.json["next_cursor"])

    assert phones(first) + phones(second) + phones(third) == everyone[::-1]
    assert third.json["next_cursor"] is None


def test_messages_come_newest_first_and_go_on_where_they_ended(
    program: Program, factories: Factories, chat: Conversation
) -> None:
    now = utcnow()
    for number in range(5):  # Twilio's times have whole seconds, so messages share them.
        factories.message(chat, str(number), sent_at=now - timedelta(seconds=number // 2))

    first = program.get(f"/conversations/{PHONE}/messages", limit=3)
    second = program.get(f"/conversations/{PHONE}/messages", limit=3, cursor=first.json["next_cursor"])

    assert bodies(first) + bodies(second) == ["1", "0", "3", "2", "4"]
    assert second.json["next_cursor"] is None


def test_conversations_are_narrowed_by_words_unread_and_event(program: Program, factories: Factories) -> None:
    event = factories.coordinacion(title="Quince de Sofía")
    lucia, mora = factories.conversation(PHONE), factories.conversation("+5491155550102", profile_name="Mora")
    for chat in (lucia, mora):
        chat.search_text = "lucia ferreyra" if chat is lucia else "mora"
        factories.store(chat)
    factories.message(lucia, "¿Y el DJ?", search_text="¿y el dj?", coordinacion_id=event.id)
    factories.message(mora, "Listo", direction="outbound")

    assert phones(program.get("/conversations", q="LUCÍA")) == [PHONE]
    assert phones(program.get("/conversations", q="dj")) == [PHONE]
    assert phones(program.get("/conversations", q="zzz")) == []
    assert phones(program.get("/conversations", unread="1")) == phones(program.get("/conversations", unread="true"))
    assert phones(program.get("/conversations", unread="1")) == [PHONE]
    assert phones(program.get("/conversations", unread="0")) == ["+5491155550102", PHONE]
    assert phones(program.get("/conversations", coordinacion_id=event.id)) == [PHONE]


def test_messages_are_narrowed_by_event(program: Program, factories: Factories, chat: Conversation) -> None:
    event = factories.coordinacion()
    factories.message(chat, "de antes")
    factories.message(chat, "de la fiesta", coordinacion_id=event.id)

    path = f"/conversations/{PHONE}/messages"
    assert bodies(program.get(path, coordinacion_id=event.id)) == ["de la fiesta"]
    assert bodies(program.get(path, coordinacion_id=event.id + 1)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", value) for value in ("0", "101", "-1", "x", "", "9" * 5000, "٣", "1.0")),
        *(("cursor", value) for value in ("x", "", "20261301T000000.000000-1", "20260101T000000.000000-" + "9" * 19)),
        *(("coordinacion_id", value) for value in ("0", "", "x", str(2**31))),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_name(
    program: Program, chat: Conversation, name: str, value: str
) -> None:
    for path in ("/conversations", f"/conversations/{PHONE}/messages"):
        assert_problem(program.get(path, **{name: value}), 422, "invalid", name)


@pytest.mark.parametrize(("name", "value"), [("unread", "2"), ("unread", "TRUE"), ("q", "x" * 201)])
def test_a_filter_that_makes_no_sense_is_refused_by_name(program: Program, name: str, value: str) -> None:
    assert_problem(program.get("/conversations", **{name: value}), 422, "invalid", name)


@pytest.mark.parametrize("q", ["", "\x00", "%", "\\", "_", "' OR 1=1 --", "☎️", "a " * 100, "x" * 200])
def test_a_search_takes_any_text(program: Program, q: str) -> None:
    assert program.get("/conversations", q=q).status_code == 200


def test_reading_counts_a_conversation_as_read_for_everybody(
    program: Program, factories: Factories, chat: Conversation
) -> None:
    for _ in range(2):
        factories.message(chat)
    factories.message(factories.conversation("+5491155550102"))
    assert program.get("/unread-count").json == {"unread_count": 3}

    program.get(f"/conversations/{PHONE}/messages")
    assert program.get("/unread-count").json == {"unread_count": 3}

    for _ in range(2):
        response = program.post(f"/conversations/{PHONE}/read")
        assert (response.status_code, response.data) == (204, b"")
    assert program.get("/unread-count").json == {"unread_count": 1}
    assert all(item["read_at"] for item in program.get(f"/conversations/{PHONE}/messages").json["items"])


def test_what_the_api_does_not_have_is_a_problem_too(program: Program) -> None:
    assert_problem(program.get("/nothing"), 404, "not_found")
    assert_problem(program.client.get("/api/nothing"), 404, "not_found")

    response = program.get("/send")
    assert_problem(response, 405, "method_not_allowed")
    assert sorted(response.headers["Allow"].split(", ")) == ["OPTIONS", "POST"]
