"""A reaction stands under the message it answers; the people of a contact card can be kept."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.auth.models import User
from app.extensions import db
from app.whatsapp import queries
from app.whatsapp.contacts.queries import find_likely
from app.whatsapp.models import Conversation, Media
from app.whatsapp.names import last_line
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.signing import WEBHOOK, inbound_form, post_signed


@pytest.fixture
def browser(ana: User, sign_in: Callable[[User], SignedInClient]) -> SignedInClient:
    return sign_in(ana)


def reacts(app: Flask, emoji: str, sid: str) -> None:
    form = inbound_form(emoji, MessageType="reaction", OriginalRepliedMessageSid=sid)
    assert post_signed(app.test_client(), WEBHOOK, form).status_code == 200
    db.session.rollback()
    db.session.expire_all()


def test_the_last_reaction_stands_under_its_message_until_it_is_taken_back(
    app: Flask, browser: SignedInClient, factories: Factories
) -> None:
    conversation = factories.conversation()
    message = factories.message(conversation, "¿A las 21?", direction="outbound")
    chat = f"/whatsapp/conversations/{conversation.id}/"
    seen = message.change

    reacts(app, "👍", message.message_sid or "")
    reacts(app, "❤️", message.message_sid or "")
    changed = browser.htmx("GET", f"{chat}changes?since={seen}&state=open").text

    assert (changed.count('class="msg '), "❤️" in changed, 'class="reaction">' in changed) == (1, True, True)
    assert "👍</span>" not in changed
    conversation = factories.reload(conversation)
    assert (conversation.unread_count, last_line(conversation.last_message)) == (2, "Reaccionó con ❤️")
    reacts(app, "", message.message_sid or "")
    assert 'class="reaction">' not in browser.htmx("GET", f"{chat}chat").text
    assert factories.reload(conversation).unread_count == 2


def test_a_reaction_to_what_is_not_here_says_so(app: Flask, browser: SignedInClient, factories: Factories) -> None:
    conversation = factories.conversation()

    reacts(app, "👍", "SM" + "9" * 32)

    chat = browser.htmx("GET", f"/whatsapp/conversations/{conversation.id}/chat").text
    assert "Reaccionó con 👍" in chat
    assert "A un mensaje que no tenemos." in chat


def post(browser: SignedInClient, url: str, **form: str) -> TestResponse:
    """Post a form as a page without JavaScript does."""
    return browser.post(url, data={"csrf_token": browser.csrf} | form)


def card(factories: Factories, phone: str | None, name: str = "Mica <b>", org: str = "") -> tuple[int, int]:
    event = factories.coordinacion(phone=phone)
    conversation = factories.conversation(coordinacion_id=event.id)
    person = {"number": "11 5555-0190", "whatsapp": "5491155550190", "label": "cell"}
    details = {"contacts": [{"name": name, "org": org, "phones": [person], "emails": []}], "more": 0}
    media = Media(position=0, url="", content_type="text/vcard", state="stored", details=details)
    factories.message(conversation, "", type="contact", media=[media])
    return media.id, event.id


def write_to(browser: SignedInClient, media_id: int) -> tuple[str, Conversation]:
    """Press "Escribirle" under a card; return where that leads, and the conversation there."""
    url = post(browser, f"/whatsapp/cards/{media_id}/0/write", phone="0").headers["Location"]
    db.session.rollback()
    db.session.expire_all()
    return url, queries.get_conversation(int(url.rpartition("/")[2]))


def test_somebody_of_a_card_is_kept_once_in_the_notes(browser: SignedInClient, factories: Factories) -> None:
    media_id, event_id = card(factories, "+5491155550101")

    for _time in range(2):
        assert post(browser, f"/whatsapp/cards/{media_id}/0/keep", field="notes").status_code == 303

    page = browser.get(f"/coordinaciones/{event_id}").text
    assert page.count('Contacto: Mica &lt;b&gt;, <a dir="ltr" href="tel:+5491155550190">+5491155550190</a>') == 1


def test_a_card_fills_a_missing_phone(browser: SignedInClient, factories: Factories) -> None:
    missing, event_id = card(factories, None)
    assert post(browser, f"/whatsapp/cards/{missing}/0/keep", field="phone").status_code == 303

    assert "9 11 5555-0190" in browser.get(f"/coordinaciones/{event_id}").text


def test_writing_to_somebody_of_a_card_opens_their_chat(browser: SignedInClient, factories: Factories) -> None:
    media_id, _event = card(factories, "+5491155550101")

    answer = post(browser, f"/whatsapp/cards/{media_id}/0/write", phone="0")

    assert answer.status_code == 303
    assert "Mica &lt;b&gt;" in browser.get(answer.headers["Location"]).text
    assert post(browser, f"/whatsapp/cards/{media_id}/1/write").status_code == 404
    assert post(browser, f"/whatsapp/cards/{media_id}/0/write", phone="9").status_code == 422


def test_the_name_on_a_card_is_no_name_at_whatsapp(app: Flask, browser: SignedInClient, factories: Factories) -> None:
    media_id, _event = card(factories, "+5491155550101", name="Sergio Paz")
    factories.message(factories.conversation(None, profile_name="Sergio Paz", user_id="AR.4566546130240823"))
    url, conversation = write_to(browser, media_id)

    assert (conversation.given_name, conversation.contact.profile_name) == ("Sergio Paz", "")
    assert find_likely(conversation) is None
    assert "En WhatsApp:" not in browser.get(url).text

    form = inbound_form("Hola", "+5491155550190", ProfileName="Checho")
    assert post_signed(app.test_client(), WEBHOOK, form).status_code == 200
    page = unescape(browser.get(url).text)
    assert '<h2 id="conversation-name" tabindex="-1" dir="auto">Sergio Paz</h2>' in page
    assert "En WhatsApp: <bdi>Checho</bdi>" in page


@pytest.mark.parametrize(
    ("name", "org", "called"), [("", "", ""), ("", "Salón Sur", "Salón Sur"), ("x" * 200, "", "x" * 80)]
)
def test_a_card_names_a_new_chat_as_staff_could(
    browser: SignedInClient, factories: Factories, name: str, org: str, called: str
) -> None:
    media_id, _event = card(factories, "+5491155550101", name=name, org=org)

    _url, conversation = write_to(browser, media_id)

    assert conversation.given_name == called


def test_a_card_of_somebody_who_is_known_names_nobody(browser: SignedInClient, factories: Factories) -> None:
    media_id, _event = card(factories, "+5491155550101", name="Mica")
    known = factories.conversation("+5491155550190", profile_name="Micaela")

    _url, conversation = write_to(browser, media_id)

    assert (conversation.id, conversation.given_name) == (known.id, "")


def test_a_card_that_shows_one_number_and_names_another_leads_to_the_one_shown(
    browser: SignedInClient, factories: Factories
) -> None:
    conversation = factories.conversation()
    person = {"number": "+54 9 11 5555-0101", "whatsapp": "5491166666666", "label": "cell"}
    details = {"contacts": [{"name": "Mica", "org": "", "phones": [person], "emails": []}], "more": 0}
    media = Media(position=0, url="", content_type="text/vcard", state="stored", details=details)
    factories.message(conversation, "", type="contact", media=[media])

    answer = post(browser, f"/whatsapp/cards/{media.id}/0/write", phone="0")

    assert answer.headers["Location"].endswith(f"/conversations/{conversation.id}")
