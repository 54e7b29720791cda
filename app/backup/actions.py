"""Making a backup, and putting one in the place of what the database holds: all of it, or nothing."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy import (
    Column,
    Connection,
    Insert,
    MetaData,
    Table,
    Text,
    bindparam,
    cast,
    create_engine,
    delete,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, StatementError

from app.backup import queries
from app.backup.archive import ArchiveReader, ArchiveWriter, BackupError, Damaged, Manifest, Part
from app.backup.older_queries import is_older, migrate
from app.backup.values import is_json, kept_columns, reader, rows_at_once
from app.extensions import Base, utcnow, writing

# What is being done, how many rows of it are done, and of how many.
Progress = Callable[[str, int, int], None]


@contextmanager
def _failures_told() -> Iterator[None]:
    """Turn what the database could not do at all into a BackupError."""
    try:
        yield
    except DBAPIError as error:
        raise BackupError(
            f"The database failed ({_reason(error)}): check DATABASE_URL and that its server runs. Nothing was changed."
        ) from error


def _reason(error: StatementError) -> str:
    """Return the first line of what the database said; those after it may quote what a client wrote."""
    return str(error.orig).strip().partition("\n")[0]


def _counted(
    rows: Iterator[list[Any]], total: int, step: int, progress: Callable[[int, int], None]
) -> Iterator[list[Any]]:
    """Yield `rows` as they are, and tell `progress` after every `step` of them."""
    done = 0
    if total:
        progress(done, total)
    for done, row in enumerate(rows, 1):
        yield row
        if done % step == 0 and done != total:
            progress(done, total)
    progress(done, total)


@_failures_told()
def back_up(file: IO[bytes], progress: Progress) -> Manifest:
    """Write all that is committed at this moment into `file`, which need not seek; return what it holds.

    Raises BackupError when the database cannot be read or is not migrated.
    """
    with queries.snapshot() as connection:
        revision, moment = queries.migrated_revision(connection), utcnow().isoformat(timespec="seconds")
        return _write(connection, file, Manifest(revision, moment, connection.dialect.name, []), progress)


def _write(connection: Connection, file: IO[bytes], manifest: Manifest, progress: Progress) -> Manifest:
    """Write what `connection` sees into `file`, and return `manifest` with its tables."""
    parts = []
    with ArchiveWriter(file) as archive:
        for table in queries.kept_tables():
            rows = _counted(
                queries.rows(connection, table),
                queries.row_count(connection, table),
                rows_at_once(table),
                partial(progress, f"Backing up {table.name}"),
            )
            parts.append(archive.add(table.name, [column.name for column in kept_columns(table)], rows))
        manifest = dataclasses.replace(manifest, tables=parts)
        archive.finish(manifest)
    return manifest


def _require_known_revision(manifest: Manifest, revision: str) -> None:
    """Raise BackupError unless the backup is of this code's revision, or can be brought to it."""
    if manifest.revision > revision:
        raise BackupError(
            f"The backup is of revision {manifest.revision} and this Coordina of {revision}: "
            "upgrade Coordina and run `flask db upgrade` first."
        )
    if manifest.revision < revision and not is_older(manifest, revision):
        raise BackupError(
            f"The backup is of revision {manifest.revision} and this Coordina of {revision}: restore it into an empty "
            "database with the Coordina that made it, then come back to this one and run `flask db upgrade`."
        )


def _require_same_tables(manifest: Manifest) -> None:
    """Raise BackupError unless the backup's tables are those of this code."""
    ours = {table.name: {column.name for column in kept_columns(table)} for table in queries.kept_tables()}
    if {part.name: set(part.columns) for part in manifest.tables} != ours:
        raise BackupError("The backup has other tables than this Coordina: restore it with the Coordina that made it.")


def _stop_writers(connection: Connection) -> None:
    """Let nobody else write until this transaction ends; SQLite's has that lock from its beginning."""
    if connection.dialect.name == "postgresql":
        names = map(connection.dialect.identifier_preparer.format_table, Base.metadata.sorted_tables)
        connection.execute(text(f"LOCK TABLE {', '.join(names)} IN SHARE ROW EXCLUSIVE MODE"))


def _inserting(connection: Connection, columns: list[Column[Any]]) -> Insert:
    """Return the statement that stores rows whose values are named by their position: c0, c1, and so on."""
    values: dict[str, Any] = {}
    for position, column in enumerate(columns):
        given = bindparam(f"c{position}", type_=Text() if is_json(column) else column.type)
        # JSON goes in as the text that it was; SQLite keeps it as text, PostgreSQL asks for its own type.
        postgresql_json = is_json(column) and connection.dialect.name == "postgresql"
        values[column.name] = cast(given, column.type) if postgresql_json else given
    return insert(columns[0].table).values(values)


def _store(connection: Connection, statement: Insert, batch: list[dict[str, Any]]) -> StatementError | None:
    """Store `batch`, all or nothing, and return why the database refused; a lost connection is raised."""
    try:
        with connection.begin_nested():
            connection.execute(statement, batch)
    except StatementError as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        return error
    return None


def _refusal(connection: Connection, statement: Insert, batch: list[dict[str, Any]], part: Part) -> BackupError:
    """Return the sentence that names the first row of `batch` that the database does not take, and why."""
    for row in batch:
        if error := _store(connection, statement, [row]):
            first = f"the row of {part.name} whose {part.columns[0]} is {row['c0']}"
            return BackupError(f"The database does not take {first} ({_reason(error)}). Nothing was changed.")
    return BackupError(f"The database does not take these rows of {part.name} together. Nothing was changed.")


def _fill(connection: Connection, table: Table, part: Part, rows: Iterator[list[Any]]) -> None:
    """Store the rows of one table in batches. Raises Damaged on a line that is no row, BackupError on a refusal."""
    columns = [table.columns[name] for name in part.columns]
    read, statement = reader(columns), _inserting(connection, columns)
    names = [f"c{position}" for position in range(len(columns))]
    while lines := list(islice(rows, rows_at_once(table))):
        try:
            batch = [dict(zip(names, read(line), strict=True)) for line in lines]
        except (TypeError, ValueError) as error:
            raise Damaged(f"a line of {part.name} is no row of it") from error
        if _store(connection, statement, batch):
            raise _refusal(connection, statement, batch, part)


def _restart_numbering(connection: Connection, table: Table) -> None:
    """Let new rows of `table` be numbered after those that are there now.

    ALTER SEQUENCE is taken back with its transaction, which setval() is not.
    """
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return  # SQLite looks at the rows themselves.
    name = connection.dialect.identifier_preparer.format_table(table)
    sequence = connection.scalar(select(func.pg_get_serial_sequence(name, column.name)))
    highest = connection.scalar(select(func.max(column))) or 0
    if sequence is not None:
        connection.execute(text(f"ALTER SEQUENCE {sequence} RESTART WITH {highest + 1}"))


def _replace_all(archive: ArchiveReader, connection: Connection, progress: Progress) -> None:
    for table in reversed(Base.metadata.sorted_tables):
        connection.execute(delete(table))
    parts = {part.name: part for part in archive.manifest.tables}
    for table in queries.kept_tables():
        part = parts[table.name]
        progress_of_table = partial(progress, f"Restoring {table.name}")
        _fill(connection, table, part, _counted(archive.rows(part), part.rows, rows_at_once(table), progress_of_table))
        _restart_numbering(connection, table)
        if (count := queries.row_count(connection, table)) != part.rows:
            raise BackupError(f"{table.name} has {count} rows instead of {part.rows}. Nothing was changed.")


@contextmanager
def _raised(archive: ArchiveReader, revision: str) -> Iterator[Connection]:
    """Yield a database that holds what `archive` does, brought to `revision` by the migrations.

    It is SQLite's, in a file that only its owner may read and that is gone afterwards, whatever the office's own is.
    """
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'older.db'}")
        try:
            with engine.connect() as connection:
                migrate(connection, "", archive.manifest.revision)
                _fill_older(connection, archive)
                migrate(connection, archive.manifest.revision, revision)
                connection.commit()
                yield connection
        finally:
            engine.dispose()


def _fill_older(connection: Connection, archive: ArchiveReader) -> None:
    metadata = MetaData()
    metadata.reflect(connection)
    for table in reversed(metadata.sorted_tables):  # Migrations make rows of their own.
        connection.execute(table.delete())
    for part in archive.manifest.tables:
        _fill(connection, metadata.tables[part.name], part, archive.rows(part))


@contextmanager
def _as_of_now(archive: ArchiveReader, revision: str, progress: Progress) -> Iterator[ArchiveReader]:
    """Yield `archive`, or what the migrations make of it where it is of a revision before `revision`."""
    if archive.manifest.revision == revision:
        yield archive
        return
    progress(f"Bringing revision {archive.manifest.revision} to {revision}", 0, archive.manifest.rows)
    with _raised(archive, revision) as connection, tempfile.TemporaryFile() as file:
        _write(
            connection,
            file,
            dataclasses.replace(archive.manifest, revision=revision),
            lambda _what, _done, _total: None,
        )
        file.seek(0)
        yield ArchiveReader(file)


@_failures_told()
def restore(file: IO[bytes], progress: Progress, *, replace: bool) -> Manifest:
    """Put what `file` holds in the place of what the database holds, in one transaction; return what it holds.

    `replace` allows that rows are there now, which are then deleted. The file is checked whole before anything is
    written. Raises BackupError, with the database as it was.
    """
    archive = ArchiveReader(file)
    with queries.snapshot() as connection:
        revision = queries.migrated_revision(connection)
        _require_known_revision(archive.manifest, revision)
        if archive.manifest.revision == revision:
            _require_same_tables(archive.manifest)
        if not replace:
            queries.require_empty(connection)
    archive.check(lambda part: progress(f"Checking {part.name}", part.rows, part.rows))
    with _as_of_now(archive, revision, progress) as current, writing() as session:
        connection = session.connection()
        _stop_writers(connection)
        if not replace:  # Somebody may have begun to work meanwhile.
            queries.require_empty(connection)
        _replace_all(current, connection, progress)
    return archive.manifest
