"""Where a file's bytes are, and the one of the two places that is the database itself."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from flask import current_app
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.extensions import db, writing
from app.media.models import File, FilePart
from app.media.store import Store, StoreError

# Small enough that the database's driver never holds much, and twelve of them are one part of an upload.
PART = 256 * 1024
_AT_ONCE = 4  # Parts to a transaction or a query: a megabyte, after which others have their turn.


def put_parts(session: Session, file_id: int, first: int, data: bytes) -> None:
    """Put `data` into a file's parts from number `first` on, in place of what was there."""
    rows = [
        {"file_id": file_id, "position": first + at // PART, "data": data[at : at + PART]}
        for at in range(0, len(data), PART)
    ]
    positions = (FilePart.position >= first, FilePart.position < first + max(len(rows), 1))
    session.execute(delete(FilePart).where(FilePart.file_id == file_id, *positions))
    if rows:
        session.execute(insert(FilePart), rows)


class DatabaseStore:
    """Files in parts, each under the id of its row."""

    def write(self, key: str, data: bytes) -> None:
        """Keep `data`, a megabyte to a transaction: whoever else writes need not wait for all of it."""
        for at in range(0, max(len(data), 1), PART * _AT_ONCE):
            with writing() as session:
                put_parts(session, int(key), at // PART, data[at : at + PART * _AT_ONCE])

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `end`. No connection is held while the caller sends them on."""
        for first in range(start // PART, -(-end // PART), _AT_ONCE):
            numbers = FilePart.position.between(first, min(first + _AT_ONCE, -(-end // PART)) - 1)
            parts = select(FilePart.data).where(FilePart.file_id == int(key), numbers).order_by(FilePart.position)
            data = b"".join(db.session.scalars(parts))
            db.session.commit()
            begins = first * PART
            piece = data[max(start - begins, 0) : end - begins]
            if len(piece) != min(end, begins + PART * _AT_ONCE) - max(start, begins):
                raise StoreError("The database does not have the whole file.")
            yield piece

    def delete(self, key: str) -> None:
        """Forget the parts of a file."""
        with writing() as session:
            session.execute(delete(FilePart).where(FilePart.file_id == int(key)))


def _bucket() -> Store | None:
    bucket: Store | None = current_app.extensions.get("media_bucket")
    return bucket


def new_place(file_id: int) -> tuple[str, str]:
    """Return the name of the store that a new file goes to, and its key there, which nobody can guess.

    In the database the file's own id is its key, so there is none to remember.
    """
    return ("database", "") if _bucket() is None else ("s3", f"{file_id}-{secrets.token_hex(16)}")


def place_of(file: File) -> tuple[Store, str]:
    """Return the store that `file` is in, and its key. Raises StoreError where the settings do not name its bucket."""
    if file.store == "database":
        return DatabaseStore(), str(file.id)
    bucket = _bucket()
    if bucket is None:
        raise StoreError("A file is in a bucket, and MEDIA_S3_BUCKET is not set.")
    return bucket, file.storage_key


def read(file: File, start: int, end: int) -> Iterator[bytes]:
    """Yield a file's bytes from `start` up to `end`, wherever they are. Raises StoreError."""
    store, key = place_of(file)
    return store.read(key, start, end)
