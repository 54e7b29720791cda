"""A backup of before contacts had a table restores, and says of everybody what Coordina said when it was made.

`office_0010.zip` was made by the code of revision 0010: an office with conversations that staff had joined, one that
WhatsApp had made one with another, people without a number, people who asked for no more messages, and numbers from
which another user id wrote. `office_0010.json` is what that code said of each.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, select, text

from app.backup import actions
from app.extensions import db, writing
from app.whatsapp import party_queries, queries
from app.whatsapp.api import serialize_conversation
from app.whatsapp.contacts.actions import joining, judging
from app.whatsapp.inbox.bubbles import came_by
from app.whatsapp.models import Conversation
from app.whatsapp.names import conversation_name
from tests.test_migrations import empty_app, empty_url

__all__ = ("empty_app", "empty_url")
HERE = Path(__file__).parent
MADE_BY = "0010"
# In the order in which they were made: what the numbers below mean.
JOINED, MERGED, THIRD, DOUBTED, AT_WORK, DOUBTED_AND_LEFT, DOUBTED_AND_JOINED, LEADS = 1, 3, 4, 8, 9, 13, 14, 15


def restore() -> None:
    with (HERE / f"office_{MADE_BY}.zip").open("rb") as file:
        actions.restore(file, lambda _what, _done, _total: None, replace=True)
    db.session.expire_all()


@pytest.fixture
def office(empty_app: Flask) -> Iterator[Flask]:
    upgrade()
    restore()
    with empty_app.test_request_context():
        yield empty_app


def said_then() -> dict[str, Any]:
    said: dict[str, Any] = json.loads((HERE / f"office_{MADE_BY}.json").read_text())
    return said


def say(row_id: int) -> dict[str, Any]:
    """Return what anybody can see of a conversation."""
    thread = queries.get_conversation(row_id)
    record = serialize_conversation(thread)
    messages = queries.list_messages(conversation_id=thread.id, limit=50).items
    return json.loads(  # type: ignore[no-any-return]
        json.dumps(
            record
            | {
                "waiting_since": bool(record["waiting_since"]),
                "state": thread.writing_state(thread.last_message_at),
                "address": thread.address,
                "phone": thread.phone,
                "doubt": thread.former_id is not None,
                "search": thread.search_text,
                "given": thread.given_name,
                "joined": [(row.id, conversation_name(row), row.phone) for row in party_queries.list_joined(thread)],
                "messages": [(one.body, one.to_number, one.coordinacion_id, came_by(one)) for one in messages],
            }
        )
    )


def said_now() -> dict[str, Any]:
    db.session.rollback()
    db.session.expire_all()
    kept = select(Conversation.former_id).where(Conversation.former_id.is_not(None))
    shown = select(Conversation.id).where(Conversation.id.not_in(kept)).order_by(Conversation.id)
    return {str(row_id): say(row_id) for row_id in db.session.scalars(shown).all()}


def rows() -> dict[str, list[str]]:
    """Return every row of whatsapp's tables as text, but for the numbers that rows are given anew."""
    with db.engine.connect() as connection:
        found = {}
        for table in ("whatsapp_conversaciones", "whatsapp_contactos", "whatsapp_mensajes"):
            if inspect(connection).has_table(table):
                kept = connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).mappings()
                found[table] = [str({name: one[name] for name in sorted(one)}) for one in kept]
        return found


def test_everybody_is_who_they_were(office: Flask) -> None:
    assert said_now() == said_then()


def test_the_migration_goes_down_and_up_again(office: Flask) -> None:
    db.session.remove()
    downgrade(revision=MADE_BY)
    before = rows()
    upgrade()
    once = said_now()
    db.session.remove()
    downgrade(revision=MADE_BY)

    assert (once, rows()) == (said_then(), before)


def test_what_was_joined_can_be_separated(office: Flask) -> None:
    separated = [
        joining.separate(row_id, other) for row_id, other in ((JOINED, 2), (MERGED, THIRD), (10, 11), (LEADS, 14))
    ]

    assert separated == [2, THIRD, 11, DOUBTED_AND_JOINED]
    now = said_now()
    assert [
        [body for body, *_more in now[str(row_id)]["messages"]] for row_id in (JOINED, 2, 3, 4, 10, 11, 14, 15)
    ] == [
        ["para uno", "uno"],
        ["BAJA", "para dos", "dos"],
        ["los dos", "con número", "sin número"],
        ["tercera"],
        ["siete otra vez", "siete"],
        ["BAJA", "diecisiete"],
        ["diez, otro", "diez"],
        ["once"],
    ]
    assert [now[str(row_id)]["opted_out"] for row_id in (1, 2, 10, 11)] == [False, True, False, True]
    assert all(now[str(row_id)]["window_expires_at"] for row_id in (1, 2, 4, 5, 10, 11, 14, 15))


@pytest.mark.parametrize("same", [True, False])
def test_a_doubt_of_then_is_judged_now(office: Flask, same: bool) -> None:
    kept = [
        judging.say_same_person(row_id) if same else judging.say_other_person(row_id)
        for row_id in (DOUBTED, DOUBTED_AND_LEFT)
    ]

    now = said_now()
    bodies = {row_id: [body for body, *_more in one["messages"]] for row_id, one in now.items()}
    both = ["Hola, ¿quién sos?", "¿Quién habla?", "Hola Lucía", "Desde el trabajo", "Soy Lucía"]
    if same:
        assert kept == [DOUBTED, 12]
        assert bodies["8"] == bodies["9"] == both
        assert (now["8"]["given"], now["8"]["coordinacion_id"]) == ("La novia", 1)
        assert bodies["12"] == bodies["13"] == ["soy otro", "ocho", "nueve"]
        return
    assert kept == [DOUBTED, DOUBTED_AND_LEFT]
    assert (bodies["8"], bodies["9"]) == (both[:2], both[2:])
    assert (now["9"]["given"], now["9"]["coordinacion_id"], now["9"]["user_id"]) == ("La novia", 1, "AR.661")
    assert (bodies["13"], bodies["12"]) == (["soy otro"], ["ocho", "nueve"])


def test_who_writes_next_is_found_where_they_were(office: Flask) -> None:
    with writing() as session:
        found = {
            row_id: session.scalar(
                text("SELECT conversation_id FROM whatsapp_contactos WHERE home_id = :id"), {"id": row_id}
            )
            for row_id in (1, 2, 4, 5, 8, 9, 14)
        }

    assert found == {1: 1, 2: 1, 4: 5, 5: 5, 8: 8, 9: 8, 14: 15}
