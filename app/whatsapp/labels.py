"""How conversations and messages are said on a screen and in the API: names, last lines, marks, reasons."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.formats import has_ink
from app.phones import format_phone
from app.twilio.codes import explain
from app.whatsapp.delivery import FAILED, tick
from app.whatsapp.models import Conversation, Message

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


def conversation_name(conversation: Conversation) -> str:
    """Return whom a conversation is with: the client of its coordinación, else WhatsApp's name, else the number."""
    if conversation.coordinacion is not None:
        return conversation.coordinacion.client_name
    name = conversation.profile_name.strip()
    return name if has_ink(name) else format_phone(conversation.address)


def type_label(message: Message) -> str:
    """Return what kind of thing a message is, or nothing for text."""
    return str(_TYPES.get(message.type, ""))


def last_line(message: Message | None) -> str:
    """Return a message in one line, as the list shows it."""
    if message is None:
        return ""
    words = " ".join(message.body.split())[:200]
    label = type_label(message)
    if message.type == "template" and words:
        return words
    return f"{label} · {words}" if label and words else label or words


def failure(message: Message) -> str:
    """Return why a message did not arrive and what to do, or nothing when it did not fail."""
    if message.status not in FAILED:
        return ""
    known = explain(message.error_code) if message.error_code else None
    if known is not None:
        return str(known.sentence)
    if message.error_code:
        return str(_("No salió. Twilio dio el error %(code)s. Avisale al administrador.", code=message.error_code))
    return message.error_message or _("No salió, y WhatsApp no dijo por qué.")


def may_retry(message: Message) -> bool:
    """Tell whether sending the same words again can help."""
    if message.status not in FAILED or message.type != "text":
        return False
    known = explain(message.error_code) if message.error_code else None
    return known.retry if known is not None else message.error_code is None


def row_key(message: Message) -> str:
    """Return what sorts a message within its thread, in a browser too."""
    return f"{message.sent_at.astimezone(UTC):%Y%m%d%H%M%S.%f}.{message.id:012}"


def day_key(moment: datetime) -> str:
    """Return what sorts a day's separator before its messages; `moment` is the day's start, local."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S.%f}.0"


def init_app(app: Flask) -> None:
    """Give these to `app`'s templates."""
    for function in (conversation_name, type_label, last_line, failure, may_retry, row_key, day_key):
        app.add_template_filter(function, function.__name__)
    app.add_template_filter(tick, "tick")
