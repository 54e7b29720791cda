"""How conversations and messages are said on a screen and in the API: names, last lines, marks, reasons."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.extensions import db
from app.formats import fold, has_ink
from app.holds import hold, until_tomorrow
from app.phones import format_phone
from app.whatsapp.bubbles import contact_name, contacts_of, file_name, voice_note
from app.whatsapp.cursors import cursor_after
from app.whatsapp.delivery import tick
from app.whatsapp.forms import MAX_BODY
from app.whatsapp.identity import OTHER_USER_ID
from app.whatsapp.marks import plain_words
from app.whatsapp.models import Conversation, Message
from app.whatsapp.opting import MARK
from app.whatsapp.outcomes import find_failure, from_when, goes_through, is_repeatable, moment_words
from app.whatsapp.parties import Likely, party_of_message
from app.whatsapp.window import CLOSING_SOON

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


_WHY_LIKELY = {
    "area": _l("Los números terminan igual; solo cambia la característica."),
    "country": _l("Los números son iguales, con otro código de país."),
    "name": _l("Tienen el mismo nombre en WhatsApp, y una no tiene número."),
}
# Marks that turn the direction of what follows: a name that holds one could pass for another, or bend the line.
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _names(conversation: Conversation) -> list[tuple[str, str]]:
    """Return what a client is called, the name that wins first, each with who says so: staff, event or profile."""
    event = conversation.coordinacion
    said = (
        ("staff", conversation.given_name),
        ("event", event.client_name if event is not None else ""),
        ("profile", conversation.profile_name),
    )
    clean = [(source, _TURNS.sub("", name).strip()) for source, name in said]
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


def came_by(message: Message) -> str:
    """Return the number that a message came from or went to, where it is not the thread's own; else nothing."""
    if message.joined_from_id is None:
        return ""
    address = (message.from_number if message.inbound else message.to_number).removeprefix("whatsapp:")
    return format_phone(address) if address.startswith("+") else _("sin número")


def opt_out_choice(message: Message) -> str:
    """Return what a client's message was taken for: STOP, START, or nothing."""
    return message.payload.get(MARK, "") if message.inbound else ""


def other_user_id(message: Message) -> bool:
    """Tell whether another WhatsApp user id wrote from the same number for the first time with a message."""
    return message.inbound and OTHER_USER_ID in message.payload


def may_retry(message: Message, now: datetime) -> bool:
    """Tell whether sending the same again can help, and WhatsApp would let it through at `now`."""
    return is_repeatable(message) and goes_through(message, party_of_message(db.session(), message), now)


def why_likely(likely: Likely) -> str:
    """Return in a sentence why two conversations may be with one person."""
    return str(_WHY_LIKELY[likely.why])


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
    said = plain_words(message.body if message.type != "reaction" else "")
    words = (said if has_ink(said) else _name_of(message))[:200]
    label = type_label(message) or ("" if words else _("Mensaje en blanco"))
    if message.type == "template" and words:
        return words
    return f"{label} · {words}" if label and words else label or words


def row_key(message: Message) -> str:
    """Return what sorts a message within its thread, in a browser too."""
    return f"{message.sent_at.astimezone(UTC):%Y%m%d%H%M%S.%f}.{message.id:012}"


def day_key(moment: datetime) -> str:
    """Return what sorts a day's separator before its messages; `moment` is the day's start, local."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S.%f}.0"


def _hold_from_when(moment: datetime, now: datetime) -> Markup:
    return hold(from_when(moment, now), min(moment, until_tomorrow()))


def _hold_moment(moment: datetime) -> Markup:
    return hold(moment_words(moment), until_tomorrow())


def init_app(app: Flask) -> None:
    """Give these to `app`'s templates."""
    for function in (
        conversation_name,
        written_name,
        other_names,
        came_by,
        opt_out_choice,
        other_user_id,
        why_likely,
        type_label,
        last_line,
        row_key,
        day_key,
        cursor_after,
        find_failure,
        may_retry,
    ):
        app.add_template_filter(function, function.__name__)
    app.add_template_filter(_hold_from_when, "from_when")
    app.add_template_filter(_hold_moment, "moment_words")
    app.add_template_filter(tick, "tick")
    app.jinja_env.globals.update(CLOSING_SOON=CLOSING_SOON, MAX_BODY=MAX_BODY)
