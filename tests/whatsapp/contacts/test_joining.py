"""Joining and separating: one person with two numbers is one thread, and its history survives both."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.auth.models import User
from app.errors import Conflict, Invalid, NotFound
from app.extensions import db, utcnow, writing
from app.media.models import File
from app.twilio.codes import OPTED_OUT as TWILIO_OPTED_OUT
from app.twilio.codes import WINDOW_CLOSED
from app.whatsapp import party_queries, queries
from app.whatsapp.changes import current_change
from app.whatsapp.contacts.actions import joining
from app.whatsapp.contacts.queries import find_likely
from app.whatsapp.errors import OptedOut, WindowClosed
from app.whatsapp.inbox.thread_queries import may_retry
from app.whatsapp.messaging.actions.send import Sending, send
from app.whatsapp.messaging.queries import request_again
from app.whatsapp.messaging.request import SendRequest, retry_key
from app.whatsapp.models import Contact, Conversation, Media, Message
from app.whatsapp.queries import ConversationFilter
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.signing import STATUS, WEBHOOK, inbound_form, post_signed, status_form
from tests.threads import in_threads

ONE, OTHER = "+5491155550101", "+5493515550102"
USER_ID = "AR.4566546130240823"


def retry(message_id: int, author_id: int) -> Sending:
    return send(request_again(message_id), retry_key(message_id), author_id)


def arrives(app: Flask, phone: str = ONE, body: str = "Hola", **changes: Any) -> Message:
    form = inbound_form(body, phone, **changes)
    assert post_signed(app.test_client(), WEBHOOK, form).status_code == 200
    db.session.rollback()
    db.session.expire_all()
    message = queries.find_message_by_sid(form["MessageSid"])
    assert message is not None
    return message


def arrives_of_user(app: Flask, body: str = "Hola", user_id: str = USER_ID) -> Message:
    return arrives(app, body=body, From=f"whatsapp:{user_id}", WaId=None, ExternalUserId=f"whatsapp:{user_id}")


def bodies(conversation_id: int) -> list[str]:
    db.session.rollback()
    return [
        message.body for message in reversed(queries.list_messages(conversation_id=conversation_id, limit=50).items)
    ]


@pytest.fixture
def pair(app: Flask) -> tuple[Conversation, Conversation]:
    """Two conversations, three messages each way round: `one` wrote first, `other` last."""
    one, other = arrives(app, ONE, "uno").conversation, arrives(app, OTHER, "dos").conversation
    return one, other


def snapshot(conversation: Conversation) -> tuple[Any, ...]:
    db.session.rollback()
    db.session.refresh(conversation)
    return (
        conversation.last_message_id,
        conversation.last_message_at,
        conversation.unread_count,
        conversation.window_expires_at,
        conversation.opted_out,
        conversation.answered_id,
        conversation.joined_to_id,
        conversation.search_text,
        [message.id for message in queries.list_messages(conversation_id=conversation.id, limit=50).items],
    )


def test_joined_conversations_are_one_thread_in_the_order_of_time(pair: tuple[Conversation, Conversation]) -> None:
    one, other = pair

    assert joining.join(one.id, other.id) == one.id

    assert bodies(one.id) == ["uno", "dos"]
    thread = queries.get_conversation(one.id)
    assert (thread.unread_count, thread.last_message.body if thread.last_message else "") == (2, "dos")
    assert [row.id for row in queries.list_conversations(ConversationFilter(now=utcnow()), 10).items] == [one.id]
    assert queries.unread_count() == 2


def test_whatever_leads_to_the_joined_one_leads_to_the_thread(pair: tuple[Conversation, Conversation]) -> None:
    one, other = pair
    joining.join(one.id, other.id)

    for q in (OTHER, "351 555-0102", "3515550102"):
        found = queries.list_conversations(ConversationFilter(now=utcnow(), q=q), 10).items
        assert [row.id for row in found] == [one.id], q
    assert queries.get_conversation(other.id).id == one.id


def test_answers_go_to_whoever_wrote_last(
    app: Flask, pair: tuple[Conversation, Conversation], ana: User, twilio: FakeTwilio
) -> None:
    one, other = pair
    joining.join(one.id, other.id)

    send(SendRequest(body="a", conversation_id=one.id), "k1", ana.id)
    arrives(app, ONE, "tres")
    send(SendRequest(body="b", conversation_id=other.id), "k2", ana.id)

    assert [outgoing.to for outgoing in twilio.sent] == [OTHER, ONE]
    assert bodies(one.id) == ["uno", "dos", "a", "tres", "b"]


def test_a_named_number_is_written_to_with_its_own_window(
    app: Flask, pair: tuple[Conversation, Conversation], ana: User, twilio: FakeTwilio, factories: Factories
) -> None:
    one, other = pair
    joining.join(one.id, other.id)
    with_closed_window(other)

    send(SendRequest(body="a", to=ONE), "k1", ana.id)
    with pytest.raises(WindowClosed):
        send(SendRequest(body="b", to=OTHER), "k2", ana.id)

    assert [outgoing.to for outgoing in twilio.sent] == [ONE]
    assert (
        queries.get_message(queries.list_messages(conversation_id=one.id, limit=1).items[0].id).contact_id
        == one.contact.id
    )


def with_closed_window(member: Conversation) -> None:
    db.session.expire_all()
    with writing() as session:
        session.get_one(Contact, member.contact.id).set_window(utcnow() - timedelta(minutes=1))
    db.session.expire_all()


def test_separating_gives_everything_back_as_it_was(pair: tuple[Conversation, Conversation]) -> None:
    one, other = pair
    before = snapshot(one), snapshot(other)

    joining.join(one.id, other.id)
    joining.separate(one.id, other.id)

    assert (snapshot(one), snapshot(other)) == before


def test_what_came_and_went_meanwhile_goes_with_its_number(
    app: Flask, pair: tuple[Conversation, Conversation], ana: User
) -> None:
    one, other = pair
    joining.join(one.id, other.id)
    arrives(app, OTHER, "tres")
    send(SendRequest(body="para el otro", conversation_id=one.id), "k1", ana.id)
    arrives(app, ONE, "cuatro")

    assert joining.separate(one.id, other.id) == other.id

    assert bodies(one.id) == ["uno", "cuatro"]
    assert bodies(other.id) == ["dos", "tres", "para el otro"]
    assert all(message.contact.own for message in db.session.query(Message))


def test_chains_are_flat(app: Flask, pair: tuple[Conversation, Conversation]) -> None:
    one, other = pair
    third = arrives(app, "+5493415550103", "tres").conversation

    joining.join(other.id, third.id)
    joining.join(one.id, other.id)

    assert bodies(one.id) == ["uno", "dos", "tres"]
    assert [row.id for row in party_queries.list_joined(queries.get_conversation(one.id))] == [other.id, third.id]
    joining.separate(one.id, third.id)
    assert (bodies(one.id), bodies(third.id)) == (["uno", "dos"], ["tres"])


def test_joining_twice_changes_nothing_and_with_itself_is_refused(pair: tuple[Conversation, Conversation]) -> None:
    one, other = pair
    joining.join(one.id, other.id)
    change = current_change()

    assert joining.join(one.id, other.id) == joining.join(other.id, one.id) == one.id
    with pytest.raises(Invalid):
        joining.join(one.id, one.id)
    with pytest.raises(NotFound):
        joining.join(one.id, 999)
    with pytest.raises(Conflict):
        joining.separate(one.id, 999)

    assert current_change() == change


def test_every_joined_message_takes_a_new_number(pair: tuple[Conversation, Conversation]) -> None:
    one, other = pair
    before = current_change()

    joining.join(one.id, other.id)

    assert [message.body for message in queries.list_changes(one.id, before)] == ["dos"]


def test_a_refusal_of_twilio_is_the_numbers_own(app: Flask, pair: tuple[Conversation, Conversation], ana: User) -> None:
    one, other = pair
    joining.join(one.id, other.id)
    sent = send(SendRequest(body="a", to=ONE), "k1", ana.id)
    sid = queries.get_message(sent.message_id).message_sid or ""

    post_signed(app.test_client(), STATUS, status_form(sid, "failed", ONE, ErrorCode=str(WINDOW_CLOSED)))

    db.session.rollback()
    db.session.expire_all()
    thread = queries.get_conversation(one.id)
    assert thread.window_open(utcnow())  # Answers go to the other number, which may still be written to.
    arrived = queries.get_conversation(other.id)
    assert arrived is thread
    with pytest.raises(WindowClosed):
        send(SendRequest(body="b", to=ONE), "k2", ana.id)
    joining.separate(one.id, other.id)
    assert not queries.get_conversation(one.id).window_open(utcnow())
    assert queries.get_conversation(other.id).window_open(utcnow())


def test_a_63016_for_the_answered_number_closes_the_thread(
    app: Flask, pair: tuple[Conversation, Conversation], ana: User
) -> None:
    one, other = pair
    joining.join(one.id, other.id)
    sent = send(SendRequest(body="a", conversation_id=one.id), "k1", ana.id)
    sid = queries.get_message(sent.message_id).message_sid or ""

    post_signed(app.test_client(), STATUS, status_form(sid, "failed", OTHER, ErrorCode=str(WINDOW_CLOSED)))

    db.session.rollback()
    db.session.expire_all()
    assert not queries.get_conversation(one.id).window_open(utcnow())
    send(SendRequest(body="b", to=ONE), "k2", ana.id)


def test_an_opt_out_is_the_numbers_own(app: Flask, pair: tuple[Conversation, Conversation], ana: User) -> None:
    one, other = pair
    joining.join(one.id, other.id)

    arrives(app, OTHER, "BAJA")

    assert queries.get_conversation(one.id).opted_out
    with pytest.raises(OptedOut):
        send(SendRequest(body="a", conversation_id=one.id), "k1", ana.id)
    sent = send(SendRequest(body="b", to=ONE), "k2", ana.id)
    sid = queries.get_message(sent.message_id).message_sid or ""
    post_signed(app.test_client(), STATUS, status_form(sid, "failed", ONE, ErrorCode=str(TWILIO_OPTED_OUT)))
    db.session.rollback()
    db.session.expire_all()
    arrives(app, OTHER, "ALTA")
    assert not queries.get_conversation(one.id).opted_out
    with pytest.raises(OptedOut):
        send(SendRequest(body="c", to=ONE), "k3", ana.id)


def failed_message(factories: Factories, conversation: Conversation, kind: str) -> Message:
    """A message to `conversation` that failed with a code after which the same may go again."""
    template = {"content_sid": "HX" + "1" * 32, "variables": {"1": "Lucía"}} if kind == "template" else None
    message = factories.message(
        conversation,
        "" if kind == "image" else "¿Confirmamos?",
        direction="outbound",
        type=kind,
        status="failed",
        error_code=63012,
        template=template,
    )
    if kind == "image":
        file = factories.store(File(content_type="image/jpeg", size=1000, finished_at=utcnow()))
        factories.store(Media(message_id=message.id, position=0, url="", file_id=file.id))
    return message


@pytest.mark.parametrize("kind", ["text", "image", "template"])
@pytest.mark.parametrize("theirs", ["the thread's own", "the joined one's"])
def test_what_failed_goes_again_to_whom_it_was_for_whoever_wrote_since(
    app: Flask,
    pair: tuple[Conversation, Conversation],
    ana: User,
    twilio: FakeTwilio,
    factories: Factories,
    kind: str,
    theirs: str,
) -> None:
    one, other = pair
    message = failed_message(factories, one, kind)
    thread, joined = (one, other) if theirs == "the thread's own" else (other, one)
    joining.join(thread.id, joined.id)
    arrives(app, OTHER, "tres")

    with app.test_request_context():
        again = retry(message.id, ana.id)

    assert [outgoing.to for outgoing in twilio.sent] == [ONE]
    sent = queries.get_message(again.message_id)
    assert (sent.to_number, sent.retry_of_id) == (f"whatsapp:{ONE}", message.id)
    assert (sent.conversation_id, sent.contact_id) == (thread.id, one.contact.id)
    assert queries.get_conversation(thread.id).answered.home_id == other.id


@pytest.mark.parametrize("joined_first", [True, False])
def test_sending_again_goes_by_the_window_and_the_opt_out_of_whom_it_was_for(
    app: Flask,
    pair: tuple[Conversation, Conversation],
    ana: User,
    twilio: FakeTwilio,
    factories: Factories,
    joined_first: bool,
) -> None:
    one, other = pair
    text, template = failed_message(factories, one, "text"), failed_message(factories, one, "template")
    with_closed_window(one)
    thread, joined = (other, one) if joined_first else (one, other)
    joining.join(thread.id, joined.id)

    def offered() -> list[bool]:
        db.session.expire_all()
        return [may_retry(queries.get_message(message.id), utcnow()) for message in (text, template)]

    assert queries.get_conversation(thread.id).window_open(utcnow())
    assert offered() == [False, True]
    with pytest.raises(WindowClosed):
        retry(text.id, ana.id)

    arrives(app, ONE, "BAJA")
    arrives(app, OTHER, "cuatro")
    assert not queries.get_conversation(thread.id).opted_out
    assert offered() == [False, False]
    for message in (text, template):
        with pytest.raises(OptedOut):
            retry(message.id, ana.id)
    assert twilio.sent == []


def test_who_was_joined_keeps_nobody_from_being_sent_what_failed(
    app: Flask, pair: tuple[Conversation, Conversation], ana: User, twilio: FakeTwilio, factories: Factories
) -> None:
    one, other = pair
    message = failed_message(factories, one, "text")
    joining.join(one.id, other.id)
    arrives(app, OTHER, "BAJA")
    with_closed_window(other)  # The thread's, since answers go there.
    assert queries.get_conversation(one.id).writing_state(utcnow()) == "opted_out"
    assert may_retry(queries.get_message(message.id), utcnow())

    retry(message.id, ana.id)

    assert [outgoing.to for outgoing in twilio.sent] == [ONE]


def test_the_event_of_the_joined_one_is_seen_and_leaves_with_it(app: Flask, factories: Factories) -> None:
    event = factories.coordinacion(phone=OTHER)
    one, other = arrives(app, ONE, "uno").conversation, arrives(app, OTHER, "dos").conversation

    joining.join(one.id, other.id)
    assert queries.get_conversation(one.id).coordinacion_id == event.id
    assert arrives(app, OTHER, "tres").coordinacion_id == event.id
    joining.separate(one.id, other.id)

    assert queries.get_conversation(one.id).coordinacion_id is None
    assert queries.get_conversation(other.id).coordinacion_id == event.id


# WhatsApp's own word


def test_a_user_id_and_a_number_that_come_together_become_one_for_good(app: Flask) -> None:
    of_id, of_number = arrives_of_user(app, "sin número").conversation, arrives(app, ONE, "con número").conversation

    both = arrives(app, ONE, "los dos", ExternalUserId=f"whatsapp:{USER_ID}")

    assert both.conversation_id == of_number.id
    assert bodies(of_number.id) == ["sin número", "con número", "los dos"]
    assert (of_number.contact.user_id, of_number.unread_count) == (USER_ID, 3)
    assert queries.get_conversation(of_id.id).id == of_number.id
    assert party_queries.list_joined(of_number) == []
    with pytest.raises(Conflict):
        joining.separate(of_number.id, of_id.id)
    assert arrives_of_user(app, "otra vez").conversation_id == of_number.id


def test_what_whatsapp_joins_keeps_what_staff_had_joined(app: Flask) -> None:
    of_id, third = arrives_of_user(app, "id").conversation, arrives(app, OTHER, "tres").conversation
    joining.join(third.id, of_id.id)
    of_number = arrives(app, ONE, "número").conversation

    arrives(app, ONE, "los dos", ExternalUserId=f"whatsapp:{USER_ID}")

    assert bodies(of_number.id) == ["id", "tres", "número", "los dos"]
    joining.separate(of_number.id, third.id)
    assert bodies(of_number.id) == ["id", "número", "los dos"]
    assert bodies(third.id) == ["tres"]


@pytest.mark.parametrize("first", ["number", "id"])
def test_what_staff_had_joined_before_whatsapp_said_so_is_one_contact_then(app: Flask, first: str) -> None:
    of_id, of_number = arrives_of_user(app, "id").conversation, arrives(app, ONE, "número").conversation
    pair = (of_number, of_id) if first == "number" else (of_id, of_number)
    joining.join(pair[0].id, pair[1].id)

    arrives(app, ONE, "los dos", ExternalUserId=f"whatsapp:{USER_ID}")

    assert bodies(of_number.id) == ["id", "número", "los dos"]
    assert queries.get_conversation(of_id.id).id == of_number.id
    assert party_queries.list_joined(queries.get_conversation(of_number.id)) == []
    assert queries.get_conversation(of_number.id).answered_id is None


def test_a_user_id_that_is_at_another_number_now_belongs_to_that_one(app: Flask) -> None:
    old = arrives(app, OTHER, "antes", ExternalUserId=f"whatsapp:{USER_ID}").conversation
    new = arrives(app, ONE, "ahora").conversation

    arrives(app, ONE, "los dos", ExternalUserId=f"whatsapp:{USER_ID}")

    db.session.refresh(old)
    db.session.refresh(new)
    assert (old.contact.user_id, new.contact.user_id, old.joined_to_id) == (None, USER_ID, None)


def test_whatever_comes_at_once_ends_in_one_thread_that_can_be_taken_apart(
    app: Flask, pair: tuple[Conversation, Conversation]
) -> None:
    one, other = pair

    in_threads(
        app,
        lambda: joining.join(one.id, other.id),
        lambda: joining.join(other.id, one.id),
        lambda: post_signed(app.test_client(), WEBHOOK, inbound_form("tres", ONE)).status_code,
        lambda: post_signed(app.test_client(), WEBHOOK, inbound_form("cuatro", OTHER)).status_code,
    )

    db.session.rollback()
    db.session.expire_all()
    thread = queries.get_conversation(one.id)
    assert queries.get_conversation(other.id) is thread
    assert sorted(bodies(thread.id)) == ["cuatro", "dos", "tres", "uno"]
    assert thread.unread_count == 4
    joining.separate(thread.id, party_queries.list_joined(thread)[0].id)
    assert (sorted(bodies(one.id)), sorted(bodies(other.id))) == (["tres", "uno"], ["cuatro", "dos"])


def test_a_number_and_a_user_id_that_meet_at_once_become_one(app: Flask) -> None:
    arrives_of_user(app, "id")
    arrives(app, ONE, "número")
    both = [inbound_form(f"los dos {number}", ONE, ExternalUserId=f"whatsapp:{USER_ID}") for number in range(6)]

    answers = in_threads(
        app, *[lambda form=form: post_signed(app.test_client(), WEBHOOK, form).status_code for form in both]
    )

    assert answers == [200] * 6
    db.session.rollback()
    db.session.expire_all()
    found = queries.list_conversations(ConversationFilter(now=utcnow()), 10).items
    assert [(row.phone_number, row.contact.user_id, row.unread_count) for row in found] == [(ONE, USER_ID, 8)]


# Who may be the same person


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("+5491155550101", "+5455550101", "area"),
        ("+5491155550101", "+13115550101", ""),
        ("+5491155550101", "+11155550101", "country"),
        ("+5491155550101", "+5491155550102", ""),
        ("+5511934445555", "+551134445555", ""),
        ("+5511987654321", "+552187654321", "area"),
    ],
)
def test_numbers_that_are_alike_are_offered(factories: Factories, one: str, other: str, why: str) -> None:
    mine, theirs = (factories.conversation(phone, profile_name=phone) for phone in (one, other))
    for conversation in (mine, theirs):
        factories.message(conversation)

    likely = find_likely(mine)

    assert (likely.why if likely else "") == why


def test_a_whole_name_without_a_number_is_offered_until_staff_say_no(factories: Factories) -> None:
    mine = factories.conversation(profile_name="Sergio Paz")
    for fields in ({"profile_name": "Sergio Paz", "user_id": USER_ID}, {"profile_name": "Sergio", "user_id": "AR.2"}):
        factories.message(factories.conversation(None, **fields))
    factories.message(factories.conversation("+5491155550199", profile_name="Sergio Paz"))

    likely = find_likely(mine)
    assert likely is not None
    assert (likely.why, likely.conversation.contact.user_id) == ("name", USER_ID)
    joining.keep_apart(likely.conversation.id, mine.id)
    joining.keep_apart(mine.id, likely.conversation.id)

    assert find_likely(mine) is None


def test_who_was_separated_is_not_offered_again(app: Flask) -> None:
    one, other = arrives(app, "+5491155550101").conversation, arrives(app, "+11155550101").conversation
    assert find_likely(one) is not None

    joining.join(one.id, other.id)
    assert find_likely(queries.get_conversation(one.id)) is None
    joining.separate(one.id, other.id)

    assert find_likely(queries.get_conversation(one.id)) is None


def test_a_given_name_wins_and_is_found(app: Flask, factories: Factories) -> None:
    conversation = arrives(app, ONE).conversation

    joining.rename(conversation.id, "  Papá   de Martina ")

    assert factories.reload(conversation).given_name == "Papá de Martina"
    found = queries.list_conversations(ConversationFilter(now=utcnow(), q="papa martina"), 5).items
    assert [row.id for row in found] == [conversation.id]
    with pytest.raises(Invalid):
        joining.rename(conversation.id, "x" * 81)
    joining.rename(conversation.id, "")
    assert factories.reload(conversation).given_name == ""
