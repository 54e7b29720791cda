"""Who else has a chat open and who types there, told by the same poll; and no second answer without a question."""

from __future__ import annotations

import html
import json
import logging
import random
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.auth.models import User
from app.extensions import db, utcnow
from app.whatsapp import presence_queries, queries
from app.whatsapp.errors import AnsweredMeanwhile
from app.whatsapp.messaging.actions.send import send
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Conversation, Message
from app.whatsapp.presence_queries import Presence
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.threads import in_threads

SignIn = Callable[[User], SignedInClient]


class Screen:
    """A browser that polls as a page does: with its tag, and with the chat that is open on it."""

    def __init__(self, browser: SignedInClient) -> None:
        self.browser, self.tag, self.others, self.status = browser, "", [], 0
        self.trigger = ""

    def poll(self, here: object = "", *, typing: bool = False) -> Screen:
        url = f"/whatsapp/unread?here={here}" + (f"&typing={here}" if typing else "")
        answer = self.browser.htmx("GET", url, headers={"HX-PTag": self.tag})
        self.status, self.tag = answer.status_code, answer.headers["HX-PTag"]
        self.trigger = answer.headers.get("HX-Trigger", "")
        if answer.status_code == 200:
            told = re.search(r"data-others='([^']*)'", answer.text)
            assert told is not None
            self.others = json.loads(html.unescape(told[1]))
        return self


@pytest.fixture
def chat(factories: Factories) -> Conversation:
    conversation = factories.conversation()
    factories.message(conversation)
    return conversation


@pytest.fixture
def screens(sign_in: SignIn, ana: User, bruno: User) -> tuple[Screen, Screen]:
    return Screen(sign_in(ana)), Screen(sign_in(bruno))


def test_somebody_who_opens_the_chat_is_seen_at_the_next_poll(
    screens: tuple[Screen, Screen], chat: Conversation
) -> None:
    first, second = screens
    first.poll(chat.id)

    second.poll(chat.id)
    first.poll(chat.id)

    assert second.others == [{"conversation": chat.id, "name": "Ana", "typing": False}]
    assert first.others == [{"conversation": chat.id, "name": "Bruno", "typing": False}]


def test_writing_is_seen_too_and_wakes_no_thread(screens: tuple[Screen, Screen], chat: Conversation) -> None:
    first, second = screens
    first.poll(chat.id), second.poll(chat.id), first.poll(chat.id)

    second.poll(chat.id, typing=True)
    first.poll(chat.id)

    assert first.others == [{"conversation": chat.id, "name": "Bruno", "typing": True}]
    assert (first.status, first.trigger) == (200, "")


def test_who_leaves_is_gone_at_the_next_poll(screens: tuple[Screen, Screen], chat: Conversation) -> None:
    first, second = screens
    first.poll(chat.id), second.poll(chat.id), first.poll(chat.id)

    second.poll()
    first.poll(chat.id)

    assert first.others == []


def test_who_is_not_heard_of_any_more_is_gone(screens: tuple[Screen, Screen], chat: Conversation) -> None:
    first, second = screens
    second.poll(chat.id)
    db.session.query(Presence).update({"seen_at": utcnow() - presence_queries.LASTS - timedelta(seconds=1)})
    db.session.commit()

    first.poll(chat.id)

    assert first.others == []
    assert presence_queries.who_is_looking(chat.id, utcnow()) == {first_id(first)}


def first_id(screen: Screen) -> int:
    user = db.session.query(User).filter_by(email="ana@example.com").one()
    assert screen.browser is not None
    return user.id


def test_one_person_with_two_browsers_is_one_person(
    sign_in: SignIn, ana: User, bruno: User, chat: Conversation
) -> None:
    Screen(sign_in(bruno)).poll(chat.id)
    Screen(sign_in(bruno)).poll(chat.id, typing=True)
    own = Screen(sign_in(ana)).poll(chat.id)
    other_own = Screen(sign_in(ana)).poll(chat.id)

    expected = [{"conversation": chat.id, "name": "Bruno", "typing": True}]
    assert (own.others, other_own.others) == (expected, expected)


def test_only_those_of_the_same_chat_are_told(
    screens: tuple[Screen, Screen], chat: Conversation, factories: Factories
) -> None:
    first, second = screens
    second.poll(factories.conversation("+5491155550102").id)

    assert first.poll(chat.id).others == []


def test_an_idle_poll_in_an_open_chat_is_one_statement_and_writes_nothing(
    screens: tuple[Screen, Screen], chat: Conversation, statements: list[str]
) -> None:
    first, second = screens
    first.poll(chat.id), second.poll(chat.id), first.poll(chat.id)
    statements.clear()

    first.poll(chat.id)

    assert first.status == 304
    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


@pytest.mark.parametrize("here", ["999999", "x", "1,", "-4", "9" * 30, "1,2,3;drop", "%00", "1," * 500])
def test_nonsense_in_a_poll_is_as_good_as_nothing(sign_in: SignIn, ana: User, here: str) -> None:
    screen = Screen(sign_in(ana))

    assert screen.poll(here).status == 200
    assert screen.poll(here).others == []


def test_tabs_of_one_browser_that_poll_at_once_are_all_answered(
    app: Flask, sign_in: SignIn, ana: User, factories: Factories, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    browser, chance = sign_in(ana), random.Random(1)
    ids = [factories.conversation(f"+54911555501{number:02}").id for number in range(20)]

    def tab() -> Callable[[], int]:
        here = ",".join(map(str, chance.sample(ids, chance.randrange(20))))
        return lambda: browser.get(f"/whatsapp/unread?here={here}").status_code

    answers = {answer for _ in range(20) for answer in in_threads(app, *[tab() for _ in range(6)])}

    assert answers == {200}
    assert "Presence not stored" not in caplog.messages
    assert Screen(browser).poll(ids[0]).status == 200
    assert [row.conversation_id for row in db.session.query(Presence)] == [ids[0]]


def test_a_poll_is_answered_when_who_looks_cannot_be_kept(screens: tuple[Screen, Screen], chat: Conversation) -> None:
    first, second = screens

    def fail(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO presencias"):
            raise OperationalError(statement, None, Exception("deadlock detected"))

    event.listen(db.engine, "before_cursor_execute", fail)
    first.poll(chat.id)
    event.remove(db.engine, "before_cursor_execute", fail)

    assert first.status == 200
    assert second.poll(chat.id).others == []
    first.poll(chat.id)
    assert [one["name"] for one in second.poll(chat.id).others] == ["Ana"]


# No second answer without a question.


def answer(chat: Conversation, author: User, body: str, known: int | None) -> Message:
    request = SendRequest(body=body, conversation_id=chat.id, known_id=known)
    return queries.get_message(send(request, f"page:{author.id}-{body}", author.id).message_id)


def newest(chat: Conversation) -> int:
    return int(db.session.query(Message.id).filter_by(conversation_id=chat.id).order_by(Message.id.desc()).first()[0])


def test_a_second_answer_is_asked_about_and_goes_out_when_wanted(
    sign_in: SignIn, ana: User, bruno: User, chat: Conversation, twilio: FakeTwilio
) -> None:
    known = newest(chat)
    answer(chat, ana, "A las 18", known)
    browser, url = sign_in(bruno), f"/whatsapp/conversations/{chat.id}/messages"
    form = {"csrf_token": browser.csrf, "key": "k1", "body": "A las 19", "known": str(known)}

    asked = browser.htmx("POST", url, data=form)
    shown = re.search(r'name="anyway" value="([0-9]+)"', asked.text)
    assert shown is not None
    sent = browser.htmx("POST", url, data=form | {"anyway": shown[1]})
    again = browser.htmx("POST", url, data=form | {"anyway": shown[1]})

    assert asked.status_code == 409
    assert "Alguien le respondió mientras escribías" in asked.text
    assert '<b dir="auto">Ana</b>' in asked.text
    assert "A las 18" in asked.text
    assert (sent.status_code, again.status_code) == (201, 201)
    assert [message.body for message in twilio.sent] == ["A las 18", "A las 19"]


def test_ones_own_answers_and_those_that_were_on_the_screen_are_not_asked_about(
    ana: User, bruno: User, chat: Conversation
) -> None:
    known = newest(chat)
    answer(chat, ana, "Hola", known)
    answer(chat, ana, "¿Cómo va?", known)

    assert answer(chat, bruno, "Sumo algo", newest(chat)).status == "queued"
    assert answer(chat, ana, "De programa", None).status == "queued"


def test_a_client_who_writes_meanwhile_is_no_reason_to_ask(chat: Conversation, factories: Factories, ana: User) -> None:
    known = newest(chat)
    factories.message(chat, "Y otra cosa")

    assert answer(chat, ana, "Dale", known).status == "queued"


def test_of_two_answers_at_one_moment_one_is_asked(
    app: Flask, ana: User, bruno: User, chat: Conversation, twilio: FakeTwilio
) -> None:
    known, chat_id, authors = newest(chat), chat.id, (ana.id, bruno.id)
    db.session.remove()
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def go(author_id: int) -> None:
        with app.app_context():
            start.wait()
            try:
                send(SendRequest(body="Voy yo", conversation_id=chat_id, known_id=known), f"k{author_id}", author_id)
                outcomes.append("sent")
            except AnsweredMeanwhile as asked:
                outcomes.append(f"asked about {len(asked.answers)}")

    threads = [threading.Thread(target=go, args=(user_id,)) for user_id in authors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["asked about 1", "sent"]
    assert len(twilio.sent) == 1


def test_a_template_is_asked_about_too(
    sign_in: SignIn, ana: User, bruno: User, factories: Factories, twilio: FakeTwilio
) -> None:
    chat = factories.conversation(window_expires_at=None)
    factories.message(chat)
    template = factories.template("Hola, ¿cómo va?", variables={})
    browser, other = sign_in(ana), sign_in(bruno)
    url = f"/whatsapp/conversations/{chat.id}/templates/{template.id}"
    form: dict[str, Any] = {"key": "a", "known": str(newest(chat))}

    first = browser.htmx("POST", url, data=form | {"csrf_token": browser.csrf})
    asked = other.htmx("POST", url, data=form | {"csrf_token": other.csrf, "key": "b"})
    renewed = re.search(r'name="known" value="([0-9]+)"', asked.text)
    assert renewed is not None
    sent = other.htmx("POST", url, data=form | {"csrf_token": other.csrf, "key": "b", "known": renewed[1]})

    assert (first.status_code, asked.status_code, sent.status_code) == (201, 409, 201)
    assert '<b dir="auto">Ana</b>' in asked.text
