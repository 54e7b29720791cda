"""What a backup carries: every row, with every value as it was, from either database to the other."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update

from app.auth.models import User
from app.backup import actions
from app.extensions import Base, utcnow
from app.whatsapp.inbox.snippet_queries import QuickReply
from tests.backup.office import Office, Rows, kept

pytestmark = pytest.mark.enable_socket


def sums(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    return {part["name"]: part["sha256"] for part in manifest["tables"]}


def test_the_hard_values_are_everywhere(full: Office) -> None:
    rows = full.rows()
    for table in Base.metadata.sorted_tables:
        assert rows[table.name], f"{table.name} has no row: say in tests/backup/hard.py what its checks ask for"
        for position, column in enumerate(table.columns):
            values = [row[position] for row in rows[table.name]]
            if column.nullable:
                assert {value is None for value in values} == {True, False}, column


def test_a_backup_of_sqlite_restored_into_postgresql_and_back_gives_the_same_rows(
    full: Office, postgresql_office: Office, sqlite_office: Callable[[], Office], tmp_path: Path
) -> None:
    there, back, again = (str(tmp_path / name) for name in ("there.zip", "back.zip", "again.zip"))
    home = sqlite_office()

    full.does("backup", there)
    postgresql_office.does("restore", there)
    postgresql_office.does("backup", back)
    home.does("restore", back)
    home.does("backup", again)

    assert kept(postgresql_office.rows()) == kept(full.rows())
    assert kept(home.rows()) == kept(full.rows())
    assert kept(home.stored()) == kept(full.stored())
    assert sums(tmp_path / "there.zip") == sums(tmp_path / "back.zip") == sums(tmp_path / "again.zip")


def test_a_restore_into_the_same_kind_of_database_gives_the_same_rows(office: Office, tmp_path: Path) -> None:
    office.fill()
    before = office.rows()
    office.does("backup", str(tmp_path / "x.zip"))
    with office.writing() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(delete(table))

    office.does("restore", str(tmp_path / "x.zip"))

    assert kept(office.rows()) == kept(before)


def test_the_same_rows_make_the_same_backup_wherever_the_database_keeps_them(
    postgresql_office: Office, backup: Path
) -> None:
    postgresql_office.does("restore", str(backup))
    with postgresql_office.writing() as connection:  # PostgreSQL moves a changed row behind the others.
        connection.execute(update(User).where(User.id == 1).values(name="Otra"))
        connection.execute(update(User).where(User.id == 1).values(name=names_of(backup)[0]))
    again = backup.with_name("again.zip")

    postgresql_office.does("backup", str(again))

    assert sums(again) == sums(backup)


def test_nobody_stays_signed_in(office: Office, backup: Path) -> None:
    office.fill()
    assert office.rows()["sesiones"]

    result = office.does("restore", str(backup), "--replace")

    assert office.rows()["sesiones"] == []
    assert "Everybody has to sign in again." in result.stdout
    assert not any("sesiones" in name for name in zipfile.ZipFile(backup).namelist())


def test_new_rows_are_numbered_after_the_restored_ones(office: Office, backup: Path) -> None:
    highest = max(row[0] for row in office_rows(office, backup)["respuestas_rapidas"])

    assert add_quick_reply(office) == highest + 1


def test_every_sequence_goes_on_after_the_restored_rows(postgresql_office: Office, backup: Path) -> None:
    rows = office_rows(postgresql_office, backup)

    for table in Base.metadata.sorted_tables:
        if (column := table.autoincrement_column) is not None and table.info.get("backup") != "left out":
            highest = max(row[list(table.columns).index(column)] for row in rows[table.name])
            with postgresql_office.writing() as connection:
                sequence = func.pg_get_serial_sequence(table.name, column.name)
                assert connection.scalar(select(func.nextval(sequence))) == highest + 1, table.name


def test_what_was_empty_is_numbered_from_one(
    office: Office, sqlite_office: Callable[[], Office], tmp_path: Path
) -> None:
    empty = tmp_path / "empty.zip"
    sqlite_office().does("backup", str(empty))

    office.does("restore", str(empty))

    assert add_quick_reply(office) == 1


def office_rows(office: Office, backup: Path) -> Rows:
    """Restore `backup` and return what is there then."""
    office.does("restore", str(backup))
    return office.rows()


def add_quick_reply(office: Office) -> int:
    with office.writing() as connection:
        made = connection.execute(insert(QuickReply).values(body="Hola", created_at=utcnow())).inserted_primary_key
    assert made is not None
    return int(made[0])


def test_a_backup_is_one_moment_however_long_it_takes(office: Office, sqlite_office: Callable[[], Office]) -> None:
    office.fill()
    before = office.rows()
    file, seen = io.BytesIO(), []

    def work_meanwhile(what: str, _done: int, _total: int) -> None:
        seen.append(what)
        if what == "Backing up usuarios" and seen.count(what) == 1:
            with office.writing() as connection:
                connection.execute(delete(QuickReply))
                connection.execute(update(User).values(name="Otra"))

    with office.app.app_context():
        manifest = actions.back_up(file, work_meanwhile)
    other = sqlite_office()
    other.does("restore", "-", typed=file.getvalue())

    assert names(office) == {"Otra"}
    assert kept(other.rows()) == kept(before)
    assert manifest.rows == sum(len(rows) for rows in kept(before).values())


def names_of(backup: Path) -> list[str]:
    """Return the names of the people in a backup, in its order."""
    with zipfile.ZipFile(backup) as archive:
        return [json.loads(line)[2] for line in archive.read("usuarios.jsonl").splitlines()]


def names(office: Office) -> set[str]:
    with office.engine.connect() as connection:
        return set(connection.scalars(select(User.name)))


def test_a_restore_may_replace_what_is_there(office: Office, full: Office, backup: Path) -> None:
    office.fill()
    with office.writing() as connection:
        connection.execute(update(User).values(name="Otra"))

    office.does("restore", str(backup), "--replace")

    assert kept(office.rows()) == kept(full.rows())
