"""Reading a whole database as it stood at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import Connection, Table, Text, cast, func, inspect, select, text

from app.backup.archive import BackupError
from app.backup.values import is_json, kept_columns, rows_at_once, writer
from app.extensions import Base, db


def kept_tables() -> list[Table]:
    """Return the tables that a backup holds, in an order in which no row comes before one that it points at."""
    return [table for table in Base.metadata.sorted_tables if table.info.get("backup") != "left out"]


@contextmanager
def snapshot() -> Iterator[Connection]:
    """Yield a connection that sees the database as it is now, and nothing that is committed later."""
    with db.engine.connect() as connection:
        # SQLite under WAL gives every reading transaction its snapshot by itself, and writers go on meanwhile.
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


def migrations() -> list[Any]:
    """Return the migrations of this code, the first one first, as Alembic reads them."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(Path(current_app.root_path).parent / "migrations"))
    return list(script.walk_revisions())[::-1]


def code_revision() -> str:
    """Return the Alembic revision that this code's models are of."""
    return str(migrations()[-1].revision)


def migrated_revision(connection: Connection) -> str:
    """Return the database's Alembic revision. Raises BackupError unless it is the one that this code needs."""
    stored = None
    if inspect(connection).has_table("alembic_version"):
        stored = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if stored is None:
        raise BackupError("The database has no tables of Coordina yet: run `flask db upgrade` first.")
    if stored != (needed := code_revision()):
        raise BackupError(
            f"The database is at revision {stored} and this Coordina needs {needed}: run `flask db upgrade` first, "
            "or use the Coordina that the database belongs to."
        )
    return str(stored)


def row_count(connection: Connection, table: Table) -> int:
    """Return how many rows `table` has."""
    return connection.scalars(select(func.count()).select_from(table)).one()


def require_empty(connection: Connection) -> None:
    """Raise BackupError, naming tables and counts, unless a restore destroys nothing that somebody entered."""
    counts = {table.name: row_count(connection, table) for table in kept_tables() if "backup" not in table.info}
    if filled := [f"{name} {count}" for name, count in counts.items() if count]:
        raise BackupError(
            f"The database is not empty ({', '.join(filled)} rows): restore into a new one, "
            "or say --replace, which deletes all that is in it now."
        )


def rows(connection: Connection, table: Table) -> Iterator[list[Any]]:
    """Yield the rows of `table` by primary key, as values for JSON, with only a few of them in memory."""
    # The driver would read JSON into objects, in which its text cannot be told any more.
    columns = [cast(column, Text) if is_json(column) else column for column in kept_columns(table)]
    write = writer(kept_columns(table))
    found = connection.execute(
        select(*columns).order_by(*table.primary_key), execution_options={"yield_per": rows_at_once(table)}
    )
    for row in found:
        yield write(list(row))
