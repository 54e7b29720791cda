"""Making a client's message of any kind, with a sample file where the kind has one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from simulator.kinds import MESSAGE_TYPES, Given, details_of, said
from simulator.records import Client, Media, Message, new_sid, utcnow
from simulator.state import World

FILES = Path(__file__).parent / "media"
SAMPLE_FILES = {
    "image": ("photo.jpg", "image/jpeg"),
    "audio": ("voice.ogg", "audio/ogg"),
    "song": ("song.mp3", "audio/mpeg"),
    "video": ("video.mp4", "video/mp4"),
    "document": ("playlist.pdf", "application/pdf"),
    "sticker": ("sticker.webp", "image/webp"),
    "contacts": ("contact.vcf", "text/vcard"),
}
# A client's gallery: the n-th photo of several is another one.
PHOTOS = ("photo.jpg", "photo-tall.jpg", "photo-square.jpg", "photo-wide.jpg")


class BadMessage(ValueError):
    """The description of a message cannot be used; the text says why."""


def compose(world: World, client: Client, given: Given) -> Message:
    """Make the message that `given` describes; see `POST /control/clients/{phone}/messages` for its members.

    Raises BadMessage when a member has the wrong form.
    """
    kind = str(given.get("type") or "text")
    media = _media(kind, given)
    sid = str(given.get("sid") or new_sid("MM" if media else "SM"))
    moment = _moment(given.get("minutes_ago"))
    quoted = str(given["reply_to"]) if given.get("reply_to") else None
    return Message(
        sid=sid,
        direction="inbound",
        sender=client.address,
        recipient=world.settings.address,
        body=_body(kind, given, media),
        status="received",
        created_at=moment,
        sent_at=moment,
        kind=MESSAGE_TYPES.get(kind, kind),
        media=[media] if media else [],
        details=_details(world, kind, given, quoted),
        reply_to=quoted,
    )


def _moment(minutes_ago: object) -> datetime:
    if minutes_ago is None:
        return utcnow()
    if not isinstance(minutes_ago, int | float):
        raise BadMessage("minutes_ago must be a number.")
    return utcnow() - timedelta(minutes=minutes_ago)


def _body(kind: str, given: Given, media: Media | None) -> str:
    """Return the Body as Twilio fills it: a document's file name, what was chosen, a reaction's emoji, the caption."""
    if kind == "document" and media:
        return media.file_name or ""
    if kind in ("button", "list", "reaction"):
        return said(given)
    return str(given.get("body") or "")


def _media(kind: str, given: Given) -> Media | None:
    sample = SAMPLE_FILES.get(kind)
    if sample is None and not given.get("data") and not given.get("content_type"):
        return None
    name, content_type = sample or ("file.bin", "application/octet-stream")
    photo = given.get("photo")
    if kind == "image" and isinstance(photo, int):
        name = PHOTOS[photo % len(PHOTOS)]
    return Media(
        sid=str(given.get("media_sid") or new_sid("ME")),
        content_type=str(given.get("content_type") or content_type),
        data=_data(name if sample else None, given),
        file_name=str(given.get("file_name") or name),
    )


def _data(sample_name: str | None, given: Given) -> bytes:
    if not given.get("data"):
        return (FILES / sample_name).read_bytes() if sample_name else b""
    try:
        return base64.b64decode(str(given["data"]), validate=True)
    except binascii.Error as problem:
        raise BadMessage("data must be base64.") from problem


def _details(world: World, kind: str, given: Given, quoted: str | None) -> dict[str, str]:
    details = details_of(kind, given)
    if quoted:
        original = world.messages.get(quoted)
        sender = original.sender if original else world.settings.address
        details.update(OriginalRepliedMessageSid=quoted, OriginalRepliedMessageSender=sender)
    if quoted or given.get("forwarded"):
        often = "true" if given.get("forwarded") == "often" else "false"
        details.update(Forwarded="true" if given.get("forwarded") else "false", FrequentlyForwarded=often)
    extra = given.get("extra")
    if isinstance(extra, Mapping):
        details.update((str(name), str(value)) for name, value in extra.items())
    return details
