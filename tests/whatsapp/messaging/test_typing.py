"""Clients see that they were read and that somebody writes to them, and nobody ever waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import create_app
from app.auth.models import User
from app.extensions import db, utcnow, writing
from app.jobs.actions import run_due
from app.twilio.client import NoAnswer, Refused
from app.whatsapp.models import Conversation, TypingTurn
from config import TestConfig
from tests.browser import IsolatedClient, SignedInClient
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.jobs.doing import SOON, ask

SignIn = Callable[[User], SignedInClient]


@pytest.fixture
def conversation(factories: Factories) -> Conversation:
    conversation = factories.conversation()
    factories.message(conversation, "Hola")
    factories.message(conversation, "¿Están?", message_sid="SM" + "7" * 32)
    return conversation


@pytest.fixture
def browser(sign_in: SignIn, ana: User) -> SignedInClient:
    return sign_in(ana)


def read(browser: SignedInClient, conversation: Conversation) -> None:
    browser.htmx("POST", f"/whatsapp/conversations/{conversation.id}/read").close()


def type_in(browser: SignedInClient, conversation: Conversation) -> None:
    answer = browser.htmx("POST", f"/whatsapp/conversations/{conversation.id}/typing")
    assert (answer.status_code, answer.data) == (204, b"")
    answer.close()


def test_reading_a_chat_shows_it_to_the_client_once(
    browser: SignedInClient, conversation: Conversation, twilio: FakeTwilio, factories: Factories
) -> None:
    read(browser, conversation)
    read(browser, conversation)

    assert twilio.typing == ["SM" + "7" * 32]
    assert factories.reload(conversation).seen_sid == "SM" + "7" * 32


def test_a_new_message_is_shown_as_read_in_its_turn(
    browser: SignedInClient, conversation: Conversation, twilio: FakeTwilio, factories: Factories
) -> None:
    read(browser, conversation)
    factories.message(conversation, "¿Hola?", message_sid="SM" + "8" * 32)

    read(browser, conversation)

    assert twilio.typing == ["SM" + "7" * 32, "SM" + "8" * 32]


def test_what_comes_late_and_is_older_is_not_told_again(
    browser: SignedInClient, conversation: Conversation, twilio: FakeTwilio, factories: Factories
) -> None:
    read(browser, conversation)
    factories.message(conversation, "De ayer", sent_at=utcnow() - timedelta(hours=20))

    read(browser, conversation)

    assert twilio.typing == ["SM" + "7" * 32]


def test_a_program_that_counts_as_read_shows_it_too(
    app: Flask, ana: User, bearer: Callable[[User], dict[str, str]], conversation: Conversation, twilio: FakeTwilio
) -> None:
    url = f"/api/whatsapp/conversations/{conversation.phone_number}/read"
    app.test_client().post(url, headers=bearer(ana)).close()

    assert twilio.typing == ["SM" + "7" * 32]


def test_typing_is_shown_once_in_a_while_however_many_tabs_write(
    sign_in: SignIn, ana: User, bruno: User, conversation: Conversation, twilio: FakeTwilio
) -> None:
    for browser in (sign_in(ana), sign_in(bruno), sign_in(ana)):
        type_in(browser, conversation)
    assert twilio.typing == ["SM" + "7" * 32]

    with writing() as session:
        session.execute(update(TypingTurn).values(taken_at=utcnow() - timedelta(seconds=21)))
    type_in(sign_in(ana), conversation)

    assert len(twilio.typing) == 2


def test_turns_that_are_over_go_with_the_daily_sweep(
    browser: SignedInClient, conversation: Conversation, twilio: FakeTwilio, factories: Factories
) -> None:
    other = factories.conversation("+5491155550177")
    factories.message(other, message_sid="SM" + "9" * 32)
    type_in(browser, conversation)
    with writing() as session:
        session.execute(update(TypingTurn).values(taken_at=utcnow() - timedelta(days=2)))
    type_in(browser, other)
    ask("media.sweep")

    run_due(SOON)

    db.session.rollback()
    assert db.session.scalars(select(TypingTurn.conversation_id)).all() == [other.id]
    type_in(browser, conversation)
    assert len(twilio.typing) == 3


def test_two_conversations_have_a_turn_each(
    browser: SignedInClient, conversation: Conversation, twilio: FakeTwilio, factories: Factories
) -> None:
    other = factories.conversation("+5491155550177")
    factories.message(other, message_sid="SM" + "9" * 32)

    type_in(browser, conversation)
    type_in(browser, other)

    assert twilio.typing == ["SM" + "7" * 32, "SM" + "9" * 32]


def test_nothing_is_shown_where_the_window_is_closed_or_nobody_ever_wrote(
    browser: SignedInClient, twilio: FakeTwilio, factories: Factories
) -> None:
    closed = factories.conversation("+5491155550177", window_expires_at=utcnow() - timedelta(minutes=1))
    factories.message(closed)
    silent = factories.conversation("+5491155550178")
    for one in (closed, silent):
        type_in(browser, one)
        read(browser, one)

    assert twilio.typing == []


def test_a_chat_that_is_not_there_is_404(browser: SignedInClient) -> None:
    assert browser.htmx("POST", "/whatsapp/conversations/999/typing").status_code == 404


@pytest.mark.parametrize("failure", [NoAnswer(), Refused(20404, "not found", 404)])
def test_a_failure_is_one_line_in_the_log_and_nothing_else(
    browser: SignedInClient,
    conversation: Conversation,
    twilio: FakeTwilio,
    caplog: pytest.LogCaptureFixture,
    failure: NoAnswer | Refused,
) -> None:
    twilio.typing_failure = failure

    with caplog.at_level(logging.INFO, logger="app"):
        read(browser, conversation)
        read(browser, conversation)
        type_in(browser, conversation)
        type_in(browser, conversation)

    assert len(twilio.typing) == 2
    said = [record.getMessage() for record in caplog.records]
    assert said == ["Typing indicator not shown"] * 2


@pytest.fixture
def quiet_app(app: Flask, config: TestConfig) -> Iterator[Flask]:
    """An office that keeps to itself when it reads and writes."""
    own = create_app(replace(config, WHATSAPP_TYPING_INDICATOR=False))
    own.test_client_class = IsolatedClient
    own.extensions["twilio"] = FakeTwilio()
    yield own
    with own.app_context():
        db.engine.dispose()


def test_an_office_may_keep_it_to_itself(quiet_app: Flask, ana: User, conversation: Conversation) -> None:
    browser = SignedInClient.of(quiet_app, ana)

    read(browser, conversation)
    type_in(browser, conversation)

    assert quiet_app.extensions["twilio"].typing == []
    assert 'id="typing"' not in browser.get(f"/whatsapp/conversations/{conversation.id}").text


def test_the_page_names_the_door_only_while_the_window_is_open(
    browser: SignedInClient, conversation: Conversation, factories: Factories
) -> None:
    closed = factories.conversation("+5491155550177", window_expires_at=None)

    door = f'data-url="/whatsapp/conversations/{conversation.id}/typing"'
    assert door in browser.get(f"/whatsapp/conversations/{conversation.id}").text
    assert 'id="typing"' not in browser.get(f"/whatsapp/conversations/{closed.id}").text
