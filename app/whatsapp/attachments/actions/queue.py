"""Work for the files of a message, stored in the transaction that stores the message. Nothing here commits."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.jobs.actions import enqueue
from app.media.models import File
from app.media.pictures import wants_small
from app.whatsapp.models import Media, Message

FETCH, SHRINK = "media.fetch", "media.shrink"


def want(session: Session, media: Media) -> None:
    """Have a file fetched from where Twilio keeps it; what was tried before does not count."""
    enqueue(session, FETCH, {"media_id": media.id}, key=f"{FETCH}:{media.id}", afresh=True)


def want_all(session: Session, message: Message) -> None:
    """Have each file of a stored `message` fetched that Twilio keeps and we have not."""
    for media in message.media:
        if media.url and media.state == "remote":
            want(session, media)


def is_shown_small(message_type: str, file: File) -> bool:
    """Tell whether a thread shows a small picture of `file`; a sticker is shown as it is, since it may move."""
    return message_type != "sticker" and wants_small(file.content_type, file.width, file.height)


def want_small(session: Session, message: Message, media: Media, file: File) -> None:
    """Have a small picture made of a large one."""
    if is_shown_small(message.type, file):
        enqueue(session, SHRINK, {"media_id": media.id}, key=f"{SHRINK}:{media.id}")
