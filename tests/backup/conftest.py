"""Offices on databases of their own, SQLite and PostgreSQL, between which backups travel."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Engine, create_engine, text

from app import create_app
from app.extensions import db, init_migrations
from config import TestConfig, engine_options, parse_database_url
from tests.backup.office import Office


@contextmanager
def running(url: str) -> Iterator[Flask]:
    app = create_app(TestConfig(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(url)))
    with app.app_context():
        engine = db.engine
    yield app
    engine.dispose()


def migrate(url: str) -> None:
    with running(url) as app:
        init_migrations(app)
        with app.app_context():
            upgrade()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Engine]:
    """A PostgreSQL server on which databases can be made."""
    url = os.environ.get("TEST_POSTGRES_URL") or os.environ.get("TEST_DATABASE_URL", "")
    if not url and os.environ.get("CI"):
        pytest.fail("TEST_POSTGRES_URL is not set, and in CI this test must run.")
    if not url:
        pytest.skip("TEST_POSTGRES_URL is not set: what a backup does on PostgreSQL was not tried.")
    engine = create_engine(parse_database_url(url), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@contextmanager
def own_database(server: Engine, template: str = "template1") -> Iterator[str]:
    name = f"coordina_backup_{uuid.uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    yield name
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


def url_of(server: Engine, name: str) -> str:
    return server.url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that only the migrations have touched, for copies of it."""
    path = tmp_path_factory.mktemp("migrated") / "coordina.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(postgresql: Engine) -> Iterator[str]:
    """The same on PostgreSQL: the name of a database that is a template for others."""
    with own_database(postgresql) as name:
        migrate(url_of(postgresql, name))
        yield name


@pytest.fixture
def sqlite_office(migrated_file: Path, tmp_path: Path) -> Iterator[Callable[[], Office]]:
    """Make offices on SQLite, each on a migrated file of its own."""
    running_ones = []

    def make() -> Office:
        path = tmp_path / f"{uuid.uuid4().hex}.db"
        shutil.copy(migrated_file, path)
        running_ones.append(running(f"sqlite:///{path}"))
        return Office(running_ones[-1].__enter__(), path)

    yield make
    for one in running_ones:
        one.__exit__(None, None, None)


@pytest.fixture
def postgresql_office(postgresql: Engine, migrated_database: str) -> Iterator[Office]:
    """An office on a migrated PostgreSQL database."""
    with own_database(postgresql, migrated_database) as name, running(url_of(postgresql, name)) as app:
        yield Office(app)


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest) -> Office:
    """An office that has nothing yet, on each of the databases in turn."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql_office")
    return request.getfixturevalue("sqlite_office")()


@pytest.fixture
def full(sqlite_office: Callable[[], Office]) -> Office:
    """An office on SQLite with hard values in every table."""
    office = sqlite_office()
    office.fill()
    return office


@pytest.fixture
def backup(full: Office, tmp_path: Path) -> Path:
    """A backup of `full`."""
    path = tmp_path / "full.zip"
    full.does("backup", str(path))
    return path
