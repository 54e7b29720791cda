"""A control that shows an icon and no word has a name for those who do not see it, and a title for those who wonder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.auth.models import User
from tests.browser import SignedInClient
from tests.factories import Factories

TEMPLATES = Path(__file__).resolve().parent.parent / "app" / "templates"
CONTROLS = {"a", "button", "summary"}
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "use"}
Attributes = dict[str, str | None]


@dataclass
class Element:
    """One that is open: whether what is in it is seen, and what was found in it."""

    tag: str
    given: Attributes
    unseen: bool
    seen: bool = False
    spoken: bool = False
    icon: bool = False


class IconControls(HTMLParser):
    """Collects the controls with an icon and without a word that is seen, which lack a name or a title."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Element] = []
        self.nameless: list[str] = []
        self.found = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        hidden = "hidden" in given or "visually-hidden" in (given.get("class") or "").split()
        if tag == "svg":  # A photo is what it shows, and no sign for something else.
            for element in self.open:
                element.icon = True
                element.spoken |= bool(given.get("aria-label"))
        if tag not in VOID:
            self.open.append(Element(tag, given, hidden or given.get("aria-hidden") == "true"))

    def handle_data(self, data: str) -> None:
        unseen = not data.strip() or self.open[-1:] == [] or self.open[-1].tag in ("script", "style", "title")
        for element in [] if unseen else reversed(self.open):
            element.spoken = True
            element.seen |= not unseen
            unseen |= element.unseen  # Whether a control itself is shown now says nothing of what is in it.

    def handle_endtag(self, tag: str) -> None:
        while any(element.tag == tag for element in self.open):
            element = self.open.pop()
            if element.tag in CONTROLS and element.icon and not element.seen:
                self.found += 1
                if not (element.given.get("aria-label") or element.spoken) or not element.given.get("title"):
                    self.nameless.append(f"<{element.tag} {element.given}>"[:240])
            if element.tag == tag:
                return


def read(html: str) -> IconControls:
    reader = IconControls()
    reader.feed(html)
    reader.close()
    return reader


def pages(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not re.match("/(api|static|media|internal)/", rule.rule):
            yield rule


def test_every_icon_on_every_page_has_a_name_and_a_title(
    app: Flask, sign_in: Callable[[User], SignedInClient], carla: User, factories: Factories
) -> None:
    event = factories.coordinacion(phone="+5491155550101")
    talk = factories.conversation(unread_count=1, coordinacion_id=event.id)
    factories.conversation("+5491155550102", profile_name="Sofía", window_expires_at=None)
    factories.message(talk, "Hola")
    factories.message(talk, "Hola", direction="outbound", status="failed", error_code=20429)
    ids = {"conversation_id": talk.id, "coordinacion_id": event.id, "template_id": factories.template().id}
    browser, complaints, found, fragments = sign_in(carla), set(), 0, {"HX-Request": "true"}

    for rule in pages(app):
        address = re.sub(r"<(?:int:)?(\w+)>", lambda part: str(ids.get(part[1], 1)), rule.rule)
        for query in ("", "?edit=1"):
            for headers in ({}, fragments):
                answer = browser.get(address + query, headers=headers)
                if answer.mimetype == "text/html":
                    reader = read(answer.text)
                    found += reader.found
                    complaints |= {f"{rule.rule}: {control}" for control in reader.nameless}

    assert found > 40
    assert sorted(complaints) == []


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_has_an_icon_without_them(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", path.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"\{\{ ?icon\([^}]*\}\}", "<svg></svg>", text)

    reader = read(re.sub(r"\{\{.*?\}\}", "words", text, flags=re.S))

    assert reader.nameless == []
