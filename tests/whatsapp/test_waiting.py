"""A conversation waits until somebody answers, or says that nothing has to be answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.auth.models import User
from app.extensions import db, utcnow
from app.twilio.client import Refused
from app.whatsapp import queries
from app.whatsapp.alerts import window_queries
from app.whatsapp.contacts.actions import joining
from app.whatsapp.inbox.actions.settling import mark_done, undo_done
from app.whatsapp.messaging.actions.send import send
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Conversation, Message
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.signing import STATUS, WEBHOOK, inbound_form, post_signed, status_form

SignIn = Callable[[User], SignedInClient]


@pytest.fixture
def browser(sign_in: SignIn, ana: User) -> SignedInClient:
    return sign_in(ana)


@pytest.fixture
def chat(nobody: FlaskClient) -> Conversation:
    """A conversation that begins with what the client says, by the webhook."""
    post_signed(nobody, WEBHOOK, inbound_form("¿A qué hora llegan?"))
    return db.session.query(Conversation).one()


def again(conversation: Conversation) -> Conversation:
    db.session.rollback()
    db.session.expire_all()
    return conversation


def answer(chat: Conversation, author: User, body: str = "A las 18") -> Message:
    sending = send(SendRequest(body=body, conversation_id=chat.id), f"k-{body}", author.id)
    return queries.get_message(sending.message_id)


def test_a_client_waits_from_the_first_word_that_nobody_answered(chat: Conversation, nobody: FlaskClient) -> None:
    first = again(chat).waiting_since

    post_signed(nobody, WEBHOOK, inbound_form("¿Hola?", MessageSid=f"SM{7:032x}"))

    assert first is not None
    assert again(chat).waiting_since == first


def test_an_answer_ends_the_wait_and_reading_does_not(chat: Conversation, browser: SignedInClient, ana: User) -> None:
    browser.post(f"/whatsapp/conversations/{chat.id}/read", data={"csrf_token": browser.csrf})
    read = again(chat).waiting_since
    answer(chat, ana)

    assert read is not None
    assert again(chat).waiting_since is None


def test_an_answer_that_did_not_arrive_is_none(
    chat: Conversation, ana: User, nobody: FlaskClient, twilio: FakeTwilio
) -> None:
    since = again(chat).waiting_since
    message = answer(chat, ana)
    post_signed(nobody, STATUS, status_form(message.message_sid or "", "undelivered", ErrorCode="63003"))

    assert again(chat).waiting_since == since


def test_an_answer_that_twilio_refused_is_none(chat: Conversation, ana: User, twilio: FakeTwilio) -> None:
    since = again(chat).waiting_since
    twilio.fail_next(Refused(63013, "no", 400))
    answer(chat, ana)

    assert again(chat).waiting_since == since


def test_a_reaction_waits_for_nothing(nobody: FlaskClient, chat: Conversation, ana: User) -> None:
    ours = answer(chat, ana)
    post_signed(
        nobody,
        WEBHOOK,
        inbound_form(
            "👍", MessageSid=f"SM{9:032x}", MessageType="reaction", OriginalRepliedMessageSid=ours.message_sid or ""
        ),
    )

    assert again(chat).waiting_since is None


def test_staff_say_that_nothing_has_to_be_answered_until_the_client_writes_again(
    chat: Conversation, browser: SignedInClient, nobody: FlaskClient
) -> None:
    done = browser.post(f"/whatsapp/conversations/{chat.id}/done", data={"csrf_token": browser.csrf})
    quiet = again(chat).waiting_since
    post_signed(nobody, WEBHOOK, inbound_form("Otra cosa", MessageSid=f"SM{8:032x}"))

    assert done.status_code == 303
    assert quiet is None
    assert again(chat).waiting_since is not None


def test_what_came_after_the_page_that_says_so_still_waits(
    chat: Conversation, browser: SignedInClient, nobody: FlaskClient
) -> None:
    url = f"/whatsapp/conversations/{chat.id}"
    form = browser.get(url).text.partition('id="done"')[2]
    until = re.findall(r'name="until" value="(\d+)"', form)[0]
    post_signed(nobody, WEBHOOK, inbound_form("¿Y a qué hora llegan?", MessageSid=f"SM{8:032x}"))

    browser.post(f"{url}/done", data={"csrf_token": browser.csrf, "until": until})

    waiting_since = again(chat).waiting_since
    message = db.session.scalars(select(Message).where(Message.message_sid == f"SM{8:032x}")).one()
    assert waiting_since == message.sent_at


def test_an_old_page_takes_back_nothing_that_was_settled_since(
    chat: Conversation, browser: SignedInClient, nobody: FlaskClient
) -> None:
    first = again(chat).last_message_id
    post_signed(nobody, WEBHOOK, inbound_form("¿Y a qué hora llegan?", MessageSid=f"SM{8:032x}"))
    mark_done(chat.id)

    for until in (999, first, 0):
        data = {"csrf_token": browser.csrf, "until": str(until)}
        browser.post(f"/whatsapp/conversations/{chat.id}/done", data=data)

    assert again(chat).waiting_since is None


def settled(browser: SignedInClient, chat: Conversation) -> str:
    """Return what the chat says of who settled it, without its tags."""
    page = browser.htmx("GET", f"/whatsapp/conversations/{chat.id}/changes?since=0").text
    piece = re.search(r'<div id="settled".*?</div>', page, re.DOTALL)
    assert piece is not None
    return " ".join(re.sub(r"<[^>]+>", " ", piece[0]).split())


def marked(chat: Conversation) -> str:
    at = again(chat).done_marked_at
    assert at is not None
    return at.isoformat()


def test_who_settled_it_and_when_is_said_until_it_is_undone(chat: Conversation, browser: SignedInClient) -> None:
    url, since = f"/whatsapp/conversations/{chat.id}", again(chat).waiting_since
    browser.htmx("POST", f"{url}/done", data={"until": str(chat.last_message_id)})
    said = settled(browser, chat)
    assert again(chat).waiting_since is None

    answer = browser.htmx("POST", f"{url}/done/undo", data={"marked": marked(chat)})

    assert re.fullmatch(r"Ana marcó que no hace falta responder, \d\d:\d\d ?\. Deshacer", said)
    assert (answer.status_code, settled(browser, chat)) == (204, "")
    assert (again(chat).waiting_since, chat.done_at, chat.done_by_id) == (since, None, None)


def test_undoing_counts_what_came_meanwhile(chat: Conversation, browser: SignedInClient, nobody: FlaskClient) -> None:
    since = again(chat).waiting_since
    mark_done(chat.id)
    at = marked(chat)
    post_signed(nobody, WEBHOOK, inbound_form("¿Y?", MessageSid=f"SM{8:032x}"))
    assert settled(browser, chat) == ""

    undo_done(chat.id, at)

    assert again(chat).waiting_since == since


def test_undoing_leaves_what_was_answered_meanwhile(chat: Conversation, ana: User) -> None:
    mark_done(chat.id)
    at = marked(chat)
    answer(chat, ana)

    undo_done(chat.id, at)

    assert again(chat).waiting_since is None


def test_undoing_goes_back_to_what_was_settled_before(chat: Conversation, nobody: FlaskClient) -> None:
    mark_done(chat.id)
    post_signed(nobody, WEBHOOK, inbound_form("¿Y?", MessageSid=f"SM{8:032x}"))
    second = db.session.scalars(select(Message).where(Message.message_sid == f"SM{8:032x}")).one()
    mark_done(chat.id)

    undo_done(chat.id, marked(chat))

    assert again(chat).waiting_since == second.sent_at


def test_an_old_page_undoes_nothing_that_was_said_since(
    chat: Conversation, nobody: FlaskClient, ana: User, bruno: User
) -> None:
    mark_done(chat.id, user_id=ana.id)
    first = marked(chat)
    mark_done(chat.id, user_id=bruno.id)
    assert (marked(chat), chat.done_by_id) == (first, ana.id)
    post_signed(nobody, WEBHOOK, inbound_form("¿Y?", MessageSid=f"SM{8:032x}"))
    mark_done(chat.id, user_id=bruno.id)

    for at in (first, "", "nonsense"):
        undo_done(chat.id, at)

    assert (again(chat).waiting_since, chat.done_by_id) == (None, bruno.id)


def test_the_list_shows_who_waits_longest_first_and_how_many(browser: SignedInClient, factories: Factories) -> None:
    now = utcnow()
    for number, hours in ((1, 1), (2, 5), (3, 3)):
        chat = factories.conversation(f"+549115555010{number}", profile_name=f"Cliente Número{number}")
        factories.message(chat, sent_at=now - timedelta(hours=hours))
    answered = factories.conversation("+5491155550109", profile_name="Ya Respondida")
    factories.message(answered, sent_at=now - timedelta(hours=9))
    factories.message(answered, "Listo", direction="outbound", sent_at=now - timedelta(hours=8))

    page = browser.htmx("GET", "/whatsapp/list?filter=waiting").text

    names = ["Cliente Número2", "Cliente Número3", "Cliente Número1"]
    assert sorted(names, key=page.index) == names
    assert "Ya Respondida" not in page
    assert "espera hace 5 h" in page
    assert '<hx-partial hx-target="#count-waiting" hx-swap="textContent">3</hx-partial>' in page


def test_pages_of_those_who_wait_follow_one_another(factories: Factories) -> None:
    now = utcnow()
    for number in range(5):
        chat = factories.conversation(f"+549115555010{number}")
        factories.message(chat, sent_at=now - timedelta(hours=number + 1))
    wanted = queries.ConversationFilter(now=now, waiting=True)

    first = queries.list_conversations(wanted, 3)
    second = queries.list_conversations(wanted, 3, first.next_cursor or "")

    since = [row.waiting_since for row in (*first.items, *second.items)]
    assert len(since) == 5
    assert since == sorted(since)
    assert second.next_cursor is None


def test_who_asked_for_no_messages_waits_for_none(browser: SignedInClient, factories: Factories) -> None:
    factories.message(factories.conversation(opted_out=True, profile_name="Pidió Baja"))

    assert "Pidió Baja" not in browser.htmx("GET", "/whatsapp/list?filter=waiting").text
    assert window_queries.list_unanswered(utcnow()) == []


def test_joined_and_separated_conversations_wait_as_their_messages_say(factories: Factories) -> None:
    now = utcnow()
    one, other = factories.conversation(), factories.conversation("+5491155550102")
    factories.message(one, sent_at=now - timedelta(hours=3))
    factories.message(one, "Sí", direction="outbound", sent_at=now - timedelta(hours=2))
    waits = factories.message(other, "¿Y?", sent_at=now - timedelta(hours=1)).sent_at

    joining.join(one.id, other.id)
    together = again(one).waiting_since
    joining.separate(one.id, other.id)

    assert together == waits
    assert (again(one).waiting_since, again(other).waiting_since) == (None, waits)


def test_what_needs_no_answer_needs_none_after_joining_and_separating(factories: Factories) -> None:
    one, other = factories.conversation(), factories.conversation("+5491155550102")
    factories.message(one, "Listo", direction="outbound")
    factories.message(other, "Gracias!")
    mark_done(other.id)

    joining.join(one.id, other.id)
    together = again(one).waiting_since
    joining.separate(one.id, other.id)

    assert together is None
    assert (again(one).waiting_since, again(other).waiting_since) == (None, None)
    assert not one.settled  # Nobody said it of what the two became.
    assert not other.settled


def test_who_waits_still_waits_after_joining_one_that_was_done(factories: Factories) -> None:
    one, other = factories.conversation(), factories.conversation("+5491155550102")
    factories.message(one, "Gracias!")
    waits = factories.message(other, "¿Y?").sent_at
    mark_done(one.id)

    joining.join(one.id, other.id)

    since = again(one).waiting_since
    assert since is not None
    assert since <= waits


def test_the_button_says_how_many_wait_and_since_when(browser: SignedInClient, factories: Factories) -> None:
    factories.message(factories.conversation(), sent_at=utcnow() - timedelta(hours=4))

    badge = browser.htmx("GET", "/whatsapp/unread").text

    assert 'title="1 sin responder · espera hace 4 h"' in badge


def test_programs_ask_for_who_waits(browser: SignedInClient, factories: Factories) -> None:
    chat = factories.conversation()
    factories.message(chat)
    answered = factories.conversation("+5491155550102")
    factories.message(answered, direction="outbound")

    items = browser.get("/api/whatsapp/conversations?waiting=1").json["items"]

    assert [item["id"] for item in items] == [chat.id]
    assert items[0]["waiting_since"] is not None
