"""What staff do with a conversation besides writing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.errors import NotFound
from app.extensions import utcnow
from app.twilio.payloads import parse_inbound
from app.whatsapp import queries
from app.whatsapp.changes import current_change
from app.whatsapp.contacts.actions.opening import open_for_coordinacion
from app.whatsapp.errors import NoPhone
from app.whatsapp.inbox.actions.events import assign
from app.whatsapp.inbox.actions.reading import mark_read, mark_unread
from app.whatsapp.messaging.actions.receive import receive
from app.whatsapp.models import Conversation
from tests.factories import Factories
from tests.signing import inbound_form

PHONE = "+5491155550101"
MISSING = [0, -1, 4711, 2**40, 2**63, 2**70]


@pytest.fixture
def conversation(factories: Factories) -> Conversation:
    return factories.conversation()


# Reading


def test_reading_counts_everything_as_read(factories: Factories, conversation: Conversation) -> None:
    messages = [factories.message(conversation, str(number)) for number in range(3)]
    before = utcnow()

    assert mark_read(conversation.id)

    assert factories.reload(conversation).unread_count == 0
    for message in messages:
        read_at = factories.reload(message).read_at
        assert read_at is not None
        assert read_at >= before
    assert conversation.change == current_change() == 4
    assert queries.unread_count() == 0


def test_what_arrives_between_the_look_and_the_click_stays_unread(
    factories: Factories, conversation: Conversation
) -> None:
    seen = factories.message(conversation, "vista")
    looked_at = current_change()
    arrived = receive(parse_inbound(inbound_form("recién llegada")))
    assert arrived is not None

    mark_read(conversation.id, until=looked_at)

    assert factories.reload(conversation).unread_count == 1
    assert factories.reload(seen).read_at is not None
    assert factories.reload(arrived).read_at is None


def test_reading_what_is_read_changes_nothing(factories: Factories, conversation: Conversation) -> None:
    message = factories.message(conversation)
    mark_read(conversation.id)
    first, change = factories.reload(message).read_at, current_change()

    assert not mark_read(conversation.id)

    assert factories.reload(message).read_at == first
    assert current_change() == change


def test_reading_leaves_our_own_messages_and_other_conversations_alone(
    factories: Factories, conversation: Conversation
) -> None:
    ours = factories.message(conversation, direction="outbound")
    factories.message(conversation)
    other = factories.conversation("+5491155550102")
    theirs = factories.message(other)

    mark_read(conversation.id)

    assert factories.reload(ours).read_at is None
    assert factories.reload(theirs).read_at is None
    assert factories.reload(other).unread_count == 1


def test_reading_mends_a_count_that_was_wrong(factories: Factories) -> None:
    conversation = factories.conversation(unread_count=7)

    mark_read(conversation.id, until=0)

    assert factories.reload(conversation).unread_count == 0


@pytest.mark.parametrize("missing", MISSING)
def test_a_conversation_that_is_not_there_cannot_be_read_nor_assigned(factories: Factories, missing: int) -> None:
    with pytest.raises(NotFound):
        mark_read(missing)
    with pytest.raises(NotFound):
        assign(missing, None)

    assert current_change() == 0


# Which event it is about


def test_assigning_takes_along_what_was_said_before_anyone_knew(
    factories: Factories, conversation: Conversation
) -> None:
    earlier, event = factories.coordinacion(), factories.coordinacion()
    of_earlier = factories.message(conversation, coordinacion_id=earlier.id)
    of_none = factories.message(conversation)
    elsewhere = factories.message(factories.conversation("+5491155550102"))

    assign(conversation.id, event.id)

    assert factories.reload(conversation).coordinacion_id == event.id
    assert conversation.change == current_change() == 4
    assert factories.reload(of_none).coordinacion_id == event.id
    assert factories.reload(of_earlier).coordinacion_id == earlier.id
    assert factories.reload(elsewhere).coordinacion_id is None


def test_new_messages_are_about_what_was_assigned(factories: Factories, conversation: Conversation) -> None:
    event = factories.coordinacion(event_on=utcnow().date() + timedelta(days=300))
    factories.coordinacion(phone=PHONE, event_on=utcnow().date() + timedelta(days=3))
    assign(conversation.id, event.id)

    arrived = receive(parse_inbound(inbound_form()))

    assert arrived is not None
    assert arrived.coordinacion_id == event.id


def test_a_conversation_can_be_about_no_event(factories: Factories) -> None:
    event = factories.coordinacion()
    conversation = factories.conversation(coordinacion_id=event.id)
    message = factories.message(conversation, coordinacion_id=event.id)

    assign(conversation.id, None)

    assert factories.reload(conversation).coordinacion_id is None
    assert factories.reload(message).coordinacion_id == event.id


@pytest.mark.parametrize("missing", MISSING)
def test_an_event_that_is_not_there_cannot_be_assigned(
    factories: Factories, conversation: Conversation, missing: int
) -> None:
    with pytest.raises(NotFound):
        assign(conversation.id, missing)

    assert factories.reload(conversation).coordinacion_id is None


# Opening the chat of an event


def test_opening_the_chat_of_an_event_makes_it_once(factories: Factories) -> None:
    event = factories.coordinacion(phone="+5491155550188")

    first = open_for_coordinacion(event.id)
    change = current_change()
    again = open_for_coordinacion(event.id)

    conversation = queries.get_conversation(first)
    assert again == first
    assert current_change() == change == 1
    assert (conversation.phone_number, conversation.coordinacion_id) == ("+5491155550188", event.id)
    assert (conversation.unread_count, conversation.window_open(utcnow())) == (0, False)
    assert "+5491155550188" in conversation.search_text


def test_opening_the_chat_of_a_known_client_turns_it_to_the_event(
    factories: Factories, conversation: Conversation
) -> None:
    first = factories.coordinacion(phone=PHONE)
    second = factories.coordinacion(phone="+541155550101")

    assert open_for_coordinacion(first.id) == conversation.id
    assert open_for_coordinacion(second.id) == conversation.id

    assert factories.reload(conversation).coordinacion_id == second.id
    assert conversation.phone_number == PHONE  # As WhatsApp writes it, whatever the coordinación says.


def test_an_empty_chat_is_not_in_the_list_until_something_is_said(factories: Factories) -> None:
    open_for_coordinacion(factories.coordinacion(phone=PHONE).id)
    wanted = queries.ConversationFilter(now=utcnow())
    assert queries.list_conversations(wanted, 10).items == []

    receive(parse_inbound(inbound_form()))

    assert len(queries.list_conversations(wanted, 10).items) == 1


def test_an_event_without_a_phone_has_no_chat(factories: Factories) -> None:
    with pytest.raises(NoPhone):
        open_for_coordinacion(factories.coordinacion(phone=None).id)


@pytest.mark.parametrize("missing", MISSING)
def test_an_event_that_is_not_there_has_no_chat(factories: Factories, missing: int) -> None:
    with pytest.raises(NotFound):
        open_for_coordinacion(missing)


# Unread again


def test_a_conversation_is_left_for_later_by_its_last_message(factories: Factories, conversation: Conversation) -> None:
    for body in ("Hola", "¿Están?"):
        receive(parse_inbound(inbound_form(body, MessageSid=f"SM{len(body):032x}")))
    mark_read(conversation.id)
    before = current_change()

    mark_unread(conversation.id)
    mark_unread(conversation.id)

    assert factories.reload(conversation).unread_count == queries.unread_count() == 1
    assert conversation.change == current_change() == before + 1


def test_what_is_unread_already_keeps_its_count(factories: Factories, conversation: Conversation) -> None:
    for body in ("Hola", "¿Están?"):
        receive(parse_inbound(inbound_form(body, MessageSid=f"SM{len(body):032x}")))

    mark_unread(conversation.id)

    assert factories.reload(conversation).unread_count == 2


def test_a_reaction_taken_back_is_nothing_to_read_later(factories: Factories, conversation: Conversation) -> None:
    question = factories.message(conversation, "¿Están?", read_at=utcnow(), sent_at=utcnow() - timedelta(minutes=9))
    factories.message(conversation, "", type="reaction", read_at=utcnow(), reply_to_sid=question.message_sid)

    mark_unread(conversation.id)

    assert factories.reload(question).read_at is None
    assert factories.reload(conversation).unread_count == 1


def test_who_never_wrote_has_nothing_to_be_unread(factories: Factories) -> None:
    chat = factories.conversation()
    factories.message(chat, "Hola", direction="outbound")

    mark_unread(chat.id)

    assert factories.reload(chat).unread_count == 0
