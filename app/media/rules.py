"""What WhatsApp takes of files and how large, and which of them a browser may show by itself."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import format_decimal
from flask_babel import gettext as _

MB = 1_000_000
# Of a whole message (Twilio's "Accepted content types for media", 2026). They say MB and not MiB: the smaller is safe.
LARGEST = 16 * MB


@dataclass(frozen=True)
class Taken:
    """What kind of message a content type becomes, how large it may be in bytes, and what its files are called."""

    kind: str
    largest: int
    extension: str


_OFFICE = "application/vnd.openxmlformats-officedocument."
# Twilio's "Guidance on WhatsApp Media Messages" (2026): ogg only with opus, mp4 only with H.264 and AAC, webp only as a
# sticker. WhatsApp itself takes 500 KB of an animated sticker.
WHATSAPP_TYPES = {
    "image/jpeg": Taken("image", 5 * MB, "jpg"),
    "image/png": Taken("image", 5 * MB, "png"),
    "image/webp": Taken("sticker", MB // 2, "webp"),
    "video/mp4": Taken("video", LARGEST, "mp4"),
    "audio/ogg": Taken("audio", LARGEST, "ogg"),
    "audio/mpeg": Taken("audio", LARGEST, "mp3"),
    "audio/aac": Taken("audio", LARGEST, "aac"),
    "audio/amr": Taken("audio", LARGEST, "amr"),
    "audio/3gpp": Taken("audio", LARGEST, "3gp"),
    "application/pdf": Taken("document", LARGEST, "pdf"),
    "application/msword": Taken("document", LARGEST, "doc"),
    f"{_OFFICE}wordprocessingml.document": Taken("document", LARGEST, "docx"),
    f"{_OFFICE}spreadsheetml.sheet": Taken("document", LARGEST, "xlsx"),
    f"{_OFFICE}presentationml.presentation": Taken("document", LARGEST, "pptx"),
    "text/vcard": Taken("contact", LARGEST, "vcf"),
}
# What comes in may be more than may go out.
_OTHER_EXTENSIONS = {
    "image/gif": "gif",
    "image/heic": "heic",
    "audio/mp4": "m4a",
    "audio/wav": "wav",
    "video/3gpp": "3gp",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/zip": "zip",
    "text/plain": "txt",
}
# What a browser shows without running anything of it; everything else is for the person's own disk.
SHOWN = frozenset(
    (
        *("image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf", "video/mp4", "video/3gpp"),
        *("audio/ogg", "audio/mpeg", "audio/aac", "audio/amr", "audio/mp4", "audio/3gpp"),
    )
)


def kind_of(content_type: str) -> str:
    """Return image, video, audio, document, sticker or contact: what a file of this type is in a chat."""
    taken = WHATSAPP_TYPES.get(content_type)
    family = content_type.split("/")[0]
    return taken.kind if taken else family if family in ("image", "video", "audio") else "document"


def extension_of(content_type: str) -> str:
    """Return what names of files of this type end in, without a dot."""
    taken = WHATSAPP_TYPES.get(content_type)
    return taken.extension if taken else _OTHER_EXTENSIONS.get(content_type, "bin")


def _too_large(size: int, largest: int) -> str:
    sizes = {"size": format_decimal(round(size / MB, 1)), "limit": format_decimal(round(largest / MB, 1))}
    return str(_("Pesa %(size)s MB y WhatsApp acepta hasta %(limit)s MB. Achicalo y probá de nuevo.", **sizes))


def find_refusal(content_type: str, size: int) -> tuple[str, str] | None:
    """Return why WhatsApp would not take a file of `size` bytes, as a code and a sentence, or None when it would.

    Without a `content_type`, only what no type may be is refused.
    """
    if size <= 0:
        return "invalid", _("Ese archivo está vacío.")
    taken = WHATSAPP_TYPES.get(content_type)
    if content_type and taken is None:
        return "unsupported_type", _(
            "WhatsApp no acepta ese tipo de archivo. Mandá una foto JPG o PNG, un video MP4, un audio, un PDF o un "
            "documento de Office."
        )
    largest = taken.largest if taken else LARGEST
    return ("too_large", _too_large(size, largest)) if size > largest else None


def refusal_of(content_type: str, size: int) -> str | None:
    """Return the sentence that says why WhatsApp would not take a file of `size` bytes, or None when it would."""
    refusal = find_refusal(content_type, size)
    return refusal[1] if refusal else None
