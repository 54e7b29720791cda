"""What a bubble says and shows of a file: its kind, its size, and why it is not here."""

from __future__ import annotations

import re

from flask_babel import format_decimal
from flask_babel import lazy_gettext as _l

from app.media.models import File
from app.whatsapp.models import Media, Message
from app.whatsapp.names import file_name

# What browsers show as a picture and what may stand in a page as one; SVG may not, it is a document that can run.
_PICTURES = {"image/jpeg", "image/png", "image/webp", "image/gif"}


_LARGEST_SHOWN = (300, 340)  # In CSS pixels; what is smaller is shown as it is.


_SMALLEST_SHOWN = 48


_ERRORS = {
    "gone": _l("WhatsApp ya no lo tiene. Pedile que lo mande de nuevo."),
    "too_large": _l("Es demasiado grande para guardarlo acá. Pedile que lo mande más liviano."),
    "refused_type": _l("Es de un tipo que no se puede mostrar. Pedile que lo mande como PDF o foto."),
    "unreachable": _l("No pudimos bajarlo de WhatsApp. Probá de nuevo en un rato."),
    "not_twilio": _l("No vino de WhatsApp, así que no lo bajamos."),
}


_WORTH_RETRYING = ("unreachable", "gone", "")


_FAMILY = {"doc": "text", "docx": "text", "txt": "text", "xls": "sheet", "xlsx": "sheet", "csv": "sheet"} | {
    "ppt": "slides",
    "pptx": "slides",
    "pdf": "pdf",
}


def media_kind(media: Media, message: Message) -> str:
    """Return how a file is shown: image, sticker, audio, video, contact or document."""
    content_type = (media.file.content_type if media.file else media.content_type).split(";")[0].strip().lower()
    family = content_type.split("/")[0]
    if message.type == "contact" or "vcard" in content_type:
        return "contact"
    if message.type == "document":
        return "document"
    if content_type in _PICTURES:
        return "sticker" if message.type == "sticker" else "image"
    if family in ("audio", "video"):
        return family
    # Not fetched yet, and Twilio did not say what it is: what the message says is what will come, as far as we know.
    unnamed = content_type in ("", "application/octet-stream") and media.file is None
    return message.type if unnamed and message.type in ("image", "sticker", "audio", "video") else "document"


def media_state(media: Media) -> str:
    """Return remote, stored or failed; one whose file is gone from the store has failed."""
    return "failed" if media.state == "stored" and media.file is None else media.state


def shown_size(file: File | None, kind: str = "image") -> tuple[int, int]:
    """Return width and height in CSS pixels at which a picture stands in a bubble, its proportions kept.

    What nobody has measured gets the room that most pictures need, so that nothing jumps much when it comes.
    """
    if kind == "sticker":
        return 140, 140
    if file is None or not file.width or not file.height:
        return 300, 200
    scale = min(_LARGEST_SHOWN[0] / file.width, _LARGEST_SHOWN[1] / file.height, 1)
    return max(round(file.width * scale), _SMALLEST_SHOWN), max(round(file.height * scale), _SMALLEST_SHOWN)


def media_error(media: Media) -> str:
    """Return why a file is not here and what to do."""
    return str(
        _ERRORS.get(media.error or ("gone" if media.state == "stored" else "unreachable"), _ERRORS["unreachable"])
    )


def may_fetch_again(media: Media) -> bool:
    """Tell whether asking for a file once more can help."""
    return bool(media.url) and media.error in _WORTH_RETRYING


def file_mark(media: Media) -> str:
    """Return the two to four letters by which a kind of file is known, PDF or DOCX; nothing when there are none."""
    ending = file_name(media).rpartition(".")[2] if "." in file_name(media) else ""
    content_type = media.file.content_type if media.file else media.content_type
    found = ending if re.fullmatch(r"[A-Za-z0-9]{2,4}", ending) else content_type.split(";")[0].rpartition("/")[2]
    return found.upper() if re.fullmatch(r"[A-Za-z0-9]{2,4}", found) else ""


def file_family(media: Media) -> str:
    """Return the colour group of a document: pdf, text, sheet, slides or other."""
    return _FAMILY.get(file_mark(media).lower(), "other")


def format_size(size: int | None) -> str:
    """Return a number of bytes as people say it: 940 B, 12 kB, 1,4 MB; nothing when it is not known."""
    if size is None:
        return ""
    for unit, bytes_ in (("MB", 1_000_000), ("kB", 1000)):
        if size >= bytes_:
            figure = size / bytes_
            return f"{format_decimal(round(figure, 1 if figure < 10 else 0))} {unit}"
    return f"{size} B"


def file_size(media: Media) -> str:
    """Return how large a file is, as people say it."""
    return format_size(media.size if media.size is not None else media.file.size if media.file else None)
