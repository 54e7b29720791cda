from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.auth.models import User
from app.extensions import db, utcnow
from app.twilio.client import NoAnswer, Refused
from app.whatsapp.models import Conversation, Message
from tests.browser import SignedInClient, without_holds
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.night import move_office
from tests.signing import WEBHOOK, inbound_form, post_signed

SignIn = Callable[[User], SignedInClient]


@pytest.fixture
def browser(sign_in: SignIn, ana: User) -> SignedInClient:
    return sign_in(ana)


def composer(browser: SignedInClient, body: str = "Hola", key: str = "una-clave") -> dict[str, str]:
    return {"csrf_token": browser.csrf, "key": key, "body": body}


def test_an_empty_inbox_says_what_will_come(browser: SignedInClient) -> None:
    page = browser.get("/whatsapp/")

    assert "Todavía no hay conversaciones." in page.text


def test_the_list_shows_who_what_when_and_which_event(browser: SignedInClient, factories: Factories) -> None:
    event = factories.coordinacion(title="15 de Martina", client_name="Sergio Paz")
    conversation = factories.conversation(coordinacion_id=event.id)
    factories.message(conversation, "¿A qué hora?")

    page = browser.htmx("GET", "/whatsapp/panel").text

    for words in ("Sergio Paz", "¿A qué hora?", "15 de Martina", "1 sin leer"):
        assert words in page


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (timedelta(hours=20, seconds=30), '<span class="left">quedan 20 h</span>'),
        (timedelta(minutes=90), '<span class="pill warn tiny">queda 1 h</span>'),
        (timedelta(minutes=-1), '<span class="pill plain tiny">cerrada</span>'),
    ],
)
def test_the_list_tells_how_long_a_window_stays_open(
    browser: SignedInClient, factories: Factories, left: timedelta, shown: str
) -> None:
    factories.message(factories.conversation(window_expires_at=utcnow() + left))

    assert shown in without_holds(browser.htmx("GET", "/whatsapp/list").text)


def test_filters_and_search_narrow_the_list(browser: SignedInClient, factories: Factories) -> None:
    factories.message(factories.conversation("+5491155550101", profile_name="Lucía"), "El vals")
    factories.message(factories.conversation("+5491155550102", profile_name="Sergio"), "Foto", read_at=utcnow())

    unread = browser.htmx("GET", "/whatsapp/list?filter=unread").text
    found = browser.htmx("GET", "/whatsapp/list?q=VÁLS").text
    nothing = browser.htmx("GET", "/whatsapp/list?q=nada%25").text

    assert "Lucía" in unread
    assert "Sergio" not in unread
    assert "Lucía" in found
    assert "Sergio" not in found
    assert "Nada coincide con «nada%»." in nothing


def test_what_is_opened_from_a_narrowed_list_leads_back_to_it(browser: SignedInClient, factories: Factories) -> None:
    conversation = factories.conversation(profile_name="Lucía")
    factories.message(conversation, "El vals")
    factories.message(factories.conversation("+5491155550102", profile_name="Sergio"), "Foto")
    narrowed = "?q=el+vals&amp;filter=unread"

    listed = browser.get("/whatsapp/?q=el+vals&filter=unread").text
    opened = browser.get(f"/whatsapp/conversations/{conversation.id}?q=el+vals&filter=unread").text
    alone = browser.htmx("GET", f"/whatsapp/conversations/{conversation.id}/chat").text

    assert f'href="/whatsapp/conversations/{conversation.id}{narrowed}"' in listed
    assert f'href="/whatsapp/{narrowed}" data-close-conversation' in opened
    assert "Sergio" not in opened
    assert '<input type="radio" name="filter" value="unread" checked>' in opened
    assert 'href="/whatsapp/" data-close-conversation' in alone


def test_a_long_list_goes_on_and_a_refresh_keeps_what_was_shown(browser: SignedInClient, factories: Factories) -> None:
    for number in range(45):
        factories.message(factories.conversation(f"+54911555502{number:02}"), read_at=utcnow())

    first = browser.htmx("GET", "/whatsapp/list").text
    refreshed = browser.htmx("GET", "/whatsapp/list?shown=45").text

    assert first.count('class="row') == 40
    assert "more-conversations" in first
    assert refreshed.count('class="row') == 45


def test_a_night_is_one_day_of_the_thread(
    app: Flask, browser: SignedInClient, factories: Factories, monkeypatch: pytest.MonkeyPatch
) -> None:
    move_office(app, monkeypatch, 1)
    conversation = factories.conversation()
    for hours in (28, 4, 0):  # Half past nine or so, twice, and now.
        factories.message(conversation, sent_at=utcnow() - timedelta(hours=hours))

    page = browser.get(f"/whatsapp/conversations/{conversation.id}").text

    assert re.findall(r'class="day"[^>]*><time[^>]*>([^<]*)<', without_holds(page)) == ["ayer", "hoy"]


def test_a_conversation_shows_its_messages_by_day_with_the_mark_of_what_is_new(
    browser: SignedInClient, factories: Factories
) -> None:
    conversation = factories.conversation()
    factories.message(conversation, "De ayer", sent_at=utcnow() - timedelta(days=1), read_at=utcnow())
    factories.message(conversation, "De hoy")

    page = browser.htmx("GET", f"/whatsapp/conversations/{conversation.id}/chat").text

    order = [page.index(words) for words in (">ayer<", "De ayer", ">hoy<", "1 mensaje nuevo", "De hoy")]
    assert order == sorted(order)


def test_names_and_messages_are_text_and_never_markup(browser: SignedInClient, nobody: FlaskClient) -> None:
    hostile = "<img src=x onerror=alert(1)><hx-partial hx-target='#main'>"
    assert post_signed(nobody, WEBHOOK, inbound_form(hostile, ProfileName=hostile)).status_code == 200

    page = browser.get("/whatsapp/conversations/1").text + browser.get("/whatsapp/").text

    assert "<img src=x" not in page
    assert "<hx-partial hx-target=&#39;#main" not in page.replace("&lt;hx-partial", "")
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("image", "📷 Foto"),
        ("audio", "🎤 Mensaje de voz"),
        ("video", "🎬 Video"),
        ("document", "📄 Documento"),
        ("sticker", "💟 Sticker"),
        ("contact", "👤 Contacto"),
        ("location", "📍 Ubicación"),
        ("unknown", "Mensaje no compatible"),
    ],
)
def test_what_is_not_text_is_an_honest_placeholder(
    browser: SignedInClient, factories: Factories, kind: str, label: str
) -> None:
    conversation = factories.conversation()
    factories.message(conversation, "", type=kind)

    page = browser.htmx("GET", f"/whatsapp/conversations/{conversation.id}/chat").text

    assert label in page


def test_a_reply_quotes_what_it_answers(browser: SignedInClient, factories: Factories, ana: User) -> None:
    conversation = factories.conversation()
    first = factories.message(conversation, "¿El vals?", direction="outbound", author_id=ana.id)
    factories.message(conversation, "Sí", reply_to_sid=first.message_sid)
    factories.message(conversation, "No", reply_to_sid="SM" + "9" * 32)

    page = browser.htmx("GET", f"/whatsapp/conversations/{conversation.id}/chat").text

    assert page.count("¿El vals?") == 2
    assert "Responde a un mensaje que no tenemos." in page


def test_changes_since_a_number_are_all_and_only_those(browser: SignedInClient, factories: Factories) -> None:
    conversation = factories.conversation()
    old = factories.message(conversation, "Viejo")
    factories.message(conversation, "Nuevo")

    page = browser.htmx("GET", f"/whatsapp/conversations/{conversation.id}/changes?since={old.change}&state=open").text

    assert "Nuevo" in page
    assert "Viejo" not in page
    assert 'id="composer"' not in page


@pytest.mark.parametrize(
    ("shown", "now", "words"),
    [
        ("closed", {}, 'id="composer-text"'),
        ("opted_out", {}, 'id="composer-text"'),
        ("open", {"window_expires_at": None}, "Todavía no te escribió"),
        ("opted_out", {"window_expires_at": None}, "Todavía no te escribió"),
        ("open", {"opted_out": True}, "tiene que mandar ALTA o START."),
        ("closed", {"opted_out": True}, "tiene que mandar ALTA o START."),
    ],
)
def test_changes_bring_the_composer_when_another_one_is_shown(
    browser: SignedInClient, factories: Factories, shown: str, now: dict[str, Any], words: str
) -> None:
    conversation = factories.conversation(**now)

    page = browser.htmx("GET", f"/whatsapp/conversations/{conversation.id}/changes?since=0&state={shown}").text

    assert words in page


def test_all_that_is_new_is_there_to_be_read(browser: SignedInClient, factories: Factories) -> None:
    conversation = factories.conversation(unread_count=60)
    for number in range(70):
        factories.message(conversation, f"Número {number}.", read_at=utcnow() if number < 10 else None)

    page = browser.htmx("GET", f"/whatsapp/conversations/{conversation.id}/chat").text

    assert page.index("Número 9.") < page.index("mensajes nuevos</li>") < page.index("Número 10.")


def test_more_changes_than_one_answer_takes_come_in_turns(browser: SignedInClient, factories: Factories) -> None:
    conversation = factories.conversation()
    messages = [factories.message(conversation, f"Número {number}.") for number in range(201)]
    url = f"/whatsapp/conversations/{conversation.id}/changes?state=open&since="

    first = browser.htmx("GET", f"{url}0").text
    rest = browser.htmx("GET", f"{url}{messages[199].change}").text

    assert [f"Número {number}." in first for number in (0, 199, 200)] == [True, True, False]
    assert f'"since": "{messages[199].change}"' in first
    assert 'hx-trigger="whatsapp-changed from:body, behind, old, load"' in first
    assert [f"Número {number}." in rest for number in (0, 199, 200)] == [False, False, True]
    assert 'hx-trigger="whatsapp-changed from:body, behind, old"' in rest


def test_the_composer_sends_once_however_often_its_form_is_posted(
    browser: SignedInClient, factories: Factories, twilio: FakeTwilio
) -> None:
    conversation = factories.conversation()
    url = f"/whatsapp/conversations/{conversation.id}/messages"

    first = browser.htmx("POST", url, data=composer(browser, "Hola Lucía"))
    second = browser.htmx("POST", url, data=composer(browser, "Hola Lucía"))

    assert (first.status_code, second.status_code) == (201, 201)
    assert "Hola Lucía" in first.text
    assert "Ana" in first.text
    assert len(twilio.sent) == 1


def test_without_javascript_the_composer_comes_back_to_the_conversation(
    browser: SignedInClient, factories: Factories
) -> None:
    conversation = factories.conversation()

    answer = browser.post(f"/whatsapp/conversations/{conversation.id}/messages", data=composer(browser))

    assert answer.status_code == 303
    assert answer.location == f"/whatsapp/conversations/{conversation.id}"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [("", "Escribí un mensaje."), (" \n\u200b", "Escribí un mensaje."), ("a" * 1601, "hasta 1600 caracteres")],
)
def test_what_cannot_be_sent_is_told_and_stays_written(
    browser: SignedInClient, factories: Factories, twilio: FakeTwilio, body: str, sentence: str
) -> None:
    conversation = factories.conversation()
    url = f"/whatsapp/conversations/{conversation.id}/messages"

    fragment = browser.htmx("POST", url, data=composer(browser, body))
    page = browser.post(url, data=composer(browser, body))

    assert (fragment.status_code, page.status_code) == (422, 422)
    assert sentence in fragment.text
    assert sentence in page.text
    assert body in page.text
    assert twilio.sent == []


def test_a_closed_window_refuses_says_so_and_stores_nothing(
    browser: SignedInClient, factories: Factories, twilio: FakeTwilio
) -> None:
    conversation = factories.conversation(window_expires_at=utcnow() - timedelta(seconds=1))

    answer = browser.htmx("POST", f"/whatsapp/conversations/{conversation.id}/messages", data=composer(browser))

    assert answer.status_code == 409
    assert "Pasaron las 24 h" in answer.text
    assert twilio.sent == []
    assert db.session.scalars(select(Message)).all() == []


def test_a_refusal_of_twilio_stands_under_the_bubble(
    browser: SignedInClient, factories: Factories, twilio: FakeTwilio
) -> None:
    conversation = factories.conversation()
    twilio.fail_next(Refused(63024, "Invalid recipient", 400))

    answer = browser.htmx("POST", f"/whatsapp/conversations/{conversation.id}/messages", data=composer(browser))

    assert "Ese número no tiene WhatsApp, o lo tiene muy viejo." in answer.text
    assert "Mandar de nuevo" not in answer.text


def test_an_answer_that_never_came_is_shown_as_such(
    browser: SignedInClient, factories: Factories, twilio: FakeTwilio
) -> None:
    conversation = factories.conversation()
    twilio.fail_next(NoAnswer())

    answer = browser.htmx("POST", f"/whatsapp/conversations/{conversation.id}/messages", data=composer(browser))

    assert "Twilio no dijo si lo recibió." in answer.text


def test_sending_again_what_failed_sends_it_once_for_everybody(
    sign_in: SignIn, ana: User, bruno: User, factories: Factories, twilio: FakeTwilio
) -> None:
    conversation = factories.conversation()
    failed = factories.message(conversation, "Hola", direction="outbound", status="failed", error_code=20429)
    url = f"/whatsapp/messages/{failed.id}/retry"

    page, both = f"/whatsapp/conversations/{conversation.id}", [sign_in(ana), sign_in(bruno)]
    pages = [browser.get(page).text for browser in both]
    answers = [browser.htmx("POST", url) for browser in both]

    assert all(f'action="{url}"' in text for text in pages)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len(twilio.sent) == 1
    later = both[1].get(page).text
    assert "Ya se mandó de nuevo." in later
    assert f'action="{url}"' not in later


def test_without_javascript_other_words_under_a_spent_key_can_be_sent_after_all(
    browser: SignedInClient, factories: Factories, twilio: FakeTwilio
) -> None:
    url = f"/whatsapp/conversations/{factories.conversation().id}/messages"
    browser.post(url, data=composer(browser, "Hola"))

    refused = browser.post(url, data=composer(browser, "Otra cosa"))
    key = re.search(r'name="key" value="([^"]+)"', refused.text)
    assert key is not None
    again = browser.post(url, data=composer(browser, "Otra cosa", key[1]))

    assert (refused.status_code, again.status_code) == (422, 303)
    assert [sent.body for sent in twilio.sent] == ["Hola", "Otra cosa"]


def test_reading_counts_what_was_on_the_screen_and_no_more(browser: SignedInClient, factories: Factories) -> None:
    conversation = factories.conversation()
    seen = factories.message(conversation, "Visto")
    factories.message(conversation, "Llegó después")

    answer = browser.htmx("POST", f"/whatsapp/conversations/{conversation.id}/read", data={"until": str(seen.change)})

    assert answer.status_code == 204
    assert factories.reload(conversation).unread_count == 1


def test_the_chat_of_a_coordinacion_opens_even_before_anybody_wrote(
    browser: SignedInClient, factories: Factories
) -> None:
    event = factories.coordinacion(title="Civil", phone="+5491155550144")

    panel = browser.htmx("POST", f"/whatsapp/coordinaciones/{event.id}/open")
    page = browser.post(f"/whatsapp/coordinaciones/{event.id}/open", data={"csrf_token": browser.csrf})

    assert "Civil" in panel.text
    assert "Todavía no te escribió" in panel.text
    assert page.status_code == 303
    assert "Todavía no hay conversaciones." in browser.get("/whatsapp/").text


def test_a_coordinacion_without_phone_says_what_is_missing(browser: SignedInClient, factories: Factories) -> None:
    event = factories.coordinacion(phone=None)

    answer = browser.htmx("POST", f"/whatsapp/coordinaciones/{event.id}/open")

    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#alerts"
    assert "no tiene teléfono" in answer.text


def test_the_event_of_a_conversation_changes_with_one_tap(browser: SignedInClient, factories: Factories) -> None:
    conversation = factories.conversation("+5491155550101")
    factories.coordinacion(title="Civil", phone="+541155550101")
    party = factories.coordinacion(title="Fiesta", phone="+5491155550101")
    url = f"/whatsapp/conversations/{conversation.id}/coordinacion"

    menu = browser.htmx("GET", url).text
    chip = browser.htmx("POST", url, data={"coordinacion_id": str(party.id)}).text

    assert "Civil" in menu
    assert "Fiesta" in menu
    assert "Fiesta" in chip
    assert factories.reload(conversation).coordinacion_id == party.id


def test_the_history_of_a_coordinacion_has_its_messages_alone(browser: SignedInClient, factories: Factories) -> None:
    event = factories.coordinacion()
    conversation = factories.conversation()
    factories.message(conversation, "Del evento", coordinacion_id=event.id)
    factories.message(conversation, "De otra cosa")

    page = browser.htmx("GET", f"/whatsapp/coordinaciones/{event.id}/history").text

    assert "Del evento" in page
    assert "De otra cosa" not in page


def test_counts_of_coordinaciones_fill_their_places(browser: SignedInClient, factories: Factories) -> None:
    event, other = factories.coordinacion(), factories.coordinacion()
    factories.message(factories.conversation(), coordinacion_id=event.id)

    page = browser.htmx("GET", f"/whatsapp/counts?ids={event.id},{other.id},x,99999999999999999999").text

    assert f'hx-target="#wa-count-{event.id}"' in page
    assert page.count("1 sin leer") == 1


def test_marking_as_unread_closes_the_chat_and_leads_to_the_list(browser: SignedInClient, factories: Factories) -> None:
    conversation = factories.conversation()
    factories.message(conversation, read_at=utcnow())
    url = f"/whatsapp/conversations/{conversation.id}"
    assert f'action="{url}/unread"' in browser.get(url).text

    piece = browser.htmx("POST", f"{url}/unread")
    page = browser.post(f"{url}/unread", data={"csrf_token": browser.csrf})

    assert (piece.status_code, piece.headers["HX-Trigger"]) == (204, "close-conversation")
    assert (page.status_code, page.headers["Location"]) == (303, "/whatsapp/")
    assert factories.reload(conversation).unread_count == 1


@pytest.mark.parametrize(
    "path", ["/whatsapp/conversations/999", "/whatsapp/conversations/99999999999999999999999/chat"]
)
def test_a_conversation_that_is_not_there_is_a_404(browser: SignedInClient, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_the_pages_of_the_inbox_take_few_statements(
    browser: SignedInClient, factories: Factories, statements: list[str]
) -> None:
    event = factories.coordinacion()
    conversation = factories.conversation(coordinacion_id=event.id)
    for number in range(20):
        factories.message(conversation, f"Mensaje {number}", coordinacion_id=event.id)

    counts = {}
    for name, path in {
        "list": "/whatsapp/list",
        "chat": f"/whatsapp/conversations/{conversation.id}/chat",
        "changes": f"/whatsapp/conversations/{conversation.id}/changes?since=0",
    }.items():
        statements.clear()
        assert browser.htmx("GET", path).status_code == 200
        counts[name] = len(statements)

    assert counts == {"list": 4, "chat": 10, "changes": 9}


def test_everything_stays_in_the_conversation_it_belongs_to(browser: SignedInClient, factories: Factories) -> None:
    mine, other = factories.conversation("+5491155550101"), factories.conversation("+5491155550102")
    factories.message(other, "Ajeno")

    page = browser.htmx("GET", f"/whatsapp/conversations/{mine.id}/changes?since=0")

    assert page.status_code == 200
    assert "Ajeno" not in page.text
    assert db.session.scalars(select(Conversation)).all()
