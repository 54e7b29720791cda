"""Runs the migrations, by `flask db` or by Alembic's own commands inside an app context."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection, TypeDecorator

import app.jobs.models
import app.whatsapp.models  # noqa: F401  (brings in every model: the rooms below are its foundations)
from app.extensions import Base, db


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


with current_app.app_context(), db.engine.connect() as connection:
    sqlite = connection.dialect.name == "sqlite"
    driver = connection.connection.driver_connection
    if sqlite:
        # A table is copied by dropping it, which would take with it whatever refers to its rows. This counts only
        # outside a transaction.
        driver.execute("PRAGMA foreign_keys=OFF")
    try:
        run(connection)
        if sqlite:
            check_references(connection)
        connection.commit()
    finally:
        connection.rollback()
        if sqlite:
            driver.execute("PRAGMA foreign_keys=ON")
