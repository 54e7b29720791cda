"""Runs the migrations, by `flask db` or by Alembic's own commands inside an app context."""

from __future__ import annotations

from typing import Any

import click
from alembic import context
from flask import current_app
from sqlalchemy import Connection, TypeDecorator
from sqlalchemy.exc import OperationalError

import app.jobs.models
import app.whatsapp.models  # noqa: F401  (brings in every model: the rooms below are its foundations)
from app.extensions import Base, db

# Coordina's own number among PostgreSQL's advisory locks: "coordina" in hexadecimal, but its last letter.
MIGRATING = 0x636F6F7264696E
# Milliseconds that a migration waits for SQLite's other writers, whose turns last milliseconds each.
PATIENCE_MS = 60_000


def render_item(type_: str, obj: Any, autogen_context: Any) -> str | bool:
    """Write our own column types as the plain ones they are made of, so that migrations never import the app."""
    if type_ == "type" and isinstance(obj, TypeDecorator):
        return "sa." + repr(obj.impl_instance)
    return False


def run(connection: Connection) -> None:
    """Run on `connection`; SQLite changes tables by copying them (batch mode)."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def check_references(connection: Connection) -> None:
    """Raise when a row points to one that is not there, which nobody would be told of until they look for it."""
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if lost:
        raise RuntimeError(f"The migration would leave {len(lost)} rows that point to nothing; nothing was changed.")


def begin(connection: Connection) -> None:
    """Begin the one transaction of all steps, once nobody else migrates; what fails half-way leaves nothing behind.

    A second `flask db upgrade` waits here, and then finds nothing to do. On PostgreSQL the lock ends with the
    transaction, so a pooler may stand in between. SQLite's write lock is taken at the start, as the app takes it: a
    transaction that begins by reading is refused as soon as somebody else has written.
    """
    if connection.dialect.name == "postgresql":
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({MIGRATING})").scalar():
            click.echo("Another migration of this database is under way; waiting for its end.", err=True)
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
        return
    connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
    try:
        connection.begin()
    except OperationalError:
        raise RuntimeError("Another process keeps the database file locked; nothing was changed.") from None


with current_app.app_context(), db.engine.connect() as connection:
    sqlite = connection.dialect.name == "sqlite"
    driver = connection.connection.driver_connection
    if sqlite:
        # A table is copied by dropping it, which would take with it whatever refers to its rows. This counts only
        # outside a transaction.
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
    try:
        begin(connection)
        run(connection)
        if sqlite:
            check_references(connection)
        connection.commit()
    finally:
        connection.rollback()
        if sqlite:
            driver.execute("PRAGMA foreign_keys=ON")
            driver.execute("PRAGMA busy_timeout=15000")
