"""What `flask backup` and `flask restore` say, and how they are used with pipes and cron."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, select, text

from app.backup import queries
from app.extensions import Base, db, utcnow
from app.whatsapp.inbox.snippet_queries import QuickReply
from config import ROOT, TestConfig
from tests.backup.office import Office, kept

pytestmark = pytest.mark.enable_socket


def test_the_app_has_both_commands(app: Flask) -> None:
    assert {"backup", "restore"} <= set(app.cli.commands)


def test_a_backup_says_what_it_holds_and_where(full: Office, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    count = sum(len(rows) for rows in kept(full.rows()).values())

    result = full.does("backup", str(path))

    assert result.stdout.startswith(f"Backed up {count} rows of ")
    assert f" tables into {path}, revision 0" in result.stdout


def test_both_show_how_far_they_are_on_standard_error(full: Office, office: Office, tmp_path: Path) -> None:
    path = str(tmp_path / "x.zip")

    made, restored = full.does("backup", path), office.does("restore", path)

    assert "\rBacking up usuarios: 3 of 3\n" in made.stderr
    assert "\rChecking usuarios: 3 of 3\n" in restored.stderr
    assert "\rRestoring usuarios: 3 of 3\n" in restored.stderr
    assert restored.stdout.count("\n") == 1


def test_quiet_leaves_standard_error_to_errors(full: Office, office: Office, tmp_path: Path) -> None:
    path = str(tmp_path / "x.zip")

    assert full.does("backup", path, "--quiet").stderr == ""
    assert office.does("restore", path, "--quiet").stderr == ""
    assert office.flask("restore", path, "--quiet").stderr.startswith("Error: The database is not empty")


def test_a_backup_may_go_through_pipes(full: Office, office: Office) -> None:
    made = full.does("backup", "-")

    restored = office.does("restore", "-", typed=made.stdout_bytes)

    assert kept(office.rows()) == kept(full.rows())
    assert "to standard output" in made.stderr
    assert restored.stdout.startswith("Restored ")


def test_a_pipe_with_something_else_is_refused(office: Office) -> None:
    assert office.refuses("restore", "-", typed=b"hola") == "That is not a backup that `flask backup` made."


def test_no_backup_is_thrown_at_a_screen(full: Office) -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"SECRET_KEY": TestConfig().SECRET_KEY, "DATABASE_URL": f"sqlite:///{full.path}"}

    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "backup", "-"],
        cwd=ROOT,
        env=environment,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    os.close(ours)

    assert done.returncode == 1
    assert done.stderr == "Error: A backup is no text for a screen: send it into a file or to a program.\n"


def test_many_rows_go_in_a_few_hundred_at_a_time(
    sqlite_office: Callable[[], Office], office: Office, tmp_path: Path
) -> None:
    full, path, sizes = sqlite_office(), str(tmp_path / "x.zip"), []
    with full.writing() as connection:
        connection.execute(insert(QuickReply), [{"body": f"{n}", "created_at": utcnow()} for n in range(1200)])

    def measure(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.startswith("INSERT INTO respuestas_rapidas"):
            sizes.append(len(parameters) if many else 1)

    event.listen(office.engine, "before_cursor_execute", measure)
    made, restored = full.does("backup", path), office.does("restore", path)

    assert sizes == [500, 500, 200]
    for result, verb in ((made, "Backing up"), (restored, "Restoring")):
        assert f"\r{verb} respuestas_rapidas: 500 of 1200\r{verb} respuestas_rapidas: 1000 of 1200\r" in result.stderr
    with office.app.app_context():
        assert db.session.scalars(select(QuickReply.body).order_by(QuickReply.id)).all() == [
            str(n) for n in range(1200)
        ]
        db.session.remove()


def test_postgresql_hands_out_the_rows_as_they_are_asked_for(postgresql_office: Office) -> None:
    postgresql_office.fill()

    with postgresql_office.app.app_context(), queries.snapshot() as connection:
        rows = queries.rows(connection, Base.metadata.tables["usuarios"])
        next(rows)

        assert connection.scalar(text("SELECT count(*) FROM pg_cursors")) == 1  # What it has not sent yet is there.
        assert len(list(rows)) == 2


def test_requests_never_wait_for_what_only_a_backup_needs(tmp_path: Path) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, wsgi; print(*sys.modules)"],
        cwd=ROOT,
        env=os.environ | {"SECRET_KEY": TestConfig().SECRET_KEY, "DATABASE_URL": f"sqlite:///{tmp_path}/x.db"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert {name for name in loaded if name.startswith("app.backup")} == {"app.backup", "app.backup.cli"}


def test_the_secrets_of_the_environment_are_not_in_it(full: Office, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    full.does("backup", str(path))

    with zipfile.ZipFile(path) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())

    for secret in (TestConfig().SECRET_KEY, TestConfig().TWILIO_AUTH_TOKEN, TestConfig().TWILIO_ACCOUNT_SID):
        assert secret.encode() not in content
