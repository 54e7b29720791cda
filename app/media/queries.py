"""What media reads."""

from __future__ import annotations

from sqlalchemy import func, select

from app.errors import NotFound
from app.extensions import LARGEST_ID, db
from app.media.models import File, FilePart


def find_file(file_id: int) -> File | None:
    """Return a file that is here whole."""
    file = db.session.get(File, file_id) if 0 < file_id <= LARGEST_ID else None
    return file if file is not None and file.finished_at is not None else None


def get_file(file_id: int) -> File:
    """Return a file that is here whole. Raises NotFound."""
    file = find_file(file_id)
    if file is None:
        raise NotFound
    return file


def get_upload(file_id: int, user_id: int) -> File:
    """Return what `user_id` is uploading, or uploaded. Raises NotFound."""
    file = db.session.get(File, file_id) if 0 < file_id <= LARGEST_ID else None
    if file is None or file.uploaded_by_id != user_id:
        raise NotFound
    return file


def stored_size(file_id: int) -> int:
    """Return how many bytes of a file the database has."""
    total = select(func.coalesce(func.sum(func.length(FilePart.data)), 0)).where(FilePart.file_id == file_id)
    return int(db.session.scalars(total).one())
