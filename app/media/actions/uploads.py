"""Taking a file in parts, since no host takes a body as large as WhatsApp takes a file."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.errors import Invalid, NotFound
from app.extensions import LARGEST_ID, utcnow, writing
from app.media import queries
from app.media.actions import stores
from app.media.actions.keep import Known, describe, examine
from app.media.errors import Incomplete, refused
from app.media.models import File, FilePart
from app.media.names import seen_name
from app.media.rules import find_refusal

# Vercel takes bodies of 4.5 MB, and MAX_CONTENT_LENGTH is 4 MiB.
UPLOAD_PART = 12 * stores.PART


def begin(filename: str, size: int, user_id: int) -> File:
    """Make way for a file of `size` bytes. Raises TooLarge, or Invalid when it is empty."""
    if refusal := find_refusal("", size):
        raise refused(refusal)
    file = File(filename=seen_name(filename), size=size, uploaded_by_id=user_id)
    with writing() as session:
        session.add(file)
    return file


def put_part(file_id: int, user_id: int, number: int, data: bytes) -> None:
    """Take part `number`, from 0, again if need be. Raises NotFound, or Invalid when it has another length than due."""
    with writing() as session:
        statement = select(File).where(File.id == min(file_id, LARGEST_ID), File.uploaded_by_id == user_id)
        file = session.scalar(statement.with_for_update())
        if file is None or file.finished_at is not None:
            raise NotFound
        due = min(UPLOAD_PART, file.size - number * UPLOAD_PART)
        if due <= 0 or len(data) != due:
            raise Invalid(_("Esa parte del archivo no es la que se esperaba. Probá de nuevo."))
        file.parts_put += 1
        stores.put_parts(session, file_id, number * UPLOAD_PART // stores.PART, data)


def _lock(session: Session, file_id: int, parts_put: int) -> File:
    """Return the file, into which no part can come until this transaction ends. Raises Incomplete if one has since."""
    file = session.get_one(File, file_id, with_for_update=True, populate_existing=True)
    if file.parts_put != parts_put:
        raise Incomplete
    return file


def _look_into(file: File) -> tuple[bytes, Known]:
    if queries.stored_size(file.id) != file.size:
        raise Incomplete
    data = b"".join(stores.DatabaseStore().read(str(file.id), 0, file.size))
    known = examine(data)
    if refusal := find_refusal(known.content_type, len(data)):
        raise refused(refusal)
    return data, known


def finish(file_id: int, user_id: int) -> File:
    """Look into what was uploaded, and keep it. Once more, or twice at once, changes nothing.

    What is kept are the bytes that were looked into: a part that comes meanwhile makes the upload unfinished again.
    Raises NotFound, Incomplete, UnsupportedType or TooLarge.
    """
    file = queries.get_upload(file_id, user_id)
    if file.finished_at is not None:
        return file
    parts_put = file.parts_put
    data, known = _look_into(file)
    with writing() as session:
        file = _lock(session, file_id, parts_put)
        describe(file, known, len(data))
        if not file.storage_key:  # Said before anything is there; a second try writes to the same place.
            file.store, file.storage_key = stores.new_place(file_id)
    if file.store != "database":  # Where it is already, part by part.
        store, key = stores.place_of(file)
        store.write(key, data)
    with writing() as session:
        file = _lock(session, file_id, parts_put)
        if file.store != "database":
            session.execute(delete(FilePart).where(FilePart.file_id == file_id))
        file.finished_at = file.finished_at or utcnow()
    return file
