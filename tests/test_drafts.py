"""Every form in which people write keeps what they wrote: drafts.js does it for those that carry a name for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from app.auth.models import User
from tests.browser import SignedInClient
from tests.factories import Factories

WRITTEN = {"text", "tel", "email", "url", "date", "time", "number"}
# Forms that do without, and why.
WITHOUT = {
    "composer-form": "its words are kept with those of its conversation (drafts.js)",
    "attach-plain": "it is for browsers without JavaScript, which keep nothing",
}


class Forms(HTMLParser):
    """Gathers each form that is posted and takes words, with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.form: dict[str, str] = {}
        self.found: list[dict[str, str]] = []
        self.places = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = attributes
        self.places += "data-draft-place" in attributes
        written = tag == "textarea" or (tag == "input" and attributes.get("type", "text") in WRITTEN)
        if written and self.form.get("method") == "post" and self.form not in self.found:
            self.found.append(self.form)


def named(form: dict[str, str]) -> str:
    return form.get("id") or form.get("class") or form["action"]


@pytest.fixture
def pages(factories: Factories, carla: User) -> list[str]:
    event = factories.coordinacion(phone="+5491155550101")
    open_chat, closed_chat = factories.conversation(), factories.conversation("+5491155550102", window_expires_at=None)
    template = factories.template()
    factories.message(open_chat)
    factories.device(carla)
    chats = [f"/whatsapp/conversations/{chat.id}" for chat in (open_chat, closed_chat)]
    return [
        "/coordinaciones/new",
        f"/coordinaciones/{event.id}/edit",
        *chats,
        f"{chats[0]}/who",
        f"{chats[0]}/names?edit=1",
        f"{chats[1]}/templates/{template.id}",
        "/whatsapp/templates/new",
        f"/whatsapp/templates/{template.id}",
        "/whatsapp/costs",
        "/settings/people",
        "/settings/password",
        "/settings/notifications",
    ]


def test_every_form_that_takes_words_keeps_them(
    sign_in: Callable[[User], SignedInClient], carla: User, pages: list[str]
) -> None:
    browser = sign_in(carla)
    forms = []
    for url in pages:
        answer = browser.get(url)
        assert answer.status_code == 200, url
        reader = Forms()
        reader.feed(answer.text)
        forms += reader.found
        assert reader.places >= len([form for form in reader.found if "data-draft" in form]), url

    kept = {form["data-draft"] for form in forms if "data-draft" in form}
    assert {named(form) for form in forms if "data-draft" not in form} == set(WITHOUT)
    assert len(kept) == 10
    # Without htmx nobody could tell whether the server took it, and a session that ended would take the page away.
    assert [form for form in forms if "data-draft" in form and "hx-post" not in form] == []


def test_a_form_that_came_back_refused_says_so(sign_in: Callable[[User], SignedInClient], carla: User) -> None:
    browser = sign_in(carla)

    answers = [
        browser.htmx("POST", "/coordinaciones", data={"title": ""}),
        browser.htmx("POST", "/whatsapp/templates/new", data={"name": "x"}),
        browser.htmx("POST", "/settings/people", data={"name": "Dante"}),
        browser.htmx("POST", "/settings/notifications", data={"scope": "?"}),
        browser.htmx("POST", "/whatsapp/costs/rates", data={"price-utility": "mucho"}),
    ]

    assert [answer.status_code for answer in answers] == [422] * len(answers)
    for answer in answers:
        assert len(re.findall(r"data-draft=\"[^\"]+\"\s*data-refused", answer.text)) == 1, answer.text
