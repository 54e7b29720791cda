"""Once a day: files that belong to no message go, and files of messages that nobody fetches any more are asked for."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, and_, cast, delete, literal, or_, select

from app.extensions import db, utcnow, writing
from app.jobs.models import Job
from app.media.actions import stores
from app.media.models import File
from app.media.store import StoreError
from app.whatsapp.attachments.actions.queue import FETCH, want
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.models import Media

log = logging.getLogger(__name__)

SWEEP = "media.sweep"
# Whoever uploads a file sends it within this time, or uploads it again.
KEPT_FOR = timedelta(days=1)
_AT_ONCE = 100
_MOST_FORGOTTEN = 1000


def _is_nobodys() -> ColumnElement[bool]:
    return ~select(Media.id).where(or_(Media.file_id == File.id, Media.thumbnail_id == File.id)).exists()


def _take_from_use(before: datetime, after_id: int) -> list[int]:
    """Let nobody send the next files that belong to no message, and return their ids.

    Under the lock of the change sequence, which whoever sends one takes first: none of these is being sent.
    """
    old = (File.id > after_id, File.created_at < before)
    taken: list[int] = []
    with changing() as (session, _change):
        files = session.scalars(select(File).where(*old, _is_nobodys()).order_by(File.id).limit(_AT_ONCE)).all()
        if not files:
            raise Unchanged
        for file in files:
            file.finished_at = None
            taken.append(file.id)
    return taken


def _remove(file_id: int) -> bool:
    """Take away a file's bytes and then its row, so that one whose bytes are still somewhere is found again."""
    file = db.session.get(File, file_id, populate_existing=True)
    if file is None:
        return False
    db.session.commit()  # Nothing stays open while a bucket answers.
    try:
        if file.store != "database":  # There the parts go with their row.
            store, key = stores.place_of(file)
            store.delete(key)
    except StoreError as error:
        log.warning("Unneeded file not deleted", extra={"file_id": file_id, "why": error.why})
        return False
    with writing() as session:
        session.execute(delete(File).where(File.id == file_id, File.finished_at.is_(None)))
    return True


def sweep() -> int:
    """Take away what was uploaded more than a day ago and never sent, and what no message has; return how many."""
    before, last, taken = utcnow() - KEPT_FOR, 0, 0
    while found := _take_from_use(before, last):
        taken += sum(map(_remove, found))
        last = found[-1]
    return taken


def want_forgotten() -> int:
    """Have those files of messages fetched that wait for it and have no work that goes on; return how many.

    Such are the files of messages that an older Coordina stored, which fetched none, and those whose work was given up
    by a process that ended before it could say so.
    """
    key = literal(f"{FETCH}:") + cast(Media.id, String)
    waits = and_(Media.state == "remote", Media.url != "", Media.file_id.is_(None))
    with writing() as session:
        works = select(Job.id).where(Job.key == key, Job.failed_at.is_(None))
        forgotten = select(Media).where(waits, ~works.exists())
        found = session.scalars(forgotten.order_by(Media.id.desc()).limit(_MOST_FORGOTTEN)).all()
        for media in found:
            media.attempts = 0
            want(session, media)
        return len(found)
