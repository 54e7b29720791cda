"""The files of messages: fetched, tied to their message, made small, or said to have failed; asked for once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.extensions import LARGEST_ID, db, writing
from app.media.models import File
from app.whatsapp.actions.conversation import fold_message
from app.whatsapp.attachments.actions.queue import is_shown_small, want, want_small
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.models import Media, Message

# The pauses between tries double from two seconds on. The last one comes more than an hour after the first.
MOST_TRIES = 12
# Half a minute; after that people are told that it is not here, and the tries go on.
_TOLD_AFTER = 5
# A process that ends while it makes a small picture, for want of memory, keeps the large one back no longer.
_MOST_WITH_SMALL = 2
# What Twilio itself does not have after eight minutes will not come by itself.
_MOST_MISSES = 9


@dataclass(frozen=True)
class RemoteFile:
    """A file to fetch: where it is, what it was called and claimed to be, and which try this is, from 1."""

    media_id: int
    message_type: str
    url: str
    filename: str
    claimed_type: str
    tries: int

    @property
    def one_too_many(self) -> bool:
        """Tell whether whatever ended the tries before this one did not get to say that they were all."""
        return self.tries > MOST_TRIES

    def takes_small(self, file: File) -> bool:
        """Tell whether a small picture is to be tied to the message together with `file`; else it may follow."""
        return self.tries <= _MOST_WITH_SMALL and is_shown_small(self.message_type, file)


def begin(media_id: int) -> RemoteFile | None:
    """Count one more try, and return what to fetch; None when there is nothing to fetch any more."""
    with writing() as session:
        media = session.get(Media, media_id)
        if media is None or not media.url or media.file_id is not None:
            return None
        media.attempts += 1
        message = session.get_one(Message, media.message_id)
        return RemoteFile(media_id, message.type, media.url, media.filename, media.content_type, media.attempts)


def _show_again(session: Session, media: Media, change: int) -> Message:
    """Give the message of `media` a new number, so that open threads show what became of it."""
    message = session.get_one(Message, media.message_id)
    message.change = change
    return message


def attach(media_id: int, file_id: int, details: dict[str, Any] | None, small_id: int | None = None) -> None:
    """Tie a kept file to its message, and its small picture where that is made, unless another try was faster."""
    with changing() as (session, change):
        media = session.get(Media, media_id)
        if media is None or media.file_id is not None:
            raise Unchanged
        file = session.get_one(File, file_id)
        media.file, media.state, media.error, media.details = file, "stored", "", details
        media.content_type, media.size, media.thumbnail_id = file.content_type, file.size, small_id
        media.filename = file.filename if media.filename else ""
        message = _show_again(session, media, change)
        fold_message(message)
        session.flush()
        if small_id is None:
            want_small(session, message, media, file)


def fail(media_id: int, reason: str) -> None:
    """Say why a file is not here; said again, it changes nothing."""
    with changing() as (session, change):
        media = session.get(Media, media_id)
        if media is None or media.file_id is not None or (media.state, media.error) == ("failed", reason):
            raise Unchanged
        media.state, media.error = "failed", reason
        _show_again(session, media, change)


def note_failure(fetch: RemoteFile, reason: str, *, lasting: bool) -> bool:
    """Write down, once it lasts, that a try failed; return whether another one may help."""
    over = lasting or fetch.tries >= (_MOST_MISSES if reason == "gone" else MOST_TRIES)
    if over or fetch.tries >= _TOLD_AFTER:
        fail(fetch.media_id, reason if over else "unreachable")
    return not over


def ask_again(media_id: int) -> int:
    """Have a file fetched once more, from the beginning; return whose conversation it is of. Raises NotFound."""
    if not 0 < media_id <= LARGEST_ID:
        raise NotFound
    with changing() as (session, change):
        media = session.get(Media, media_id)
        if media is None:
            raise NotFound
        message = session.get_one(Message, media.message_id)
        if media.url and media.file_id is None and media.state != "remote":
            media.state, media.error, media.attempts = "remote", "", 0
            message.change = change
            want(session, media)
        return message.conversation_id


def attach_small(media_id: int, file_id: int) -> None:
    """Tie a small picture to its message."""
    with changing() as (session, change):
        media = session.get(Media, media_id)
        if media is None or media.thumbnail_id is not None:
            raise Unchanged
        media.thumbnail_id = file_id
        _show_again(session, media, change)


def find_large(media_id: int) -> tuple[File, int | None] | None:
    """Return the file that wants a small picture, and that one's id where the same file was sent before."""
    media = db.session.get(Media, media_id, populate_existing=True)
    if media is None or media.file is None or media.thumbnail_id is not None:
        return None
    made = select(Media.thumbnail_id).where(Media.file_id == media.file_id, Media.thumbnail_id.is_not(None))
    return media.file, db.session.scalar(made.limit(1))
