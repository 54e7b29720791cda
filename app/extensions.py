"""The extensions that every room shares, the base of the models, and the one way to write to the database."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click
from flask import Flask, Response, current_app, request
from flask_babel import Babel
from flask_limiter import Limiter, RequestLimit
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData, TypeDecorator, event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.orm import DeclarativeBase, Session, registry

from app.light_jwt import JWTManager
from app.limit_store import look_after_answers


def utcnow() -> datetime:
    """Return this moment as an aware UTC datetime; the only clock of the app."""
    return datetime.now(UTC)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on every database; SQLite would hand back naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A naive datetime cannot be stored: give it a time zone.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite numbers its rows by itself only for a column that is spelled INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")
# What the columns of numbers hold on PostgreSQL: most of them (Integer), and the ids of many rows (BigId). SQLite's
# driver refuses numbers beyond the second with an error of its own.
LARGEST_INT = 2**31 - 1
LARGEST_ID = 2**63 - 1


class Base(DeclarativeBase):
    """What every model inherits from."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            },
        ),
        type_annotation_map={datetime: UTCDateTime()},
    )


def remote_address() -> str:
    """Return the caller's address: whom a limit counts where nobody has shown yet who it is."""
    return request.remote_addr or "unknown"


db = SQLAlchemy(
    metadata=Base.metadata,
    disable_autonaming=True,
    session_options={"expire_on_commit": False},
)
jwt = JWTManager()
babel = Babel()
# An office of thirty behind one address polls a few hundred times a minute.
limiter = Limiter(remote_address, default_limits=["3000 per minute"])

_sqlite_writer = threading.Lock()


@contextmanager
def writing() -> Iterator[Session]:
    """Open the one write transaction of the moment, commit it at the end, roll it back on any error.

    Whatever was only read before is let go first, so the transaction starts from what is committed now. SQLite takes
    its write lock at the start: one that turns from reader to writer half-way is refused at once, whatever the
    busy timeout says. The lock inside the process spares its threads SQLite's own sleeping retries.
    """
    session = db.session()
    session.commit()
    session.expire_all()
    sqlite = db.engine.dialect.name == "sqlite"
    with _sqlite_writer if sqlite else nullcontext():
        if sqlite:
            session.connection(execution_options={"sqlite_begin": "BEGIN IMMEDIATE"})
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # The driver begins no transaction of its own: _begin_sqlite does.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


def prepare_engine(engine: Engine) -> None:
    """Give SQLite's connections their pragmas and explicit transactions; PostgreSQL needs nothing."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def _make_sqlite_folder(url: URL) -> None:
    path = str(url.database or "")
    # What begins with `file:` is a URI of SQLite's own, and no path.
    if url.get_backend_name() == "sqlite" and path not in ("", ":memory:") and not path.startswith("file:"):
        # Where it cannot be made, whoever opens the database says so, and `flask doctor` what to do.
        with suppress(OSError):
            Path(path).parent.mkdir(parents=True, exist_ok=True)


def init_migrations(app: Flask) -> None:
    """Give `app` the `flask db` commands. Alembic takes longer to import than a request to answer, so only here."""
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(Path(app.root_path).parent / "migrations"))


def seconds_to_wait(limit: RequestLimit) -> int:
    """Return after how many whole seconds `limit` lets somebody in again: one at least, and never too few.

    Flask-Limiter gives the moment rounded up to a second, which may lie behind the end of the limit's own window.
    """
    return min(max(1, math.ceil(limit.reset_at - time.time())), limit.limit.get_expiry())


def _wait_only_where_refused(response: Response) -> Response:
    """Take off the Retry-After that Flask-Limiter writes on every answer: programs wait where it stands.

    Where a limit refuses, Flask-Limiter rounds down, and asks in the last second to come back after none.
    """
    if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.pop("Retry-After", None)
    elif limiter.current_limit:
        response.headers["Retry-After"] = str(seconds_to_wait(limiter.current_limit))
    return response


def init_app(app: Flask) -> None:
    """Bind the extensions to `app`."""
    _make_sqlite_folder(make_url(app.config["SQLALCHEMY_DATABASE_URI"]))
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    jwt.init_app(app)
    app.after_request(_wait_only_where_refused)  # Before the limiter's own, since the last one runs first.
    limiter.init_app(app)
    look_after_answers(app, limiter)
    babel.init_app(
        app,
        default_domain="messages",
        default_translation_directories="translations",
        locale_selector=lambda: current_app.config["APP_LANGUAGE"],
        timezone_selector=lambda: current_app.config["APP_TIMEZONE"],
    )
    if click.get_current_context(silent=True) is not None:
        init_migrations(app)
