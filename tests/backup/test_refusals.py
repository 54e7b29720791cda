"""What cannot be backed up or restored is said in one sentence, and the database stays as it was."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, delete, exc, func, insert, select, text, update

from app.auth.models import User
from app.backup import actions
from app.backup.archive import BackupError
from app.extensions import utcnow
from app.whatsapp.inbox.snippet_queries import QuickReply
from app.whatsapp.models import Message
from config import parse_database_url
from tests.backup.conftest import running
from tests.backup.office import Office

pytestmark = pytest.mark.enable_socket
DAMAGED = "The backup is damaged or cut short"


def rewritten(backup: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """Return a copy of `backup` whose members went through `change`; the zip itself is sound."""
    copy = backup.with_name("changed.zip")
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return copy


def with_manifest(backup: Path, **changes: Any) -> Path:
    def change(name: str, content: bytes) -> bytes:
        return json.dumps(json.loads(content) | changes).encode() if name == "manifest.json" else content

    return rewritten(backup, change)


# The file


def test_a_file_that_is_not_there(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "nothing.zip"

    assert office.refuses("restore", str(path)) == f"There is no file {path}."


def test_a_folder_is_no_file(office: Office, tmp_path: Path) -> None:
    assert office.refuses("restore", str(tmp_path)) == f"{tmp_path} cannot be read: Is a directory."
    assert office.refuses("backup", str(tmp_path)) == f"{tmp_path} is a folder: say the name of a file."


def test_a_folder_that_is_not_there(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "x.zip"

    assert office.refuses("backup", str(path)) == f"{path} cannot be written: No such file or directory."


@pytest.mark.parametrize(
    "content", [b"", b"P", b"hola\n" * 100, b"SQLite format 3\x00" * 50], ids=["0", "1", "text", "db"]
)
def test_what_is_no_zip_is_not_a_backup(office: Office, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)

    assert office.refuses("restore", str(path)) == "That is not a backup that `flask backup` made."


@pytest.mark.parametrize("manifest", [None, b"[]", b'{"format": "another"}'])
def test_a_zip_of_something_else_is_not_a_backup(office: Office, tmp_path: Path, manifest: bytes | None) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.jpg", b"...")
        if manifest is not None:
            archive.writestr("manifest.json", manifest)

    assert office.refuses("restore", str(path)) == "That is not a backup that `flask backup` made."


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.99])
def test_a_backup_that_was_cut_short(office: Office, backup: Path, share: float) -> None:
    whole = backup.read_bytes()
    backup.write_bytes(whole[: int(len(whole) * share)])

    assert office.refuses("restore", str(backup)).startswith(DAMAGED)


def test_rows_that_are_not_those_that_were_written_are_named(office: Office, backup: Path) -> None:
    def change(name: str, content: bytes) -> bytes:
        return content.replace(b"2", b"3", 1) if name == "whatsapp_mensajes.jsonl" else content

    sentence = office.refuses("restore", str(rewritten(backup, change)))

    assert sentence.startswith(f"{DAMAGED} (the rows of whatsapp_mensajes are not those that were written)")


@pytest.mark.parametrize("missing", ["usuarios.jsonl", "whatsapp_medios.jsonl"])
def test_a_backup_without_one_of_its_tables(office: Office, backup: Path, missing: str) -> None:
    copy = backup.with_name("less.zip")
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != missing:
                new.writestr(name, old.read(name))

    assert office.refuses("restore", str(copy)).startswith(DAMAGED)


@pytest.mark.parametrize("tables", [[], {}, [{}], [{"name": "usuarios"}], [1], 5])
def test_half_a_manifest(office: Office, backup: Path, tables: Any) -> None:
    sentence = office.refuses("restore", str(with_manifest(backup, tables=tables)))

    assert sentence.startswith((DAMAGED, "The backup has other tables"))


def test_a_format_that_this_coordina_does_not_know(office: Office, backup: Path) -> None:
    sentence = office.refuses("restore", str(with_manifest(backup, version=2)))

    assert sentence == (
        "The backup has format 2 and this Coordina reads format 1: restore it with the Coordina that made it."
    )


# The revision


def test_a_backup_of_an_older_revision(office: Office, backup: Path) -> None:
    sentence = office.refuses("restore", str(with_manifest(backup, revision="0000")))

    assert sentence.startswith("The backup is of revision 0000 and this Coordina of 0")
    assert "with the Coordina that made it, then come back to this one and run `flask db upgrade`." in sentence


def test_a_backup_of_a_newer_revision(office: Office, backup: Path) -> None:
    sentence = office.refuses("restore", str(with_manifest(backup, revision="9999")))

    assert sentence.startswith("The backup is of revision 9999 and this Coordina of 0")
    assert sentence.endswith("upgrade Coordina and run `flask db upgrade` first.")


@pytest.mark.parametrize("gone", ["column", "table"])
def test_a_backup_with_other_tables(office: Office, backup: Path, gone: str) -> None:
    tables = json.loads(zipfile.ZipFile(backup).read("manifest.json"))["tables"]
    if gone == "table":
        tables.pop()
    else:
        tables[-1]["columns"].pop()

    sentence = office.refuses("restore", str(with_manifest(backup, tables=tables)))

    assert sentence == "The backup has other tables than this Coordina: restore it with the Coordina that made it."


# The database


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_database_that_was_never_migrated(backup: Path, tmp_path: Path, command: str) -> None:
    with running(f"sqlite:///{tmp_path / 'new.db'}") as app:
        file = str(backup) if command == "restore" else str(tmp_path / "new.zip")
        result = app.test_cli_runner().invoke(args=[command, file])

    assert result.exit_code == 1
    assert result.stderr == "Error: The database has no tables of Coordina yet: run `flask db upgrade` first.\n"
    assert not (tmp_path / "new.zip").exists()


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_database_of_another_revision(office: Office, backup: Path, command: str) -> None:
    with office.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    file = str(backup) if command == "restore" else str(backup.with_name("other.zip"))

    sentence = office.refuses(command, file)

    assert sentence.startswith("The database is at revision 0000 and this Coordina needs 0")
    assert "run `flask db upgrade` first" in sentence


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_database_that_cannot_be_reached(backup: Path, tmp_path: Path, command: str) -> None:
    with running(parse_database_url("postgresql://nadie:secreta@127.0.0.1:9/coordina")) as app:
        file = str(backup) if command == "restore" else str(tmp_path / "new.zip")
        result = app.test_cli_runner().invoke(args=[command, file])

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The database failed (")
    assert "check DATABASE_URL and that its server runs" in result.stderr
    assert "secreta" not in result.output
    assert result.stderr.count("\n") == 1


def test_a_database_with_rows_is_named_and_counted(office: Office, backup: Path) -> None:
    office.fill()
    with office.writing() as connection:
        connection.execute(delete(Message))

    sentence = office.refuses("restore", str(backup))

    assert sentence.startswith("The database is not empty (")
    assert "usuarios 3" in sentence
    assert "whatsapp_mensajes" not in sentence
    assert sentence.endswith("restore into a new one, or say --replace, which deletes all that is in it now.")


def test_who_begins_to_work_during_the_check_loses_nothing(office: Office, backup: Path) -> None:
    def work(what: str, _done: int, _total: int) -> None:
        if what == "Checking usuarios":
            with office.writing() as connection:
                connection.execute(insert(QuickReply).values(body="Ya voy", created_at=utcnow()))

    with (
        office.app.app_context(),
        backup.open("rb") as file,
        pytest.raises(BackupError, match=r"not empty \(respuestas_rapidas 1 rows\)"),
    ):
        actions.restore(file, work, replace=False)

    assert [row[1] for row in office.rows()["respuestas_rapidas"]] == ["Ya voy"]


# Half-way


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("words", ["INSERT INTO usuarios", "INSERT INTO whatsapp_medios"])
def test_a_crash_half_way_leaves_the_database_as_it_was(
    office: Office, backup: Path, error: type[BaseException], words: str
) -> None:
    office.fill()
    with office.writing() as connection:
        connection.execute(update(User).values(name="La de antes"))
    before = office.rows()

    def crash(_statement: str) -> None:
        raise error

    with office.before(words, crash):
        result = office.flask("restore", str(backup), "--replace")

    assert result.exit_code == 1
    assert office.rows() == before
    office.does("restore", str(backup), "--replace")


def test_a_crash_half_way_leaves_the_numbering_as_it_was(postgresql_office: Office, backup: Path) -> None:
    number = select(func.nextval(func.pg_get_serial_sequence("usuarios", "id")))
    with postgresql_office.writing() as connection:
        connection.execute(text("ALTER SEQUENCE usuarios_id_seq RESTART WITH 500"))

    def crash(_statement: str) -> None:
        raise RuntimeError

    with postgresql_office.before("INSERT INTO whatsapp_medios", crash):
        postgresql_office.flask("restore", str(backup), "--replace")

    with postgresql_office.writing() as connection:
        assert connection.scalar(number) == 500


def test_a_lost_connection_is_said_in_a_sentence(postgresql_office: Office, backup: Path) -> None:
    def cut(_statement: str) -> None:
        with postgresql_office.engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    with postgresql_office.before("INSERT INTO whatsapp_medios", cut):
        sentence = postgresql_office.refuses("restore", str(backup))

    assert sentence.startswith("The database failed (")


def test_nobody_writes_meanwhile_and_everybody_reads_what_was_there(postgresql_office: Office, backup: Path) -> None:
    seen: list[Any] = []

    def look(_statement: str) -> None:
        with postgresql_office.engine.connect() as connection:
            seen.append(connection.scalar(select(func.count(User.id))))
            connection.execute(text("SET LOCAL lock_timeout = '10ms'"))
            with pytest.raises(exc.OperationalError, match="lock timeout"):
                connection.execute(insert(QuickReply).values(id=5, body="Hola", created_at=utcnow()))

    with postgresql_office.before("INSERT INTO whatsapp_medios", look):
        postgresql_office.does("restore", str(backup))

    assert seen == [0]


# What the other database does not take


def test_what_postgresql_does_not_take_is_named_and_not_shown(
    full: Office, postgresql_office: Office, tmp_path: Path
) -> None:
    for name, reason in (("una palabra\x00", "NUL"), ("x" * 300, "value too long")):
        with full.writing() as connection:
            connection.execute(update(User).where(User.id == 70).values(name=name))
        full.does("backup", str(tmp_path / "x.zip"), "--force")

        sentence = postgresql_office.refuses("restore", str(tmp_path / "x.zip"))

        assert sentence.startswith("The database does not take the row of usuarios whose id is 70 (")
        assert reason in sentence
        assert sentence.endswith("Nothing was changed.")
        assert "palabra" not in sentence
        assert "xx" not in sentence


def test_a_row_that_points_at_nothing_is_named(full: Office, office: Office, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{full.path}")  # Without foreign keys.
    with engine.begin() as connection:
        connection.execute(update(Message).where(Message.id == 70).values(conversation_id=12345))
    engine.dispose()
    full.does("backup", str(tmp_path / "x.zip"))

    sentence = office.refuses("restore", str(tmp_path / "x.zip"))

    assert sentence.startswith("The database does not take the row of whatsapp_mensajes whose id is 70 (")
    assert "12345" not in sentence


# The file that is there already


def test_a_file_that_is_there_stays_unless_told(full: Office, backup: Path) -> None:
    backup.write_bytes(b"mine")

    sentence = full.refuses("backup", str(backup))

    assert sentence == f"{backup} exists already: choose another name, or say --force to replace it."
    assert backup.read_bytes() == b"mine"
    full.does("backup", str(backup), "--force")
    assert zipfile.is_zipfile(backup)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_crash_leaves_no_half_backup_and_keeps_the_old_one(
    full: Office, backup: Path, error: type[BaseException]
) -> None:
    old = backup.read_bytes()

    def crash(_statement: str) -> None:
        raise error

    with full.before("SELECT whatsapp_medios", crash):
        again = full.flask("backup", str(backup), "--force")
        new = full.flask("backup", str(backup.with_name("new.zip")))

    assert (again.exit_code, new.exit_code) == (1, 1)
    assert backup.read_bytes() == old
    assert [name for name in os.listdir(backup.parent) if "zip" in name] == [backup.name]


def test_only_its_owner_may_read_a_backup(full: Office, backup: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    backup.chmod(0o644)

    full.does("backup", str(backup), "--force")

    assert backup.stat().st_mode & 0o777 == 0o600
