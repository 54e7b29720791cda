"""What an open page gets when its words have grown old, though nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.auth.models import User
from app.extensions import utcnow
from app.formats import today
from app.whatsapp.changes import current_change
from tests.browser import SignedInClient
from tests.factories import Factories


@pytest.fixture
def browser(sign_in: Callable[[User], SignedInClient], ana: User) -> SignedInClient:
    return sign_in(ana)


def test_a_thread_gets_the_rows_whose_words_hold_no_longer(browser: SignedInClient, factories: Factories) -> None:
    conversation = factories.conversation()
    failed = factories.message(conversation, "No salió", direction="outbound", status="failed")
    quiet = factories.message(conversation, "Quieto")
    day = today() - timedelta(days=1)
    url = f"/whatsapp/conversations/{conversation.id}/changes?since={current_change()}"

    page = browser.htmx("GET", f"{url}&old=day-{day},{failed.id},nada,day-99").text

    assert f'id="m-day-{day}"' in page
    assert ">ayer<" in page
    assert f'id="m-{failed.id}"' in page
    assert f'id="m-{quiet.id}"' not in page


def test_a_thread_gets_no_row_of_another(browser: SignedInClient, factories: Factories) -> None:
    conversation, other = factories.conversation(), factories.conversation("+5491155550199")
    foreign = factories.message(other, "De otro")
    url = f"/whatsapp/conversations/{conversation.id}/changes?since={current_change()}"

    assert "De otro" not in browser.htmx("GET", f"{url}&old={foreign.id}").text


def test_the_history_of_an_event_gets_its_days_again(browser: SignedInClient, factories: Factories) -> None:
    event, conversation = factories.coordinacion(), factories.conversation()
    factories.message(conversation, coordinacion_id=event.id)
    day = today() - timedelta(days=1)

    page = browser.htmx("GET", f"/whatsapp/coordinaciones/{event.id}/history?newest=1&old=day-{day}").text

    assert f'id="h-day-{day}"' in page


def test_the_badge_comes_again_when_it_says_too_long_how_long_somebody_waits(
    browser: SignedInClient, factories: Factories
) -> None:
    factories.message(factories.conversation(), sent_at=utcnow() - timedelta(minutes=5))
    tag = browser.htmx("GET", "/whatsapp/unread").headers["HX-PTag"]

    same = browser.htmx("GET", "/whatsapp/unread", headers={"HX-PTag": tag})
    again = browser.htmx("GET", "/whatsapp/unread?old=badge", headers={"HX-PTag": tag})

    assert same.status_code == 304
    assert again.status_code == 200
    assert "HX-Trigger" not in again.headers
    assert "espera hace" in again.text


def test_the_list_of_coordinaciones_comes_again_as_it_was_with_its_counts(
    browser: SignedInClient, factories: Factories
) -> None:
    factories.coordinacion(title="Boda de mañana", event_on=today() + timedelta(days=1))
    factories.coordinacion(title="Otra", event_on=today() + timedelta(days=1))

    page = browser.get("/coordinaciones?q=boda").text
    again = browser.htmx("GET", "/coordinaciones/list?renew=1&page=1&q=boda")

    assert 'hx-get="/coordinaciones/list?renew=1&amp;page=1&amp;q=boda"' in page
    assert ">mañana<" in again.text
    assert "Otra" not in again.text
    assert "coordinaciones-status" not in again.text  # A screen reader is not told of a search that nobody made.
    assert again.headers["HX-Trigger"] == "whatsapp-changed"
    assert "HX-Replace-Url" not in again.headers


def test_the_page_of_a_coordinacion_comes_again_without_taking_the_focus(
    browser: SignedInClient, factories: Factories
) -> None:
    event = factories.coordinacion(event_on=today() + timedelta(days=1))

    again = browser.htmx("GET", f"/coordinaciones/{event.id}/details?renew=1").text

    assert ">mañana<" in again
    assert "autofocus" not in again
