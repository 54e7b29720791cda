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


with current_app.app_context(), db.engine.connect() as connection:
    run(connection)
    connection.commit()
