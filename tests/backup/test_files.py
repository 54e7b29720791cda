"""Files travel with a backup where the database keeps them, and their addresses where a bucket does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.extensions import db, writing
from app.media.actions import stores
from app.media.actions.keep import keep
from app.media.models import File, FilePart
from tests.backup.office import Office

pytestmark = pytest.mark.enable_socket
FILM = bytes(range(256)) * 12_000


def test_files_of_the_database_are_in_a_backup_byte_for_byte(
    sqlite_office: Callable[[], Office], office: Office, tmp_path: Path
) -> None:
    source, path = sqlite_office(), str(tmp_path / "files.zip")
    with source.app.app_context():
        file = keep(FILM, "fiesta.mp4", "video/mp4")
    source.does("backup", path)

    office.does("restore", path)

    with office.app.app_context():
        restored = db.session.get_one(File, file.id)
        assert (restored.filename, restored.size, restored.sha256) == (file.filename, len(FILM), file.sha256)
        assert b"".join(stores.read(restored, 0, restored.size)) == FILM
        assert keep(b"otro").id > restored.id


def test_of_files_in_a_bucket_a_backup_has_where_they_are(
    sqlite_office: Callable[[], Office], office: Office, tmp_path: Path
) -> None:
    source, path = sqlite_office(), str(tmp_path / "files.zip")
    with source.app.app_context(), writing() as session:
        session.add(File(id=7, filename="fiesta.mp4", size=9, store="s3", storage_key="7-abc"))
    source.does("backup", path)

    office.does("restore", path)

    with office.app.app_context():
        assert db.session.get_one(File, 7).storage_key == "7-abc"
        assert db.session.scalar(select(func.count()).select_from(FilePart)) == 0
