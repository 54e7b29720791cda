"""One office of the backup tests: an app, its database, and what is in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from click.testing import Result
from flask import Flask
from sqlalchemy import Connection, Engine, event, select

from app.extensions import Base, db
from tests.backup import hard

Rows = dict[str, list[tuple[Any, ...]]]


class Office:
    """`path` is the database's file, where it is SQLite's."""

    def __init__(self, app: Flask, path: Path | None = None) -> None:
        self.app, self.path = app, path
        with app.app_context():
            self.engine: Engine = db.engine

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction beside the app's own."""
        with self.engine.begin() as connection:
            yield connection

    def fill(self) -> None:
        with self.writing() as connection:
            hard.fill(connection)

    def flask(self, *arguments: str, typed: bytes = b"") -> Result:
        """Run a `flask` command, in this process."""
        return self.app.test_cli_runner().invoke(args=list(arguments), input=typed)

    def does(self, *arguments: str, typed: bytes = b"") -> Result:
        """Run a `flask` command that has to succeed."""
        result = self.flask(*arguments, typed=typed)
        assert result.exit_code == 0, result.output
        return result

    def refuses(self, *arguments: str, typed: bytes = b"") -> str:
        """Run a `flask` command that has to fail with a sentence and change nothing; return the sentence."""
        before = self.rows()
        result = self.flask(*arguments, typed=typed)
        assert result.exit_code == 1, result.output
        assert isinstance(result.exception, SystemExit), result.exception
        assert self.rows() == before
        last = result.stderr.strip("\n").rpartition("\n")[2]
        assert last.startswith("Error: ")
        return last.removeprefix("Error: ")

    def rows(self) -> Rows:
        """Return every row of every table, as the models' types read them."""
        with self.engine.connect() as connection:
            return {
                table.name: [
                    tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key)).fetchall()
                ]
                for table in Base.metadata.sorted_tables
            }

    def stored(self) -> Rows:
        """Return the rows of a SQLite file byte by byte: every value with the type that it is stored as."""
        with closing(sqlite3.connect(str(self.path))) as connection:
            return {
                table.name: connection.execute(
                    "SELECT {} FROM {} ORDER BY 1".format(
                        ", ".join(
                            f'typeof("{column.name}"), CAST("{column.name}" AS BLOB)' for column in table.columns
                        ),
                        table.name,
                    )
                ).fetchall()
                for table in Base.metadata.sorted_tables
            }

    @contextmanager
    def before(self, words: str, act: Any) -> Iterator[None]:
        """Call `act` with each statement that begins with `words`, just before it is sent."""

        def look(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.startswith(words):
                act(statement)

        event.listen(self.engine, "before_cursor_execute", look)
        yield
        event.remove(self.engine, "before_cursor_execute", look)


def kept(rows: Rows) -> Rows:
    """Return `rows` without those of the tables that no backup holds."""
    left_out = {table.name for table in Base.metadata.sorted_tables if table.info.get("backup") == "left out"}
    return {name: found for name, found in rows.items() if name not in left_out}
