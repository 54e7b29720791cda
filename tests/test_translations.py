"""The English catalogue says everything that the code says in Spanish, and a screen in English holds no Spanish."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.dates import get_day_names, get_month_names
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from flask import Flask
from jinja2 import nodes

from app import create_app, formats
from app.auth.models import User
from app.extensions import db, utcnow
from config import TestConfig
from tests.browser import IsolatedClient, SignedInClient
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.test_house import ROOT, Reader, complain, jinja, rel, sources, templates, tree

CATALOGUE = ROOT / "app" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?.")
Bearer = Callable[[User], dict[str, str]]


@cache
def code() -> dict[str | tuple[str, ...], str]:
    """Return every sentence that `make translations` finds in the code, and where."""
    with (ROOT / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    keywords = DEFAULT_KEYWORDS | parse_keywords(re.findall(r"-k (\S+)", (ROOT / "Makefile").read_text()))
    found = extract_from_dir(ROOT, methods, options, keywords)
    return {sentence: f"{path}:{line}" for path, line, sentence, _comments, _context in found}


def read_catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en", abort_invalid=True)


@cache
def catalogue() -> dict[str | tuple[str, ...], Message]:
    return {message.id: message for message in read_catalogue() if message.id}


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Return the singular and the plural of a sentence, or the one form it has."""
    return (text,) if isinstance(text, str) else tuple(text)


# The catalogue


def test_every_sentence_of_the_code_is_in_english_too() -> None:
    missing = [
        f"{where}: {sentence!r} has no English: run `make translations`, write it in {rel(CATALOGUE)}, run it again"
        for sentence, where in code().items()
        if sentence not in catalogue() or not all(forms(catalogue()[sentence].string))
    ]
    fuzzy = [f"{message.id!r} is only a guess: read it, and take its `fuzzy` away" for message in catalogue().values()]

    complain(missing)
    complain([text for text, message in zip(fuzzy, catalogue().values(), strict=True) if message.fuzzy])


def test_the_catalogue_holds_no_sentence_that_the_code_does_not_say() -> None:
    complain([f"nothing says {sentence!r}: `make translations`" for sentence in catalogue() if sentence not in code()])
    assert not read_catalogue().obsolete


def test_english_keeps_every_placeholder() -> None:
    complaints = []
    for message in catalogue().values():
        wanted = sorted(PLACEHOLDER.findall(forms(message.id)[0]))
        said = [sorted(PLACEHOLDER.findall(text)) for text in (*forms(message.id), *forms(message.string))]
        if any(those != wanted for those in said):
            complaints.append(f"{message.id!r} and {message.string!r} do not hold the same values")

    complain(complaints)


def test_plurals_have_two_forms() -> None:
    complain([f"{it.id!r}" for it in catalogue().values() if len(forms(it.id)) != len(forms(it.string))])


def test_no_sentence_can_be_taken_for_markup() -> None:
    # Templates print translations as they are, in attributes too; quotation marks are « » and “ ”.
    texts = {text for message in catalogue().values() for text in (*forms(message.id), *forms(message.string))}

    complain([f"{text!r}" for text in sorted(texts) if re.search(r'[<>&"]', text)])


def test_what_is_compiled_is_what_is_written() -> None:
    # Vercel compiles nothing: the .mo in git is what people get.
    compiled = BytesIO()
    write_mo(compiled, read_catalogue())
    compiled.seek(0)
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        kept = {forms(message.id): forms(message.string) for message in read_mo(file) if message.id}

    assert kept == {forms(it.id): forms(it.string) for it in read_mo(compiled) if it.id}, "run `make translations`"


# The code


def names_of_gettext(path: Path) -> set[str]:
    return {
        alias.asname or alias.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "flask_babel"
        for alias in node.names
        if "gettext" in alias.name
    }


def calls() -> Iterator[tuple[str, str, list[object]]]:
    """Yield place, name and arguments of every call for a translation, found without the help of Babel."""
    for path in sources("app"):
        names = names_of_gettext(path)
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                arguments = [it.value if isinstance(it, ast.Constant) else None for it in node.args]
                yield f"{rel(path)}:{node.lineno}", node.func.id, arguments
    for name, source in templates().items():
        for call in jinja().parse(source).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in ("_", "gettext", "ngettext"):
                arguments = [it.value if isinstance(it, nodes.Const) else None for it in call.args]
                yield f"app/templates/{name}:{call.lineno}", call.node.name, arguments


def test_every_call_for_a_translation_is_found() -> None:
    complaints = []
    for where, name, arguments in calls():
        sentence = tuple(arguments[:2]) if "ngettext" in name else arguments[0]
        if sentence not in code():
            complaints.append(f"{where}: {name}({sentence!r}) is not a sentence that can be gathered")

    complain(complaints)


STRING_IN_JAVASCRIPT = re.compile(
    r"""//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)""", re.S
)
# Letters that only Spanish has, a capital and what follows it in a sentence, or three words in a row.
SENTENCE = re.compile(r"[áéíóúñ¿¡«»…]|^[A-Z][a-z]+(?: [a-z]+|[.!?])|[A-Za-z]+ [a-z]+ [a-z]+")
MARKUP_OR_CODE = re.compile(r"<[^>]*>|\$\{[^}]*\}|^use strict$")


def test_javascript_holds_no_sentence() -> None:
    complaints = []
    static = ROOT / "app" / "static"
    for path in sorted({*static.rglob("*.js")} - {*static.glob("vendor/*")}):
        source = path.read_text()
        for match in STRING_IN_JAVASCRIPT.finditer(source):
            text = MARKUP_OR_CODE.sub("", (match[1] or "")[1:-1])
            if SENTENCE.search(text):
                line = source.count("\n", 0, match.start()) + 1
                complaints.append(f"{rel(path)}:{line}: {text!r} belongs in a template, through gettext")

    complain(complaints)


# The screens


class Words(Reader):
    """What a person reads or hears on a page, what a script will say included."""

    READ = Reader.READ | {"data-says"}


def words(text: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W\d_]+", text)}


@cache
def spanish() -> frozenset[str]:
    """Return the words of the Spanish sentences and days that are no words of the English ones."""
    both = [(" ".join(forms(it.id)), " ".join(forms(it.string))) for it in catalogue().values()]
    for names in (get_day_names, get_month_names):
        for width in ("wide", "abbreviated"):
            both.append(tuple(" ".join(names(width, locale=language).values()) for language in ("es_AR", "en")))
    english = words(" ".join(text for _, text in both))
    return frozenset(words(" ".join(text for text, _ in both)) - words("Coordina WhatsApp Twilio") - english)


def spanish_in(html: str) -> list[str]:
    page = Words()
    page.feed(html)
    page.close()
    return [text.strip() for _line, text in page.read if words(text) & spanish()]


@pytest.fixture(scope="module")
def english_app(config: TestConfig, migrated_app: Flask) -> Iterator[Flask]:
    app = create_app(replace(config, APP_LANGUAGE="en"))
    app.test_client_class = IsolatedClient
    app.extensions["twilio"] = FakeTwilio()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def browser(app: Flask, english_app: Flask, ana: User) -> SignedInClient:
    """Ana's browser, in an office that has something of everything."""
    return SignedInClient.of(english_app, ana)


@pytest.fixture
def office(factories: Factories) -> dict[str, int]:
    """The ids of an event and of a chat that has something of everything."""
    day = formats.today() + timedelta(days=20)
    event = factories.coordinacion(title="Big day", client_name="Kim", event_on=day, state="in_preparation")
    factories.coordinacion(title="Small day", client_name="Lee", phone=None)
    chat = factories.conversation(coordinacion_id=event.id, window_expires_at=utcnow() + timedelta(minutes=90))
    factories.message(chat, "Hi", sent_at=utcnow() - timedelta(days=3))
    factories.message(chat, "", type="image")
    factories.message(chat, "Hey", direction="outbound", status="failed", error_code=63016)
    closed = factories.conversation("+5491155550102", profile_name="Max", window_expires_at=None)
    factories.message(closed, "Bye", direction="outbound", status="unconfirmed")
    return {"event": event.id, "chat": chat.id, "closed": closed.id}


def test_signing_in_is_in_english(app: Flask, english_app: Flask) -> None:
    page = english_app.test_client().get("/login").text
    refused = english_app.test_client().post("/login", data={"email": "ana@example.com", "password": "wrong"}).text

    assert '<html lang="en">' in page
    assert "Sign in" in page
    assert "Password" in page
    assert "The email or the password doesn’t match." in refused
    assert spanish_in(page) + spanish_in(refused) == []


@pytest.mark.parametrize(
    ("url", "sentences"),
    [
        ("/whatsapp/", ("Closing soon", "1 h left", "2 unread", "Sign out")),
        (
            "/whatsapp/conversations/{chat}",
            ("📷 Photo", "24 h have passed since their last message", "Write a message", "2 new messages"),
        ),
        (
            "/whatsapp/conversations/{closed}",
            ("They have not written to you yet", "Twilio didn’t say whether it got this."),
        ),
        ("/coordinaciones", ("in 20 days", "In preparation", "Add it to write to them.", "All states")),
        ("/coordinaciones/{event}", ("Kind of event", "Nobody yet", "Last changed:", "WhatsApp history")),
        ("/coordinaciones/{event}/edit", ("15th birthday party", "As you call it", "Cancel")),
        ("/coordinaciones/new", ("New coordinación", "With its area code: 11 2345-6789.")),
        ("/nowhere", ("That page doesn’t exist, or is gone.", "Back to the home page")),
    ],
)
def test_no_page_in_english_holds_spanish(
    browser: SignedInClient, office: dict[str, int], url: str, sentences: tuple[str, ...]
) -> None:
    page = browser.get(url.format(**office)).text

    for sentence in sentences:
        assert sentence in page
    assert spanish_in(page) == []


def test_spanish_would_be_noticed(app: Flask, office: dict[str, int], ana: User) -> None:
    page = SignedInClient.of(app, ana).get("/coordinaciones").text

    assert {"Todos los estados", "en 20 días"} <= set(spanish_in(page))


def test_the_api_says_what_is_wrong_in_english(app: Flask, english_app: Flask, ana: User, bearer: Bearer) -> None:
    client = english_app.test_client()

    stranger = client.get("/api/coordinaciones").json
    refused = client.post("/api/coordinaciones", json={"phone": "12"}, headers=bearer(ana)).json

    assert stranger["detail"] == "Your session ended. Sign in again."
    assert refused["detail"] == "Check the marked fields."
    assert refused["errors"]["title"] == "Enter a name for the event."
    assert not spanish() & words(" ".join(refused["errors"].values()))


def test_days_are_said_in_english(english_app: Flask) -> None:
    with english_app.app_context():
        today = formats.today()

        assert formats.format_day(date(2099, 12, 12)) == "Sat 12 Dec 2099"
        assert formats.format_day_long(date(2099, 12, 12)) == "Saturday, December 12, 2099"
        assert formats.format_thread_day(today - timedelta(days=1)) == "yesterday"
        assert [formats.format_days_away(today + timedelta(days=away)) for away in (-2, 0, 1, 20)] == [
            "2 days ago",
            "today",
            "tomorrow",
            "in 20 days",
        ]
