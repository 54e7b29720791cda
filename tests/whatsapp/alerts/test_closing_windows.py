"""Windows that close soon: the order of the list, and the notice, once for each window."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.auth.models import User
from app.extensions import utcnow
from app.jobs.handlers import all_handlers
from app.whatsapp import queries
from app.whatsapp.alerts import window_queries
from app.whatsapp.alerts.actions.closing_windows import tell_closing
from app.whatsapp.changes import current_change
from app.whatsapp.jobs import CLOSING
from app.whatsapp.models import Conversation
from app.whatsapp.queries import ConversationFilter
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.threads import in_threads


def closes_in(factories: Factories, phone: str = "+5491155550101", **left: Any) -> Conversation:
    """A conversation whose client wrote last, and whose window is open for `left` more."""
    fields = {name: left.pop(name) for name in list(left) if name not in ("hours", "minutes")}
    conversation = factories.conversation(phone, window_expires_at=utcnow() + timedelta(**left), **fields)
    factories.message(conversation, "¿Siguen ahí?", read_at=utcnow())
    return factories.reload(conversation)


def told() -> list[int]:
    return [conversation.id for conversation in window_queries.list_told()]


def test_staff_are_told_once_for_each_window(factories: Factories) -> None:
    soon = closes_in(factories, minutes=118)
    closes_in(factories, "+5491155550102", minutes=122)
    before = current_change()

    assert tell_closing() == [soon.id]
    assert tell_closing() == []

    assert told() == [soon.id]
    assert current_change() == before + 1
    assert factories.reload(soon).change == before + 1


def test_two_runners_at_once_tell_once(app: Flask, factories: Factories) -> None:
    soon = closes_in(factories, minutes=118)

    answers = in_threads(app, tell_closing, tell_closing, tell_closing)

    assert sorted(answers) == [[], [], [soon.id]]


def test_a_window_that_opens_again_is_told_of_again(factories: Factories) -> None:
    soon = closes_in(factories, minutes=60, closing_told_at=utcnow() - timedelta(days=2))

    assert tell_closing() == [soon.id]


def test_an_answer_ends_it_and_neither_a_failure_nor_a_reaction_does(factories: Factories) -> None:
    soon = closes_in(factories, minutes=60)
    factories.message(soon, "No salió", direction="outbound", status="failed")
    factories.message(soon, "👍", type="reaction")
    tell_closing()
    assert told() == [soon.id]

    factories.message(soon, "Acá estamos", direction="outbound")
    factories.message(soon, "❤️", type="reaction")  # To what we answered.

    assert told() == []


@pytest.mark.parametrize("fields", [{"opted_out": True}, {"window_expires_at": utcnow() - timedelta(minutes=1)}])
def test_who_cannot_be_answered_is_not_told_of(factories: Factories, fields: dict[str, Any]) -> None:
    conversation = factories.conversation(**({"window_expires_at": utcnow() + timedelta(hours=1)} | fields))
    factories.message(conversation)

    assert tell_closing() == []


def test_the_job_that_the_database_holds_has_its_handler(app: Flask) -> None:
    handler = all_handlers()[CLOSING]

    handler.run({})

    assert handler.every == timedelta(minutes=5)


def test_what_closes_soon_is_listed_by_the_moment_with_a_right_cursor(factories: Factories) -> None:
    wanted = [closes_in(factories, f"+54911555501{minutes:02}", minutes=minutes).id for minutes in (10, 30, 50, 70, 90)]
    now = utcnow()
    seen: list[int] = []
    cursor = ""

    while True:
        page = queries.list_conversations(ConversationFilter(now=now, closing=True), 2, cursor)
        seen += [conversation.id for conversation in page.items]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor

    assert seen == wanted


@pytest.fixture
def browser(app: Flask, ana: User) -> SignedInClient:
    return SignedInClient.of(app, ana)


def test_the_notice_names_one_and_counts_several(browser: SignedInClient, factories: Factories) -> None:
    first = closes_in(factories, minutes=118)
    tell_closing()

    page = browser.get("/coordinaciones").text

    assert "La ventana de <bdi>Lucía Ferreyra</bdi> cierra en" in page
    assert f"/whatsapp/conversations/{first.id}" in page
    closes_in(factories, "+5491155550102", minutes=20)
    tell_closing()
    notice = browser.htmx("GET", "/whatsapp/closing").text
    assert "2 ventanas cierran pronto" in notice


def test_a_notice_that_is_there_already_is_not_sent_again(browser: SignedInClient, factories: Factories) -> None:
    closes_in(factories, minutes=118)
    tell_closing()
    key = window_queries.notice_key(window_queries.list_told())

    assert browser.htmx("GET", "/whatsapp/closing", query_string={"shown": key}).status_code == 204
    assert browser.htmx("GET", "/whatsapp/closing", query_string={"shown": ""}).status_code == 200
