"""What a bubble says and shows of files, places, cards and what came beside the words; what a search finds there."""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.formats import has_ink
from app.letters import visible
from app.links import is_safe_link
from app.media.models import File
from app.twilio.extras import Referral, find_referral, forwarded, is_coordinate, way_of_choosing
from app.whatsapp.marks import plain_words, render_marks
from app.whatsapp.models import Media, Message

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
_PHONE_LABELS = {"cell": _l("celular"), "work": _l("trabajo"), "home": _l("casa")}
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


def file_name(media: Media) -> str:
    """Return a file's name without what is invisible or turns letters round, or nothing when it has none."""
    name = media.filename or (media.file.filename if media.file else "")
    # Unassigned letters stay: emoji are newer than the tables.
    seen = "".join(letter for letter in visible(name) if unicodedata.category(letter) not in ("Cc", "Cf", "Cs")).strip()
    return seen if has_ink(seen) else ""


def voice_note(media: Media) -> bool:
    """Tell whether an audio was spoken into WhatsApp, which records Opus in Ogg, and not chosen as a file."""
    return "ogg" in media.content_type or not media.content_type


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


def contacts_of(media: Media) -> list[dict[str, Any]]:
    """Return the people of a contact card, as vcards.read_details keeps them."""
    found = (media.details or {}).get("contacts")
    return found if isinstance(found, list) else []


def contact_name(contact: dict[str, Any]) -> str:
    """Return whom a card is of: the name, else the company, else the first phone or address."""
    numbers = [phone["number"] for phone in contact["phones"]]
    called = (contact["name"], contact["org"], *numbers, *contact["emails"])
    return next((str(name) for name in called if has_ink(str(name))), "")


def phone_label(phone: dict[str, str]) -> str:
    """Return which of somebody's phones this is, or nothing."""
    return str(_PHONE_LABELS.get(phone["label"], ""))


def map_url(location: dict[str, Any]) -> str:
    """Return where a place is shown on a map, or nothing when it is not on this earth."""
    latitude, longitude = str(location.get("latitude", "")), str(location.get("longitude", ""))
    if not is_coordinate(latitude, 90) or not is_coordinate(longitude, 180):
        return ""
    query = urlencode({"mlat": latitude.strip(), "mlon": longitude.strip()})
    return f"https://www.openstreetmap.org/?{query}#map=16/{float(latitude)}/{float(longitude)}"


def coordinates(location: dict[str, Any]) -> str:
    """Return a place's two numbers as a map's search takes them, to about a metre."""
    return f"{float(location['latitude']):.5f}, {float(location['longitude']):.5f}" if map_url(location) else ""


def referral_of(message: Message) -> Referral | None:
    """Return the ad from which a client came with this message, or None; its link only where it does not deceive."""
    found = find_referral(message.payload or {})
    if found is None or is_safe_link(found.url):
        return found
    return Referral(found.headline, found.body, "") if found.headline or found.body else None


def picture_words(message: Message) -> str:
    """Return what a picture is to somebody who cannot see it: its caption, or whose it is."""
    kind = _("Sticker") if message.type == "sticker" else _("Foto")
    said = " ".join(message.body.split())[:120]
    return f"{kind}: {said}" if has_ink(said) else str(kind)


def forwarded_label(message: Message) -> str:
    """Return that a message was passed on, or nothing."""
    often = forwarded(message.payload or {})
    return str({"often": _("Reenviado muchas veces"), "once": _("Reenviado")}.get(often, ""))


def chosen_label(message: Message) -> str:
    """Return how a client chose these words, when they wrote none themselves, or nothing."""
    way = way_of_choosing(message.payload or {}) if message.type == "interactive" else ""
    return str(
        {"form": _("Completó un formulario"), "list": _("Eligió de una lista"), "button": _("Tocó un botón")}.get(
            way, ""
        )
    )


def shown_words(message: Message) -> list[str]:
    """Return the words that a bubble shows beside its own text: names of files and people, of a place, of an ad."""
    words = [file_name(media) for media in message.media]
    for media in message.media:
        for contact in contacts_of(media):
            numbers = [part for phone in contact["phones"] for part in (phone["number"], phone["whatsapp"])]
            words += [contact["name"], contact["org"], *numbers, *contact["emails"]]
    place = message.location or {}
    words += [str(place.get("label", "")), str(place.get("address", ""))]
    referral = find_referral(message.payload or {})
    words += [referral.headline, referral.body] if referral else []
    return [word for word in words if word]


def init_app(app: Flask) -> None:
    """Give these to `app`'s templates."""
    for function in (
        media_kind,
        media_state,
        shown_size,
        media_error,
        may_fetch_again,
        file_name,
        file_mark,
        file_family,
        file_size,
        contacts_of,
        contact_name,
        phone_label,
        map_url,
        coordinates,
        referral_of,
        forwarded_label,
        chosen_label,
        plain_words,
        picture_words,
        voice_note,
        has_ink,
    ):
        app.add_template_filter(function, function.__name__)
    app.add_template_filter(partial(render_marks, region=app.config["DEFAULT_REGION"]), "render_marks")
