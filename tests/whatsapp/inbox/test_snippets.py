"""Quick replies belong to the whole office: what one deletes, another can bring back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.auth.models import User
from app.errors import Invalid
from app.extensions import db, utcnow, writing
from app.whatsapp.inbox.actions.snippets import bring_back_quick_reply, drop_quick_reply, keep_quick_reply
from app.whatsapp.inbox.snippet_queries import DELETED_FOR, QuickReply, list_deleted_quick_replies, list_quick_replies
from tests.browser import SignedInClient
from tests.factories import Factories

MISSING = [0, -1, 4711, 2**40, 2**63, 2**70]
URL = "/whatsapp/quick-replies"


def bodies() -> list[str]:
    db.session.rollback()
    return [reply.body for reply in list_quick_replies()]


def test_a_sentence_is_kept_and_forgotten(factories: Factories) -> None:
    keep_quick_reply("  ¡Hola! 🎉\nSomos los DJs.\x00 ")
    keep_quick_reply("Te paso el precio.")
    first, _second = list_quick_replies()
    assert bodies() == ["¡Hola! 🎉\nSomos los DJs.", "Te paso el precio."]

    drop_quick_reply(first.id)
    drop_quick_reply(first.id)

    assert bodies() == ["Te paso el precio."]


def test_what_somebody_deleted_comes_back_where_it_stood(factories: Factories, ana: User) -> None:
    keep_quick_reply("¡Hola!")
    keep_quick_reply("Te paso el precio.")
    first = list_quick_replies()[0].id
    drop_quick_reply(first, ana.id)
    (deleted,) = list_deleted_quick_replies()
    assert (deleted.body, deleted.deleted_by_id) == ("¡Hola!", ana.id)

    bring_back_quick_reply(first)

    assert bodies() == ["¡Hola!", "Te paso el precio."]
    assert list_deleted_quick_replies() == []


def test_what_nobody_brought_back_in_time_goes_for_good(factories: Factories, ana: User) -> None:
    keep_quick_reply("Vieja")
    keep_quick_reply("Nueva")
    old, new = (reply.id for reply in list_quick_replies())
    drop_quick_reply(old, ana.id)
    with writing() as session:
        session.get_one(QuickReply, old).deleted_at = utcnow() - DELETED_FOR - timedelta(minutes=1)

    drop_quick_reply(new, ana.id)
    bring_back_quick_reply(old)

    db.session.rollback()
    assert db.session.scalars(select(QuickReply.body)).all() == ["Nueva"]


@pytest.mark.parametrize("body", ["", "   ", "\n\x00", "x" * 1601])
def test_what_cannot_be_sent_is_not_kept(factories: Factories, body: str) -> None:
    with pytest.raises(Invalid):
        keep_quick_reply(body)

    assert bodies() == []


@pytest.mark.parametrize("missing", MISSING)
def test_a_sentence_that_is_gone_stays_gone(factories: Factories, missing: int) -> None:
    drop_quick_reply(missing)
    bring_back_quick_reply(missing)

    assert bodies() == []


def test_deleting_is_away_from_where_one_taps_and_can_be_undone(
    sign_in: Callable[[User], SignedInClient], ana: User, factories: Factories
) -> None:
    browser, chat = sign_in(ana), factories.conversation()
    kept = browser.htmx("POST", URL, data={"body": "Lo consulto y te digo."}).text
    reply = list_quick_replies()[0]
    offered = browser.htmx("GET", f"/whatsapp/conversations/{chat.id}/chat").text

    edited = browser.htmx("GET", f"{URL}?edit=1").text
    deleted = browser.htmx("POST", f"{URL}/{reply.id}/delete").text
    back = browser.htmx("POST", f"{URL}/{reply.id}/restore").text

    assert all('data-insert="Lo consulto y te digo."' in page for page in (kept, offered))
    assert f"{URL}/{reply.id}/delete" not in kept + offered
    assert f"{URL}/{reply.id}/delete" in edited
    assert "data-insert" not in edited
    assert "La borró Ana, " in deleted
    assert f"{URL}/{reply.id}/restore" in deleted
    assert f"{URL}/{reply.id}/delete" in back
