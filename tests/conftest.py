"""Fixtures of the whole suite: one app on one real database, emptied after every test."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts
from sqlalchemy import create_engine, event, text

from app import create_app
from app.auth.models import User
from app.extensions import Base, db, init_migrations, limiter
from config import TestConfig, engine_options, parse_database_url
from tests import rendering
from tests.browser import IsolatedClient, SignedInClient
from tests.factories import PASSWORD, Factories
from tests.fakes import FakeConsole, FakeContents, FakeFetcher, FakeTwilio

pytest_plugins = ["tests.unsteady"]
rendering.listen()

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# The same engine with nothing of a browser around it, a third faster: Debian's package of that name, where it is there.
SHELL = shutil.which("chromium-headless-shell")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def _unwanted() -> list[str]:
    """Return the flags of Playwright to leave out: it puts shared memory on a disk, for machines with little of it."""
    roomy = os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 2**30
    return ["--disable-dev-shm-usage"] if roomy else []


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=20_000)  # A pause between two polls, and a busy machine.
    with sync_playwright() as started:
        yield started


@contextlib.contextmanager
def _launched(playwright: Playwright, executable: str | None, *unwanted: str) -> Iterator[Browser]:
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing, and in CI these tests must run: install the package `chromium`.")
        pytest.skip("Chromium is not installed: the browser tests need it.")
    without = [*_unwanted(), *unwanted]
    launched = playwright.chromium.launch(executable_path=executable, args=FLAGS, ignore_default_args=without)
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with _launched(playwright, SHELL or CHROMIUM) as browser:
        yield browser


@pytest.fixture(scope="session")
def desktop_browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser whose scrollbars take room, as they do on most desktops."""
    with _launched(playwright, SHELL or CHROMIUM, "--hide-scrollbars") as browser:
        yield browser


@pytest.fixture(scope="session")
def full_browser(playwright: Playwright) -> Iterator[Browser]:
    """What people have, with notices and all."""
    with _launched(playwright, CHROMIUM) as browser:
        yield browser


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--with-a-database", action="store_true", help="leave out what no fixture gives a database")


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of every later search for garbage."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """On another database run again what has to do with one: nothing else can differ there."""
    if config.getoption("--with-a-database"):
        wanted = [item for item in items if {"database_url", "empty_url"} & set(getattr(item, "fixturenames", ()))]
        config.hook.pytest_deselected(items=list(set(items) - set(wanted)))
        items[:] = wanted


@pytest.fixture(autouse=True)
def _only_sockets_that_a_test_asks_for(request: pytest.FixtureRequest) -> Iterator[None]:
    """Shut sockets, but those on this machine for a PostgreSQL run and for tests marked enable_socket."""
    if "TEST_DATABASE_URL" in os.environ or request.node.get_closest_marker("enable_socket"):
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(autouse=True)
def _templates_ask_nothing_of_the_database() -> Iterator[None]:
    rendering.asked.clear()
    yield
    assert not rendering.asked, "\n".join(rendering.asked)


def _migrate(app: Flask) -> None:
    init_migrations(app)
    with app.app_context():
        upgrade()


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A database of this run's own: a SQLite file, or one made for the run on the server of TEST_DATABASE_URL.

    The file lies in memory where the system has such a place, and the server does not wait for its disk: every commit
    would be waited for.
    """
    server = os.environ.get("TEST_DATABASE_URL")
    if not server:
        with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
            yield f"sqlite:///{folder}/test.db"
        return
    name = f"coordina_test_{uuid.uuid4().hex}"
    admin = create_engine(parse_database_url(server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit TO off'))
    yield admin.url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture(scope="session")
def config(database_url: str) -> TestConfig:
    return TestConfig(SQLALCHEMY_DATABASE_URI=database_url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(database_url))


@pytest.fixture(scope="session")
def migrated_app(config: TestConfig) -> Iterator[Flask]:
    app = create_app(config)
    app.test_client_class = IsolatedClient
    _migrate(app)
    with app.app_context():
        empty_database()  # Migrations bring rows of their own; every test begins without them.
    yield app
    with app.app_context():
        db.engine.dispose()


def empty_database() -> None:
    """Delete every row, and start the change sequence again.

    A server may still be at work on what a test left, so its own first lock comes first here too: whoever has it is
    waited for, and two that wait for each other cannot be.
    """
    db.session.remove()
    tables = dict(Base.metadata.tables)
    with db.engine.begin() as connection:
        connection.execute(tables.pop("cambios").update().values(value=0, notices_change=0))
        for table in reversed(Base.metadata.sorted_tables):
            if table.name in tables:
                connection.execute(table.delete())


@pytest.fixture
def app(migrated_app: Flask) -> Iterator[Flask]:
    """The app, inside its context, on an empty database, with a Twilio that only pretends."""
    limiter.enabled = False
    migrated_app.extensions["twilio"] = FakeTwilio()
    migrated_app.extensions["twilio_console"] = FakeConsole()
    migrated_app.extensions["twilio_contents"] = FakeContents()
    migrated_app.extensions["media_fetcher"] = FakeFetcher()
    migrated_app.extensions["public_address"] = lambda _url: ""
    migrated_app.extensions.pop("webhook_refusals", None)  # When one was last written down.
    with migrated_app.app_context():
        yield migrated_app
        empty_database()


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Every SQL statement that is sent from here on, in order."""
    seen: list[str] = []

    def remember(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", remember)
    yield seen
    event.remove(db.engine, "before_cursor_execute", remember)


@pytest.fixture
def twilio(app: Flask) -> FakeTwilio:
    fake = app.extensions["twilio"]
    assert isinstance(fake, FakeTwilio)
    return fake


@pytest.fixture
def at_twilio(app: Flask) -> FakeFetcher:
    """The files that Twilio keeps."""
    fake = app.extensions["media_fetcher"]
    assert isinstance(fake, FakeFetcher)
    return fake


@pytest.fixture
def contents(app: Flask) -> FakeContents:
    fake = app.extensions["twilio_contents"]
    assert isinstance(fake, FakeContents)
    return fake


@pytest.fixture
def factories(app: Flask) -> Factories:
    return Factories()


@pytest.fixture
def ana(factories: Factories) -> User:
    return factories.user("ana@example.com", name="Ana")


@pytest.fixture
def bruno(factories: Factories) -> User:
    return factories.user("bruno@example.com", name="Bruno")


@pytest.fixture
def carla(factories: Factories) -> User:
    return factories.user("carla@example.com", name="Carla", role="admin")


@pytest.fixture
def nobody(app: Flask) -> FlaskClient:
    """A browser that is not signed in."""
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask) -> Callable[[User], SignedInClient]:
    """Return a browser signed in as a user; `client.csrf` is the token that its pages carry."""
    return lambda user: SignedInClient.of(app, user)


@pytest.fixture
def bearer(app: Flask) -> Callable[[User], dict[str, str]]:
    """Return the headers of a program that signed in as a user."""

    def headers(user: User) -> dict[str, str]:
        answer = app.test_client().post("/api/auth/login", json={"email": user.email, "password": PASSWORD})
        return {"Authorization": f"Bearer {answer.json['access_token']}"}

    return headers
