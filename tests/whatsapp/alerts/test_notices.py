"""What admins are told on every page: an account that sends nothing, and what staff ask them to look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import User
from app.extensions import db, utcnow
from app.twilio.client import Refused
from app.whatsapp.alerts.notice_queries import Notices, find_notices
from app.whatsapp.messaging.actions.send import send
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Conversation, Message
from tests.browser import SignedInClient, without_holds
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.signing import STATUS, post_signed, status_form

SignIn = Callable[[User], SignedInClient]

POLL = "/whatsapp/unread"


@pytest.fixture
def conversation(factories: Factories) -> Conversation:
    return factories.conversation()


def tell(client: FlaskClient, message: Message, status: str, code: int | None = None) -> None:
    told = {"ErrorCode": str(code)} if code else {}
    assert post_signed(client, STATUS, status_form(message.message_sid or "", status, **told)).status_code == 204


def outgoing(factories: Factories, conversation: Conversation, **fields: object) -> Message:
    return factories.message(conversation, direction="outbound", **({"status": "queued"} | fields))


def noticed() -> Notices:
    db.session.rollback()
    return find_notices()


@pytest.mark.parametrize("code", [20003, 20005, 21212, 21606, 63007, 63020, 63051])
def test_an_account_that_sends_nothing_is_told_to_admins_on_every_page(
    code: int, nobody: FlaskClient, sign_in: SignIn, carla: User, factories: Factories, conversation: Conversation
) -> None:
    tell(nobody, outgoing(factories, conversation), "failed", code)

    browser = sign_in(carla)
    for path in ("/coordinaciones", "/settings/people", "/whatsapp/"):
        page = browser.get(path).text
        assert "WhatsApp no está saliendo desde las" in without_holds(page), path
        assert f"error {code}" in page
        assert 'href="/settings/diagnosis"' in page


def test_staff_are_told_above_the_composer_and_nowhere_else(
    nobody: FlaskClient, sign_in: SignIn, ana: User, factories: Factories, conversation: Conversation
) -> None:
    tell(nobody, outgoing(factories, conversation), "failed", 63051)

    browser = sign_in(ana)

    assert "no está saliendo" not in browser.get("/coordinaciones").text
    chat = browser.get(f"/whatsapp/conversations/{conversation.id}").text
    assert "WhatsApp no está saliendo. Ya le avisamos al administrador." in chat
    assert "WhatsApp no está saliendo. Ya le avisamos" in browser.htmx("GET", "/whatsapp/trouble").text


def test_other_failures_alarm_nobody(nobody: FlaskClient, factories: Factories, conversation: Conversation) -> None:
    for code in (63016, 63024, 21610, 99999):
        tell(nobody, outgoing(factories, conversation), "failed", code)

    assert noticed().trouble is None


def test_the_first_failure_says_since_when_and_the_last_says_why(
    nobody: FlaskClient, factories: Factories, conversation: Conversation
) -> None:
    first = outgoing(factories, conversation, sent_at=utcnow() - timedelta(hours=3))
    tell(nobody, first, "failed", 63020)
    tell(nobody, outgoing(factories, conversation), "failed", 63051)

    trouble = noticed().trouble

    assert trouble is not None
    assert (trouble.code, trouble.since) == (63051, first.sent_at)


@pytest.mark.parametrize("status", ["sent", "delivered", "read"])
def test_a_later_message_that_goes_out_ends_the_alarm(
    status: str, nobody: FlaskClient, factories: Factories, conversation: Conversation
) -> None:
    tell(nobody, outgoing(factories, conversation), "failed", 63051)
    later = outgoing(factories, conversation)

    tell(nobody, later, "sending")
    assert noticed().trouble is not None
    tell(nobody, later, status)

    assert noticed().trouble is None


def test_news_of_an_earlier_message_does_not_end_it(
    nobody: FlaskClient, factories: Factories, conversation: Conversation
) -> None:
    earlier = outgoing(factories, conversation)
    tell(nobody, outgoing(factories, conversation), "failed", 63051)

    tell(nobody, earlier, "delivered")

    assert noticed().trouble is not None


def test_old_news_of_a_failure_alarms_nobody_when_something_went_out_since(
    nobody: FlaskClient, factories: Factories, conversation: Conversation
) -> None:
    failed = outgoing(factories, conversation)
    outgoing(factories, conversation, status="delivered")

    tell(nobody, failed, "failed", 63051)

    assert noticed().trouble is None


def test_what_twilio_refuses_at_once_is_over_when_it_takes_the_next(
    app: Flask, ana: User, twilio: FakeTwilio, conversation: Conversation
) -> None:
    request = SendRequest(body="Hola", conversation_id=conversation.id)
    twilio.fail_next(Refused(20003, "Authenticate", 401))
    send(request, "first", ana.id)
    assert noticed().trouble is not None

    send(request, "second", ana.id)

    assert noticed().trouble is None


def test_the_poll_wakes_the_place_of_the_notices_when_they_changed_and_only_then(
    nobody: FlaskClient, sign_in: SignIn, carla: User, factories: Factories, conversation: Conversation
) -> None:
    browser = sign_in(carla)
    tag = browser.htmx("GET", POLL).headers["HX-PTag"]
    message = outgoing(factories, conversation)

    tell(nobody, message, "failed", 63051)
    alarmed = browser.htmx("GET", POLL, headers={"HX-PTag": tag})
    tell(nobody, outgoing(factories, conversation), "failed", 63016)
    later = browser.htmx("GET", POLL, headers={"HX-PTag": alarmed.headers["HX-PTag"]})

    assert alarmed.headers["HX-Trigger"] == "whatsapp-changed, whatsapp-notices"
    assert later.headers["HX-Trigger"] == "whatsapp-changed"
    assert "no está saliendo" in browser.htmx("GET", "/whatsapp/notices").text


def test_a_page_of_an_admin_asks_once_and_one_of_staff_not_at_all(
    sign_in: SignIn, ana: User, carla: User, statements: list[str]
) -> None:
    asked = {}
    for user in (ana, carla):
        browser = sign_in(user)
        statements.clear()
        browser.get("/coordinaciones")
        asked[user.name] = sum("whatsapp_averias" in statement for statement in statements)

    assert asked == {"Ana": 0, "Carla": 1}


# What staff report


def test_staff_tell_the_admins_once_and_the_admins_put_it_away(
    nobody: FlaskClient,
    sign_in: SignIn,
    ana: User,
    bruno: User,
    carla: User,
    factories: Factories,
    conversation: Conversation,
) -> None:
    message = outgoing(factories, conversation)
    tell(nobody, message, "failed", 21608)

    told = sign_in(ana).htmx("POST", f"/whatsapp/messages/{message.id}/tell")
    sign_in(bruno).htmx("POST", f"/whatsapp/messages/{message.id}/tell")

    assert "Ya le avisamos al administrador." in told.text
    assert [report.reported_by for report in noticed().reports] == ["Ana"]
    admin = sign_in(carla)
    page = admin.get("/coordinaciones").text
    assert "Ana pide que mires por qué no salió un mensaje." in page
    assert f'href="/whatsapp/conversations/{conversation.id}"' in page
    after = admin.htmx("POST", "/whatsapp/notices/dismiss", data={"code": "21608"})
    assert "Ana pide" not in after.text
    assert admin.htmx("POST", "/whatsapp/notices/dismiss", data={"code": "21608"}).status_code == 200
    assert noticed().reports == ()


def test_there_is_nothing_to_tell_of_what_arrived_or_of_what_staff_can_mend(
    sign_in: SignIn, ana: User, factories: Factories, conversation: Conversation
) -> None:
    browser = sign_in(ana)
    for fields in ({"status": "delivered"}, {"status": "failed", "error_code": 63016}):
        message = outgoing(factories, conversation, **fields)
        assert browser.htmx("POST", f"/whatsapp/messages/{message.id}/tell").status_code == 404

    assert noticed().reports == ()


def test_without_javascript_telling_and_putting_away_come_back(
    sign_in: SignIn, ana: User, carla: User, factories: Factories, conversation: Conversation
) -> None:
    message = outgoing(factories, conversation, status="failed", error_code=21608)
    staff, admin = sign_in(ana), sign_in(carla)

    told = staff.post(f"/whatsapp/messages/{message.id}/tell", data={"csrf_token": staff.csrf})
    gone = admin.post("/whatsapp/notices/dismiss", data={"csrf_token": admin.csrf, "code": "21608"})

    assert (told.status_code, gone.status_code) == (303, 303)
    assert noticed().reports == ()
