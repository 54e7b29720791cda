"""The files that staff send: checked before anything is stored, tied to their message, fetched by Twilio from us."""

from __future__ import annotations

from flask import current_app
from flask_babel import gettext as _

from app.errors import Invalid
from app.media.models import File
from app.media.queries import find_file
from app.media.rules import kind_of, refusal_of
from app.whatsapp.errors import NotConfigured
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Media

# What WhatsApp shows words beside (Twilio, "Accepted content types"); of other files it drops them without a word.
CAPTIONED = ("image", "video")


def find_attachment(request: SendRequest) -> File | None:
    """Return the file that `request` sends, or None when it sends none.

    Raises Invalid for one that is not here, that WhatsApp does not take, or that words cannot go beside; and
    NotConfigured where Twilio has no public address to fetch it from.
    """
    if request.media_id is None:
        return None
    file = find_file(request.media_id)
    if file is None:
        raise Invalid(fields={"media_id": _("Ese archivo no está. Subilo de nuevo.")})
    refusal = refusal_of(file.content_type, file.size)
    if refusal:
        raise Invalid(fields={"media_id": refusal})
    if request.body and kind_of(file.content_type) not in CAPTIONED:
        raise Invalid(fields={"body": _("WhatsApp no muestra texto junto a este archivo. Mandalo como otro mensaje.")})
    if not current_app.config["TWILIO_WEBHOOK_URL"]:
        raise NotConfigured(
            _(
                "Sin la dirección pública de Coordina WhatsApp no puede buscar el archivo. "
                "Que la ponga quien administra."
            )
        )
    return file


def media_of(file: File) -> Media:
    """Return the row that ties `file` to the message that sends it."""
    return Media(
        position=0,
        url="",
        content_type=file.content_type,
        filename=file.filename,
        size=file.size,
        file_id=file.id,
        state="stored",
    )
