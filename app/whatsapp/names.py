"""What a conversation, a message and a file are called, on a screen, in the API and in a search."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.formats import fold, has_ink
from app.letters import visible
from app.phones import format_phone
from app.twilio.extras import find_referral
from app.whatsapp.marks import plain_words
from app.whatsapp.models import Conversation, Media, Message

_TYPES = {
    "image": _l("📷 Foto"),
    "audio": _l("🎤 Mensaje de voz"),
    "video": _l("🎬 Video"),
    "document": _l("📄 Documento"),
    "sticker": _l("💟 Sticker"),
    "contact": _l("👤 Contacto"),
    "location": _l("📍 Ubicación"),
    "template": _l("📋 Plantilla"),
    "unknown": _l("Mensaje no compatible"),
}


# Marks that turn the direction of what follows: a name that holds one could pass for another, or bend the line.
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _names(conversation: Conversation) -> list[tuple[str, str]]:
    """Return what a client is called, the name that wins first, each with who says so: staff, event or profile."""
    event = conversation.coordinacion
    sources = (
        ("staff", conversation.given_name),
        ("event", event.client_name if event is not None else ""),
        ("profile", conversation.contact.profile_name),
    )
    clean = [(source, _TURNS.sub("", name).strip()) for source, name in sources]
    return [(source, name) for source, name in clean if has_ink(name)]


def conversation_name(conversation: Conversation) -> str:
    """Return whom a conversation is with: as staff call them, else the coordinación's client, else WhatsApp's name.

    Where there is none of these, the number.
    """
    names = _names(conversation)
    return names[0][1] if names else format_phone(conversation.address)


def written_name(conversation: Conversation) -> str:
    """Return the name that a conversation is called by, where it is one and no number: what renaming begins with."""
    names = _names(conversation)
    return names[0][1] if names else ""


def other_names(conversation: Conversation) -> list[tuple[str, str]]:
    """Return the names that differ from the one shown, each once, with who says so: event or profile."""
    names = _names(conversation)
    first: dict[str, tuple[str, str]] = {}
    for source, name in names:
        first.setdefault("".join(filter(str.isalnum, fold(name))) or name, (source, name))
    return list(first.values())[1:]


def type_label(message: Message) -> str:
    """Return what kind of thing a message is, or nothing for text."""
    if message.type == "reaction":
        emoji = message.body.strip()
        return str(_("Reaccionó con %(emoji)s", emoji=emoji) if emoji else _("Quitó su reacción"))
    if message.type == "audio" and message.media and not voice_note(message.media[0]):
        return str(_("🎵 Audio"))
    return str(_TYPES.get(message.type, ""))


def _name_of(message: Message) -> str:
    """Return what a message is called where it has no words: its file, its person or its place."""
    people = [contact_name(contact) for media in message.media for contact in contacts_of(media)]
    names = people or [file_name(media) for media in message.media if message.type == "document"]
    place = message.location or {}
    called = (", ".join(filter(has_ink, names)), str(place.get("label") or ""), str(place.get("address") or ""))
    return next(filter(has_ink, called), "")


def last_line(message: Message | None) -> str:
    """Return a message in one line, as the list shows it."""
    if message is None:
        return ""
    plain = plain_words(message.body if message.type != "reaction" else "")
    words = (plain if has_ink(plain) else _name_of(message))[:200]
    label = type_label(message) or ("" if words else _("Mensaje en blanco"))
    if message.type == "template" and words:
        return words
    return f"{label} · {words}" if label and words else label or words


def file_name(media: Media) -> str:
    """Return a file's name without what is invisible or turns letters round, or nothing when it has none."""
    name = media.filename or (media.file.filename if media.file else "")
    # Unassigned letters stay: emoji are newer than the tables.
    seen = "".join(letter for letter in visible(name) if unicodedata.category(letter) not in ("Cc", "Cf", "Cs")).strip()
    return seen if has_ink(seen) else ""


def voice_note(media: Media) -> bool:
    """Tell whether an audio was spoken into WhatsApp, which records Opus in Ogg, and not chosen as a file."""
    return "ogg" in media.content_type or not media.content_type


def contacts_of(media: Media) -> list[dict[str, Any]]:
    """Return the people of a contact card, as vcards.read_details keeps them."""
    found = (media.details or {}).get("contacts")
    return found if isinstance(found, list) else []


def contact_name(contact: dict[str, Any]) -> str:
    """Return whom a card is of: the name, else the company, else the first phone or address."""
    numbers = [phone["number"] for phone in contact["phones"]]
    called = (contact["name"], contact["org"], *numbers, *contact["emails"])
    return next((str(name) for name in called if has_ink(str(name))), "")


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
