"""What stands under a message that did not arrive: why, and a button for what to do, for every code of Twilio's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from app.extensions import db, utcnow
from app.formats import format_clock
from app.media.models import File
from app.whatsapp.changes import current_change
from app.whatsapp.models import Conversation, Media, Message
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.signing import STATUS, post_signed, status_form

SignIn = Callable[[User], SignedInClient]

TELL, TEMPLATE, NUMBER, CALL = "Avisar al administrador", "Elegir plantilla", "Revisar número", "Llamar"
SHRINK, RETRY, CORRECT = "Achicar archivo", "Mandar de nuevo", "Corregirlo"
WAITS = "Ya le avisamos al administrador."  # An account that sends nothing tells the admins by itself.

# Every code of Twilio's that a WhatsApp message can meet, and the buttons under it in an open chat of nobody's event.
# fmt: off
CODES: dict[int, list[str]] = {
    20003: [WAITS], 20005: [WAITS], 20404: [TELL], 20429: [RETRY], 20500: [RETRY],
    21211: [NUMBER], 21212: [WAITS], 21408: [TELL], 21602: [CORRECT], 21603: [TELL], 21604: [NUMBER], 21606: [WAITS],
    21608: [TELL], 21609: [TELL], 21610: [CALL], 21614: [NUMBER], 21617: [CORRECT], 21620: [TELL, RETRY],
    21654: [TEMPLATE], 21655: [TEMPLATE], 21656: [TEMPLATE], 21658: [TEMPLATE],
    30001: [RETRY], 30410: [RETRY],
    63003: [NUMBER], 63005: [CORRECT], 63006: [CORRECT], 63007: [WAITS], 63009: [RETRY], 63010: [RETRY],
    63012: [RETRY], 63013: [CORRECT], 63014: [CALL], 63015: [CALL], 63016: [TEMPLATE], 63017: [RETRY],
    63018: [RETRY], 63019: [TELL, RETRY], 63020: [WAITS], 63021: [TEMPLATE], 63024: [NUMBER], 63027: [TEMPLATE],
    63028: [TEMPLATE], 63030: [CORRECT], 63032: [CALL], 63033: [CALL], 63034: [SHRINK], 63038: [RETRY],
    63040: [TEMPLATE], 63041: [TEMPLATE], 63042: [TEMPLATE], 63049: [CALL], 63051: [WAITS],
}
# fmt: on


@dataclass
class Chat:
    """A conversation as somebody's page shows it."""

    browser: SignedInClient
    conversation: Conversation

    def bubble(self, message: Message) -> str:
        """Return the markup under the words of `message`."""
        page = self.browser.get(f"/whatsapp/conversations/{self.conversation.id}").text
        row = re.search(rf'<li id="m-{message.id}".*?</li>', page, re.DOTALL)
        assert row, page
        return row[0].partition("</footer>")[2]


@pytest.fixture
def conversation(factories: Factories) -> Conversation:
    return factories.conversation()


@pytest.fixture
def chat(sign_in: SignIn, ana: User, conversation: Conversation) -> Chat:
    return Chat(sign_in(ana), conversation)


@pytest.fixture
def sent(factories: Factories, conversation: Conversation) -> Message:
    return factories.message(conversation, "¿Confirmamos?", direction="outbound", status="sent")


def fail(client: FlaskClient, message: Message, code: int | None, **changes: str) -> None:
    told = {"ErrorCode": str(code)} if code else {}
    form = status_form(message.message_sid or "", "failed", **(told | changes))
    assert post_signed(client, STATUS, form).status_code == 204


def words(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def buttons(markup: str) -> list[str]:
    found = re.findall(r'<(?:a|button|span) [^>]*class="(?:link|done-step)"[^>]*>(.*?)</', markup)
    return [unescape(text) for text in found]


@pytest.mark.parametrize("code", CODES)
def test_each_code_says_what_happened_and_offers_the_next_step(
    code: int, nobody: FlaskClient, chat: Chat, sent: Message
) -> None:
    fail(nobody, sent, code, ErrorMessage="Twilio Error: in English")

    under = chat.bubble(sent)

    assert buttons(under) == CODES[code]
    assert "English" not in under
    assert str(code) not in words(under)


def test_a_code_that_nobody_knows_has_twilios_words_its_number_and_its_page(
    nobody: FlaskClient, chat: Chat, sent: Message
) -> None:
    said = "Twilio Error: Some <b>new</b> thing. Generated new message with sid: SM12"
    fail(nobody, sent, 63999, ErrorMessage=said)

    under = chat.bubble(sent)

    assert "No salió. Twilio dice: «Some <b>new</b> thing» (error 63999)." in unescape(under)
    assert "<b>" not in under
    assert 'href="https://www.twilio.com/docs/api/errors/63999"' in under
    assert buttons(under) == ["Qué dice Twilio", TELL]


def test_what_failed_without_a_reason_may_go_again(nobody: FlaskClient, chat: Chat, sent: Message) -> None:
    fail(nobody, sent, None)

    assert words(chat.bubble(sent)) == "No salió, y WhatsApp no dijo por qué. Mandar de nuevo"


def test_an_admin_is_sent_to_the_diagnosis_instead_of_to_themselves(
    nobody: FlaskClient, sign_in: SignIn, carla: User, conversation: Conversation, sent: Message
) -> None:
    fail(nobody, sent, 21608)

    assert buttons(Chat(sign_in(carla), conversation).bubble(sent)) == ["Ver diagnóstico"]


def test_a_wrong_number_leads_to_the_coordinacion_that_it_stands_in(
    nobody: FlaskClient, chat: Chat, factories: Factories
) -> None:
    event = factories.coordinacion()
    message = factories.message(chat.conversation, direction="outbound", coordinacion_id=event.id)

    fail(nobody, message, 63024)

    assert f'href="/coordinaciones/{event.id}/edit#coordinacion-phone"' in chat.bubble(message)


@pytest.mark.parametrize(("code", "hours"), [(63018, 2), (63038, 24), (30001, 0.25)])
def test_what_may_go_later_says_from_when(
    code: int, hours: float, nobody: FlaskClient, chat: Chat, factories: Factories
) -> None:
    message = factories.message(chat.conversation, direction="outbound", sent_at=utcnow())
    fail(nobody, message, code)

    clock = format_clock(message.sent_at + timedelta(hours=hours))
    assert re.search(rf"Mandar de nuevo desde (mañana a )?las {clock}$", words(chat.bubble(message)))


def test_sending_again_is_offered_only_where_whatsapp_would_let_it_through(
    nobody: FlaskClient, chat: Chat, factories: Factories
) -> None:
    closed = factories.conversation("+5491155550177", window_expires_at=utcnow() - timedelta(hours=1))
    gone = factories.conversation("+5491155550178", opted_out=True)
    template = {"content_sid": "HX" + "1" * 32, "variables": {"1": "Lucía"}}
    texts = [factories.message(one, "Hola", direction="outbound") for one in (closed, gone)]
    templates = [
        factories.message(one, "Hola", direction="outbound", type="template", template=template)
        for one in (closed, gone)
    ]
    for message in (*texts, *templates):
        fail(nobody, message, 20429)

    offered = [
        RETRY in buttons(Chat(chat.browser, one).bubble(message))
        for group in (texts, templates)
        for one, message in zip((closed, gone), group, strict=True)
    ]

    assert offered == [False, False, True, False]


@pytest.mark.parametrize("code", [20429, 63012, 63005, None])
def test_where_the_window_has_closed_a_template_is_the_next_step(
    code: int | None, nobody: FlaskClient, chat: Chat, factories: Factories
) -> None:
    closed = factories.conversation("+5491155550177", window_expires_at=utcnow() - timedelta(hours=1))
    message = factories.message(closed, "Hola", direction="outbound")
    fail(nobody, message, code)

    assert buttons(Chat(chat.browser, closed).bubble(message)) == [TEMPLATE]


def test_a_file_goes_again_only_while_it_is_kept(nobody: FlaskClient, chat: Chat, factories: Factories) -> None:
    kept = factories.store(File(content_type="image/jpeg", finished_at=utcnow()))
    messages = [factories.message(chat.conversation, direction="outbound", type="image") for _file in range(2)]
    for message, file_id in zip(messages, (kept.id, None), strict=True):
        factories.store(Media(message_id=message.id, position=0, url="", file_id=file_id))
        fail(nobody, message, 63019)

    assert [RETRY in buttons(chat.bubble(message)) for message in messages] == [True, False]
    assert chat.browser.htmx("POST", f"/whatsapp/messages/{messages[1].id}/retry").status_code == 409


# Sending again


def test_sending_again_makes_a_message_that_knows_the_failed_one(
    nobody: FlaskClient, chat: Chat, sent: Message, twilio: FakeTwilio, factories: Factories
) -> None:
    fail(nobody, sent, 63012)

    answer = chat.browser.htmx("POST", f"/whatsapp/messages/{sent.id}/retry")

    assert answer.status_code == 201
    again = factories.reload(chat.conversation).last_message
    assert again is not None
    assert (again.retry_of_id, again.body, again.id != sent.id) == (sent.id, "¿Confirmamos?", True)
    assert [outgoing.body for outgoing in twilio.sent] == ["¿Confirmamos?"]
    for under in (answer.text, chat.bubble(sent)):
        assert "Ya se mandó de nuevo." in under
        assert f'href="#m-{again.id}"' in under
    assert f'href="#m-{sent.id}">Es otro intento del que no salió.' in chat.bubble(again)
    assert f'id="m-{again.id}"' in answer.text


@pytest.mark.parametrize("key", ["retry-{id}", "retry:{id}"])
def test_no_page_spends_the_turn_of_another_message(
    nobody: FlaskClient, chat: Chat, sent: Message, twilio: FakeTwilio, key: str
) -> None:
    fail(nobody, sent, 63012)
    form = {"key": key.format(id=sent.id), "body": "Otra cosa"}
    chat.browser.htmx("POST", f"/whatsapp/conversations/{chat.conversation.id}/messages", data=form)

    chat.browser.htmx("POST", f"/whatsapp/messages/{sent.id}/retry")

    assert [outgoing.body for outgoing in twilio.sent] == ["Otra cosa", "¿Confirmamos?"]


def test_everybody_who_looks_sees_that_it_was_sent_again(
    nobody: FlaskClient, chat: Chat, sent: Message, sign_in: SignIn, bruno: User
) -> None:
    fail(nobody, sent, 63012)
    db.session.rollback()
    since = current_change()
    chat.browser.htmx("POST", f"/whatsapp/messages/{sent.id}/retry")

    news = sign_in(bruno).htmx("GET", f"/whatsapp/conversations/{chat.conversation.id}/changes?since={since}").text

    assert f'id="m-{sent.id}"' in news
    assert "Ya se mandó de nuevo." in news


def test_a_template_goes_again_with_its_values_though_the_window_is_closed(
    nobody: FlaskClient, chat: Chat, twilio: FakeTwilio, factories: Factories
) -> None:
    closed = factories.conversation("+5491155550177", window_expires_at=None)
    template = {"content_sid": "HX" + "1" * 32, "variables": {"1": "Lucía"}}
    message = factories.message(closed, "Hola Lucía", direction="outbound", type="template", template=template)
    fail(nobody, message, 63012)

    assert chat.browser.htmx("POST", f"/whatsapp/messages/{message.id}/retry").status_code == 201

    assert [(one.content_sid, one.content_variables) for one in twilio.sent] == [("HX" + "1" * 32, {"1": "Lucía"})]


def test_what_fails_twice_can_go_a_third_time(
    nobody: FlaskClient, chat: Chat, sent: Message, twilio: FakeTwilio, factories: Factories
) -> None:
    fail(nobody, sent, 63012)
    chat.browser.htmx("POST", f"/whatsapp/messages/{sent.id}/retry")
    second = factories.reload(chat.conversation).last_message
    assert second is not None
    fail(nobody, second, 63012)

    assert chat.browser.htmx("POST", f"/whatsapp/messages/{second.id}/retry").status_code == 201
    assert len(twilio.sent) == 2


@pytest.mark.parametrize(("status", "code"), [("failed", 63024), ("failed", 63016), ("delivered", None)])
def test_what_would_fail_again_or_has_arrived_is_not_sent_again(
    status: str, code: int | None, chat: Chat, factories: Factories, twilio: FakeTwilio
) -> None:
    message = factories.message(chat.conversation, direction="outbound", status=status, error_code=code)

    answer = chat.browser.htmx("POST", f"/whatsapp/messages/{message.id}/retry")

    assert answer.status_code == 409
    assert "no serviría" in answer.text
    assert twilio.sent == []


def test_a_clients_own_message_is_not_sent_to_them(chat: Chat, factories: Factories, twilio: FakeTwilio) -> None:
    message = factories.message(chat.conversation)

    assert chat.browser.htmx("POST", f"/whatsapp/messages/{message.id}/retry").status_code == 409
    assert chat.browser.htmx("POST", "/whatsapp/messages/999/retry").status_code == 404
    assert twilio.sent == []


def test_a_window_that_closed_meanwhile_sends_nothing_again(
    chat: Chat, factories: Factories, twilio: FakeTwilio
) -> None:
    closed = factories.conversation("+5491155550177", window_expires_at=utcnow() - timedelta(hours=1))
    message = factories.message(closed, direction="outbound", status="failed", error_code=20429)

    answer = chat.browser.htmx("POST", f"/whatsapp/messages/{message.id}/retry")

    assert (answer.status_code, "Pasaron las 24 h" in answer.text) == (409, True)
    assert twilio.sent == []


def test_without_javascript_sending_again_comes_back_to_the_chat(
    nobody: FlaskClient, chat: Chat, sent: Message, factories: Factories
) -> None:
    fail(nobody, sent, 63012)

    answer = chat.browser.post(f"/whatsapp/messages/{sent.id}/retry", data={"csrf_token": chat.browser.csrf})

    again = factories.reload(chat.conversation).last_message
    assert again is not None
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"/whatsapp/conversations/{chat.conversation.id}#m-{again.id}",
    )
