"""What the inbox reads: pages that miss and repeat nothing, and a search that forgives how things are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.errors import Invalid, NotFound
from app.extensions import db, utcnow
from app.formats import fold
from app.whatsapp import queries
from app.whatsapp.identity import Identity, parse_identity
from app.whatsapp.inbox import thread_queries
from app.whatsapp.inbox.list_queries import count_filters
from app.whatsapp.models import Conversation, Media, Message
from app.whatsapp.queries import ConversationFilter, Page
from tests.factories import Factories

MISSING = [0, -1, 4711, 2**40, 2**63, 2**70, -(2**70)]
GARBAGE = [
    "x",
    "-",
    "20261212T120000.000000",
    "20261212T120000.000000-",
    "20261212T120000.000000-x",
    "20261212T120000.000000--1",
    "20261212T120000.000000-9999999999999999999",
    "20261312T120000.000000-1",
    "20260230T120000.000000-1",
    "00000101T000000.000000-1",
    "٢٠٢٦1212T120000.000000-1",
    "20261212T120000.000000-1\n",
    " 20261212T120000.000000-1",
    "' OR 1=1 --",
    "x" * 10_000,
    "\x00",
]


def wanted(**changes: Any) -> ConversationFilter:
    return ConversationFilter(**({"now": utcnow()} | changes))


def found(**changes: Any) -> list[int]:
    """The ids of the conversations that a list shows."""
    return [row.id for row in queries.list_conversations(wanted(**changes), 50).items]


def all_pages(read: Callable[[str], Page[Any]]) -> list[list[int]]:
    pages, cursor = [], ""
    while True:
        page = read(cursor)
        pages.append([row.id for row in page.items])
        if page.next_cursor is None:
            return pages
        cursor = page.next_cursor


def talk(factories: Factories, number: int, body: str = "Hola", **fields: Any) -> Conversation:
    """A conversation with one message; the higher the number, the newer."""
    said = {name: fields.pop(name) for name in ("read_at", "sent_at") if name in fields}
    name = fields.pop("profile_name", f"Persona {number}")
    phone = fields.pop("phone", f"+54911555502{number:02}")
    conversation = factories.conversation(phone, profile_name=name, **fields)
    conversation.search_text = fold(f"{name} {phone or ''} {conversation.contact.user_id or ''}")
    db.session.commit()
    factories.message(conversation, body, search_text=fold(body), **said)
    return factories.reload(conversation)


# Pages of conversations


def test_conversations_come_newest_first_in_pages_that_end(factories: Factories) -> None:
    ids = [talk(factories, number).id for number in range(5)]

    pages = all_pages(lambda cursor: queries.list_conversations(wanted(), 2, cursor))

    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]


def test_the_last_full_page_is_the_last(factories: Factories) -> None:
    ids = [talk(factories, number).id for number in range(4)]

    assert all_pages(lambda cursor: queries.list_conversations(wanted(), 2, cursor)) == [ids[:1:-1], ids[1::-1]]


def test_nothing_is_one_empty_page(app: Flask) -> None:
    assert all_pages(lambda cursor: queries.list_conversations(wanted(), 2, cursor)) == [[]]


def test_conversations_of_one_moment_are_missed_nor_repeated(factories: Factories) -> None:
    moment = utcnow()
    ids = [talk(factories, number, sent_at=moment).id for number in range(7)]

    pages = all_pages(lambda cursor: queries.list_conversations(wanted(), 3, cursor))

    assert [one for page in pages for one in page] == ids[::-1]


def test_what_arrives_between_two_pages_moves_nothing_on_the_second(factories: Factories) -> None:
    ids = [talk(factories, number).id for number in range(4)]
    first = queries.list_conversations(wanted(), 2)

    talk(factories, 9)

    second = queries.list_conversations(wanted(), 2, first.next_cursor or "")
    assert [row.id for row in second.items] == ids[1::-1]


def test_a_chat_without_a_word_is_not_listed(factories: Factories) -> None:
    factories.conversation()

    assert found() == []


def test_a_page_brings_event_and_last_line_along(factories: Factories) -> None:
    event = factories.coordinacion(client_name="Lucía")
    talk(factories, 1, "¿A qué hora?", coordinacion_id=event.id)
    db.session.expunge_all()

    row = queries.list_conversations(wanted(), 10).items[0]
    db.session.expunge_all()

    assert row.coordinacion is not None
    assert row.last_message is not None
    assert (row.coordinacion.client_name, row.last_message.body) == ("Lucía", "¿A qué hora?")


@pytest.mark.parametrize("cursor", GARBAGE)
def test_a_cursor_of_another_list_is_refused(factories: Factories, cursor: str) -> None:
    conversation = factories.conversation()

    with pytest.raises(Invalid) as refusal:
        queries.list_conversations(wanted(), 10, cursor)
    with pytest.raises(Invalid):
        queries.list_messages(conversation_id=conversation.id, limit=10, cursor=cursor)

    assert "cursor" in refusal.value.fields


@pytest.mark.parametrize("moment", ["00010101T000000.000000", "99991231T235959.999999"])
def test_the_ends_of_time_are_places_too(factories: Factories, moment: str) -> None:
    conversation = talk(factories, 1)

    listed = [row.id for row in queries.list_conversations(wanted(), 10, f"{moment}-1").items]

    assert listed == ([] if moment.startswith("0001") else [conversation.id])


# Filters


def test_unread_shows_what_nobody_has_read(factories: Factories) -> None:
    unread = talk(factories, 1)
    factories.message(unread, "¿Hola?")
    talk(factories, 2, read_at=utcnow())

    assert found(unread=True) == [unread.id]
    assert count_filters(utcnow()).unread == 1


def test_closing_shows_what_closes_within_two_hours(factories: Factories) -> None:
    now = utcnow()
    left = [timedelta(hours=2, seconds=1), timedelta(hours=2), timedelta(seconds=1), timedelta(0), timedelta(days=-1)]
    ids = [talk(factories, at, window_expires_at=now + span).id for at, span in enumerate(left)]
    talk(factories, 9, window_expires_at=None)

    assert found(now=now, closing=True) == [ids[2], ids[1]]
    assert count_filters(now).closing == 2


def test_an_event_shows_the_conversations_that_spoke_about_it(factories: Factories) -> None:
    event, other = factories.coordinacion(), factories.coordinacion()
    spoke = talk(factories, 1)
    factories.message(spoke, coordinacion_id=event.id)
    factories.message(talk(factories, 2), coordinacion_id=other.id)

    assert found(coordinacion_id=event.id) == [spoke.id]


def test_filters_go_together(factories: Factories) -> None:
    both = talk(factories, 1, profile_name="Sofía")
    talk(factories, 2, profile_name="Sofía", read_at=utcnow())
    talk(factories, 3, profile_name="Marta")

    assert found(q="sofia", unread=True) == [both.id]


# Search


@pytest.fixture
def lucia(factories: Factories) -> Conversation:
    event = factories.coordinacion(title="Casamiento en Luján", client_name="Lucía Ferreyra", place="Estancia La Paz")
    conversation = talk(
        factories, 1, "¿Podés pasar cumbia 100%_real?", profile_name="Íñigo Ñandú 🎧", phone="+5491155550101"
    )
    conversation.coordinacion_id = event.id
    db.session.commit()
    talk(factories, 2, "Nada que ver", profile_name="Otra persona")
    return conversation


@pytest.mark.parametrize(
    "q",
    [
        "Íñigo",
        "inigo",
        "ÑANDÚ iñi",
        "nandu inigo",
        "🎧",
        "5550101",
        "+5491155550101",
        "+54 9 11 5555-0101",
        "11 5555-0101",
        "011 15 5555-0101",
        "(011) 15-5555-0101",
        "+54 11 5555-0101",
        "15 5555-0101",
        "15 5555-010",
        "11 15 5555-010",
        "54 11 5555-010",
        "\u202a+54 9 11 5555\u20110101\u202c",
        "lujan",
        "CASAMIENTO luján",
        "ferreyra",
        "estancia paz",
        "cumbia",
        "podes pasar",
        "100%_real",
        "  cumbia  ",
    ],
)
def test_a_search_finds_names_numbers_words_and_events(lucia: Conversation, q: str) -> None:
    assert found(q=q) == [lucia.id]


@pytest.mark.parametrize(
    "q",
    ["cumbia lujan", "zzz", "100_", "c%a", "_umbia", "\\", "%%%", "' OR '1'='1", "5550199", "inigo zzz", "x" * 500],
)
def test_a_search_finds_nothing_else(lucia: Conversation, q: str) -> None:
    assert found(q=q) == []


@pytest.mark.parametrize("q", ["", "   ", "\u0301", "\u0301 \u0301"])
def test_a_search_for_nothing_shows_everything(lucia: Conversation, q: str) -> None:
    assert len(found(q=q)) == 2


@pytest.mark.parametrize(
    "q", ["d'angelo", "D\u2019Angelo", "d\u00b4angelo", "D`ANGELO", "dan\u200bza 20-12", "\ufeffdanza 20\u201312"]
)
def test_marks_and_dashes_are_found_however_a_keyboard_writes_them(factories: Factories, q: str) -> None:
    conversation = talk(factories, 1, "Danza el 20\u201312, dice D\u2019Angelo")
    talk(factories, 2, "Angelo danza el 21")

    assert found(q=q) == [conversation.id]


def test_a_client_is_found_by_any_of_their_events(factories: Factories) -> None:
    next_one = factories.coordinacion(title="Boda", phone="+5491155550201")
    factories.coordinacion(title="Brindis de fin de año", phone="+5491155550201", archived_at=utcnow())
    elsewhere = factories.coordinacion(title="Egresados", phone="+5491155550299", notes="Llevar máquina de humo")
    client = talk(factories, 1, coordinacion_id=next_one.id)
    other = talk(factories, 2)
    factories.message(other, "Por los egresados", coordinacion_id=elsewhere.id)
    thread = talk(factories, 3)
    factories.conversation("+5491155550299", joined_to_id=thread.id)

    assert found(q="boda") == [client.id]
    assert found(q="brindis") == [client.id]
    assert sorted(found(q="egresados")) == [other.id, thread.id]
    assert sorted(found(q="maquina de humo")) == [other.id, thread.id]


def test_a_user_id_is_found(factories: Factories) -> None:
    conversation = talk(factories, 1, phone=None, user_id="AR.456789")

    assert found(q="ar.4567") == [conversation.id]


# Counting


def test_the_badge_counts_every_unread_message(factories: Factories) -> None:
    first, second = talk(factories, 1), talk(factories, 2)
    factories.message(first)
    factories.message(second, direction="outbound")
    talk(factories, 3, read_at=utcnow())

    assert queries.unread_count() == 3


def test_each_event_has_its_own_count(factories: Factories) -> None:
    one, two, none = factories.coordinacion(), factories.coordinacion(), factories.coordinacion()
    conversation = factories.conversation()
    for event in (one, one, two, None):
        factories.message(conversation, coordinacion_id=event.id if event else None)
    factories.message(conversation, coordinacion_id=one.id, read_at=utcnow())
    factories.message(conversation, coordinacion_id=one.id, direction="outbound")

    assert queries.unread_by_coordinacion([one.id, two.id, none.id]) == {one.id: 2, two.id: 1}
    assert queries.unread_by_coordinacion([]) == {}


# Messages


def test_messages_come_newest_first_in_pages_that_end(factories: Factories) -> None:
    conversation, moment = factories.conversation(), utcnow()
    ids = [factories.message(conversation, sent_at=moment).id for _ in range(5)]
    old = factories.message(conversation, sent_at=moment - timedelta(days=1)).id
    factories.message(factories.conversation("+5491155550102"))

    pages = all_pages(lambda cursor: queries.list_messages(conversation_id=conversation.id, limit=2, cursor=cursor))

    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0], old]]


def test_messages_of_an_event_come_from_all_its_conversations(factories: Factories) -> None:
    event, first, second = factories.coordinacion(), factories.conversation(), factories.conversation("+5491155550102")
    of_event = [factories.message(chat, coordinacion_id=event.id).id for chat in (first, second)]
    factories.message(first)

    assert [row.id for row in queries.list_messages(coordinacion_id=event.id, limit=9).items] == of_event[::-1]
    both = queries.list_messages(coordinacion_id=event.id, conversation_id=first.id, limit=9)
    assert [row.id for row in both.items] == of_event[:1]


def test_changes_come_in_the_order_they_happened(factories: Factories) -> None:
    conversation = factories.conversation()
    first, second, third = (factories.message(conversation, str(number)) for number in range(3))
    factories.message(factories.conversation("+5491155550102"))

    assert [row.id for row in queries.list_changes(conversation.id, first.change)] == [second.id, third.id]
    assert [row.id for row in queries.list_changes(conversation.id, 0, limit=2)] == [first.id, second.id]
    assert queries.list_changes(conversation.id, third.change) == []


def test_what_is_quoted_is_found_by_its_sid(factories: Factories) -> None:
    conversation = factories.conversation()
    quoted = factories.message(conversation, direction="outbound")
    replies = [
        factories.message(conversation, reply_to_sid=quoted.message_sid),
        factories.message(conversation, reply_to_sid="SM" + "9" * 32),
        factories.message(conversation),
    ]

    assert {sid: message.id for sid, message in thread_queries.list_quoted(replies).items()} == {
        quoted.message_sid: quoted.id
    }
    assert thread_queries.list_quoted(replies[2:]) == {}


def test_files_come_in_their_order(factories: Factories) -> None:
    files = [Media(position=at, url=f"https://api.twilio.com/{at}", content_type="image/jpeg") for at in (2, 0, 1)]
    message = factories.message(factories.conversation(), media=files)
    db.session.expunge_all()

    listed = queries.list_messages(conversation_id=message.conversation_id, limit=1).items[0]

    assert [item.position for item in listed.media] == [0, 1, 2]


# One of them


@pytest.mark.parametrize("missing", MISSING)
def test_what_is_not_there_is_not_found(factories: Factories, missing: int) -> None:
    with pytest.raises(NotFound):
        queries.get_conversation(missing)
    with pytest.raises(NotFound):
        queries.get_message(missing)


def test_a_contact_is_found_by_number_first_and_by_user_id_else(factories: Factories) -> None:
    of_number = factories.conversation("+5491155550101")
    of_id = factories.conversation(None, user_id="AR.1")

    def find(contact: Identity | None) -> Conversation | None:
        assert contact is not None
        return queries.find_conversation(contact)

    assert find(parse_identity("541155550101")) is of_number
    assert find(parse_identity("AR.1")) is of_id
    assert find(Identity("+5491155550101", "541155550101", "AR.1")) is of_number
    assert find(Identity("+5491155550199", "541155550199", "AR.1")) is of_id
    assert find(parse_identity("+5491155550199")) is None
    assert find(Identity(None, None, None)) is None


def test_a_message_is_found_by_sid_and_by_key(factories: Factories) -> None:
    message = factories.message(factories.conversation(), direction="outbound", idempotency_key="key")

    assert queries.find_message_by_sid(message.message_sid or "") is message
    assert queries.find_message_by_key("key") is message
    assert queries.find_message_by_sid("SM" + "9" * 32) is None
    assert queries.find_message_by_key("") is None


def test_a_message_is_read_as_it_is_now(app: Flask, factories: Factories) -> None:
    message = factories.message(factories.conversation())
    with db.engine.begin() as connection:
        connection.execute(Message.__table__.update().values(status="read"))
    db.session.rollback()

    assert queries.get_message(message.id).status == "read"
