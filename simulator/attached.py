"""The file of a message of the office, as Twilio takes it from the office's address: asked for, weighed, looked at."""

from __future__ import annotations

from simulator.delivery import Fetched, fetch
from simulator.records import Media, Message

MEDIA_LIMIT = 16 * 1024 * 1024
IMAGE_LIMIT = 5 * 1024 * 1024
# What WhatsApp takes (Twilio, "Accepted content types"), the kind it becomes, and how such files begin.
OFFICE = b"PK\x03\x04"
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
TYPES: dict[str, tuple[str, bytes]] = {
    "image/jpeg": ("image", b"\xff\xd8\xff"),
    "image/png": ("image", b"\x89PNG"),
    "image/webp": ("sticker", b"RIFF"),
    "audio/ogg": ("audio", b"OggS"),
    "audio/amr": ("audio", b"#!AMR"),
    "audio/3gpp": ("audio", b""),
    "audio/aac": ("audio", b""),
    "audio/mp4": ("audio", b""),
    "audio/mpeg": ("audio", b""),
    "video/mp4": ("video", b""),
    "video/3gpp": ("video", b""),
    "application/pdf": ("document", b"%PDF"),
    "application/msword": ("document", OLD_OFFICE),
    "application/vnd.ms-excel": ("document", OLD_OFFICE),
    "application/vnd.ms-powerpoint": ("document", OLD_OFFICE),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("document", OFFICE),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("document", OFFICE),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("document", OFFICE),
    "text/vcard": ("contacts", b"BEGIN:VCARD"),
}


def fetch_attached(message: Message) -> int | None:
    """Download what the office attached; return the code that the message fails with, or None when all is well."""
    for media in message.media:
        code = _fetch(media, message) if media.source else None
        if code:
            return code
    return None


def _fetch(media: Media, message: Message) -> int | None:
    """Ask with HEAD first, as Twilio does, and then with GET; what the two say has to agree."""
    head, found = fetch(str(media.source), 0, "HEAD"), fetch(str(media.source), MEDIA_LIMIT)
    if head is None or found is None or head.content_type != found.content_type:
        return 63019
    code = _fault_of(found)
    if code is None:
        media.data, media.content_type, media.file_name = found.data, found.content_type, found.file_name
        message.kind = TYPES[found.content_type][0]
    return code


def _fault_of(found: Fetched) -> int | None:
    if len(found.data) > (IMAGE_LIMIT if found.content_type.startswith("image/") else MEDIA_LIMIT):
        return 63034
    kind = TYPES.get(found.content_type)
    return None if kind and found.data and found.data.startswith(kind[1]) else 63021
