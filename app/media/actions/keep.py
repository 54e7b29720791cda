"""Keeping a file whose bytes are all here: looked into, measured, and put where files are kept."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from app.extensions import utcnow, writing
from app.media import contents, pictures
from app.media.actions import stores
from app.media.errors import refused
from app.media.models import File
from app.media.names import clean_name
from app.media.rules import find_refusal


@dataclass(frozen=True)
class Known:
    """What a file's own bytes say of it."""

    content_type: str
    sha256: str
    width: int | None
    height: int | None


def examine(data: bytes, claimed: str = "") -> Known:
    """Return what is known of `data`; what a stranger `claimed` of its type counts only where its bytes allow it."""
    content_type = contents.detect(data, claimed)
    size = pictures.measure(data) if content_type in pictures.READ else None
    return Known(content_type, sha256(data).hexdigest(), *(size or (None, None)))


def describe(file: File, known: Known, size: int) -> None:
    """Write into `file` what is known of it."""
    file.content_type, file.sha256, file.size = known.content_type, known.sha256, size
    file.width, file.height = known.width, known.height
    file.filename = clean_name(file.filename, known.content_type)


def _store(file: File, data: bytes) -> File:
    """Store `file`, put its bytes into their place, and then say that it is whole. Raises StoreError.

    The row says where before anything is there, so that what is cut short is found, and taken away.
    """
    with writing() as session:
        session.add(file)
        session.flush()
        file.store, file.storage_key = stores.new_place(file.id)
        store, key = stores.place_of(file)
    store.write(key, data)
    with writing() as session:
        file = session.get_one(File, file.id)
        file.finished_at = utcnow()
    return file


def keep(data: bytes, filename: str = "", claimed: str = "", known: Known | None = None) -> File:
    """Keep `data` under the name it came with. Raises StoreError."""
    known = known or examine(data, claimed)
    file = File(filename=filename)
    describe(file, known, len(data))
    return _store(file, data)


def keep_outgoing(data: bytes, filename: str, user_id: int) -> File:
    """Keep what `user_id` is going to send. Raises UnsupportedType or TooLarge, or Invalid when it is empty."""
    if refusal := find_refusal("", len(data)):
        raise refused(refusal)
    known = examine(data)
    if refusal := find_refusal(known.content_type, len(data)):
        raise refused(refusal)
    file = File(filename=filename, uploaded_by_id=user_id)
    describe(file, known, len(data))
    return _store(file, data)
