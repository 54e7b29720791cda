"""The doors of who is who: names, joining, separating, and what a browser without JavaScript gets."""

from __future__ import annotations

import pytest
from flask import Flask

from app.auth.models import User
from app.extensions import db
from app.whatsapp import queries
from app.whatsapp.contacts.actions import joining
from app.whatsapp.models import Conversation
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.whatsapp.contacts.test_joining import ONE, OTHER, arrives


@pytest.fixture
def browser(app: Flask, ana: User) -> SignedInClient:
    return SignedInClient.of(app, ana)


@pytest.fixture
def pair(app: Flask) -> tuple[Conversation, Conversation]:
    return (
        arrives(app, ONE, "uno", ProfileName="Marta").conversation,
        arrives(app, OTHER, "dos", ProfileName="Marta del trabajo").conversation,
    )


def path(conversation: Conversation, *rest: str) -> str:
    return "/".join(("/whatsapp/conversations", str(conversation.id), *rest))


def test_names_stand_side_by_side_and_the_given_one_wins(
    app: Flask, browser: SignedInClient, factories: Factories
) -> None:
    factories.coordinacion(phone=ONE, client_name="Marta Ruiz")
    conversation = arrives(app, ONE, ProfileName="martu 💜").conversation

    browser.post(path(conversation, "names"), data={"name": "La mamá de Sofi", "csrf_token": browser.csrf})
    chat = browser.htmx("GET", path(conversation, "chat")).text

    assert '<h2 id="conversation-name" tabindex="-1" dir="auto">La mamá de Sofi</h2>' in chat
    assert "En la coordinación: <bdi>Marta Ruiz</bdi>" in chat
    assert "En WhatsApp: <bdi>martu 💜</bdi>" in chat
    for words in ("mama", "ruiz", "martu"):
        assert "La mamá de Sofi" in browser.get("/whatsapp/list", query_string={"q": words}).text


def test_a_name_cannot_turn_the_line(app: Flask, browser: SignedInClient) -> None:
    conversation = arrives(app, ONE, ProfileName="\u202egnp.exe\u2066 Ana").conversation

    chat = browser.htmx("GET", path(conversation, "chat")).text

    assert "\u202e" not in chat
    assert "gnp.exe Ana" in chat


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_name_that_is_too_long_says_so_and_is_kept(
    browser: SignedInClient, pair: tuple[Conversation, ...], headers: dict[str, str]
) -> None:
    form = {"name": "x" * 81, "csrf_token": browser.csrf}

    answer = browser.post(path(pair[0], "names"), data=form, headers=headers)

    assert answer.status_code == 422
    assert "El nombre es muy largo" in answer.text
    assert "x" * 81 in answer.text


def test_joining_asks_first_and_leads_to_the_thread(browser: SignedInClient, pair: tuple[Conversation, ...]) -> None:
    one, other = pair
    question = browser.htmx("GET", path(one, "who", "dialog"), query_string={"with": other.id}).text
    assert "¿Unir estas conversaciones?" in question
    assert "Marta del trabajo" in question

    answer = browser.post(path(one, "join"), data={"other": other.id, "csrf_token": browser.csrf})

    assert (answer.status_code, answer.location) == (303, path(one))
    page = browser.get(path(other)).text  # An old address.
    assert "uno" in page
    assert "dos" in page
    assert f'data-conversation="{one.id}"' in page


def test_the_page_without_javascript_offers_the_same(browser: SignedInClient, pair: tuple[Conversation, ...]) -> None:
    one, other = pair

    page = browser.get(path(one, "who"), query_string={"q": "trabajo"}).text

    assert f'href="{path(one, "who")}?with={other.id}"' in page
    assert 'name="name"' in page
    question = browser.get(path(one, "who"), query_string={"with": other.id}).text
    assert f'action="{path(one, "join")}"' in question


def test_a_joined_bubble_says_which_number_it_came_by(browser: SignedInClient, pair: tuple[Conversation, ...]) -> None:
    one, other = pair
    joining.join(one.id, other.id)

    chat = browser.get(path(one, "chat")).text

    assert chat.count('class="via small muted"') == 1
    assert "<bdi>+54 9 351 555-0102</bdi>" in chat


def test_the_events_of_a_joined_number_can_be_chosen(
    browser: SignedInClient, pair: tuple[Conversation, ...], factories: Factories
) -> None:
    one, other = pair
    factories.coordinacion(title="Fiesta de Marta", phone=OTHER)
    joining.join(one.id, other.id)

    assert "Fiesta de Marta" in browser.get(path(one, "coordinacion")).text


def test_separating_lists_what_was_joined_and_asks_first(
    browser: SignedInClient, pair: tuple[Conversation, ...]
) -> None:
    one, other = pair
    joining.join(one.id, other.id)
    assert "Separar de +54 9 351 555-0102…" in browser.htmx("GET", path(one, "chat")).text
    question = browser.htmx("GET", path(one, "who", "dialog"), query_string={"apart": other.id}).text
    assert "¿Separar esta conversación?" in question

    browser.post(path(one, "separate"), data={"member": other.id, "csrf_token": browser.csrf})

    assert "Separar de" not in browser.get(path(one, "chat")).text
    assert f'data-conversation="{other.id}"' in browser.get(path(other, "chat")).text


def test_the_search_of_the_dialog_leaves_out_the_conversation_itself(
    browser: SignedInClient, pair: tuple[Conversation, ...]
) -> None:
    found = browser.htmx("GET", path(pair[0], "who", "results"), query_string={"q": "marta"}).text

    assert "Marta del trabajo" in found
    assert f"with={pair[0].id}" not in found
    assert "Nada coincide" in browser.htmx("GET", path(pair[0], "who", "results"), query_string={"q": "zzz"}).text


def test_a_likely_double_is_offered_until_staff_say_that_they_are_two(app: Flask, browser: SignedInClient) -> None:
    one, other = arrives(app, "+5491155550101").conversation, arrives(app, "+5455550101").conversation
    chat = browser.htmx("GET", path(one, "chat")).text
    assert "Puede ser la misma persona que" in chat
    assert "Los números terminan igual" in chat

    answer = browser.htmx("POST", path(one, "distinct"), data={"other": other.id})

    assert "Puede ser" not in answer.text
    assert "Puede ser" not in browser.htmx("GET", path(other, "chat")).text


def test_an_open_thread_is_shown_anew_when_it_was_joined_or_taken_apart(
    browser: SignedInClient, pair: tuple[Conversation, ...]
) -> None:
    one, other = pair
    same = browser.htmx("GET", path(other, "changes"), query_string={"since": 0, "shape": str(other.id)})
    assert "HX-Retarget" not in same.headers
    joining.join(one.id, other.id)

    for conversation in pair:
        answer = browser.htmx("GET", path(conversation, "changes"), query_string={"since": 0, "shape": conversation.id})

        assert answer.headers["HX-Retarget"] == "#conversation"
        assert f'data-conversation="{one.id}"' in answer.text


def test_older_messages_of_an_old_address_are_the_threads(
    browser: SignedInClient, pair: tuple[Conversation, ...]
) -> None:
    one, other = pair
    joining.join(one.id, other.id)

    assert "uno" in browser.htmx("GET", path(other, "older")).text


def test_somebody_without_a_number_cannot_be_called(browser: SignedInClient, factories: Factories) -> None:
    conversation = factories.conversation(None, user_id="AR.123", window_expires_at=None)
    factories.message(conversation)

    chat = browser.htmx("GET", path(conversation, "chat")).text

    assert "sin número" in chat
    assert "tel:" not in chat


def test_the_api_follows_names_and_joining(
    app: Flask, ana: User, bearer: object, pair: tuple[Conversation, ...]
) -> None:
    one, other = pair
    joining.join(one.id, other.id)
    joining.rename(one.id, "Marta de Pilar")
    headers = bearer(ana)  # type: ignore[operator]
    client = app.test_client()

    listed = client.get("/api/whatsapp/conversations", headers=headers).json["items"]
    messages = client.get(f"/api/whatsapp/conversations/{OTHER}/messages", headers=headers).json["items"]

    assert [(row["id"], row["name"], row["phone_number"]) for row in listed] == [(one.id, "Marta de Pilar", ONE)]
    assert [(message["body"], message["conversation_id"]) for message in messages] == [("dos", one.id), ("uno", one.id)]
    sent = client.post("/api/whatsapp/send", headers=headers, json={"to": ONE, "body": "Hola"}).json
    assert (sent["conversation_id"], sent["to_number"]) == (one.id, f"whatsapp:{ONE}")
    assert client.post(f"/api/whatsapp/conversations/{OTHER}/read", headers=headers).status_code == 204
    db.session.rollback()
    assert queries.unread_count() == 0


def test_the_header_and_the_list_say_what_is_left_and_who_wants_nothing(app: Flask, browser: SignedInClient) -> None:
    conversation = arrives(app, ONE).conversation
    assert 'cierra en <span data-left="' in browser.htmx("GET", path(conversation, "chat")).text

    arrives(app, ONE, "BAJA")
    chat = browser.htmx("GET", path(conversation, "chat")).text

    assert "Pidió no recibir más mensajes ·" in chat
    assert "No quiere mensajes" in chat
    assert "tiene que mandar ALTA o START." in chat
    assert "no quiere mensajes" in browser.get("/whatsapp/list").text
