"""What staff do with the people of a contact card that a client sent: write to them, or keep them with the event."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.args import parse_int_arg
from app.auth.guard import require_staff
from app.coordinaciones.actions import keep_contact
from app.errors import Invalid, NotFound
from app.htmx import is_htmx, see_other
from app.phones import parse_possible_phone, phone_key
from app.whatsapp import queries
from app.whatsapp.contacts.actions.opening import open_with
from app.whatsapp.models import Message
from app.whatsapp.names import contact_name, contacts_of

bp = Blueprint("whatsapp_cards", __name__, url_prefix="/whatsapp/cards")
bp.before_request(require_staff)


def _find_card(media_id: int, place: int) -> tuple[Message, dict[str, Any]]:
    media = queries.get_media(media_id)
    contacts = contacts_of(media)
    if place >= len(contacts):
        raise NotFound
    return queries.get_message(media.message_id), contacts[place]


def _chosen_phone(contact: dict[str, Any]) -> dict[str, str]:
    at = parse_int_arg(request.form, "phone", 0, 0, 100) or 0
    if at >= len(contact["phones"]):
        raise Invalid(_("Esa tarjeta no tiene ningún teléfono."))
    phone: dict[str, str] = contact["phones"][at]
    return phone


def _to_e164(phone: dict[str, str]) -> str | None:
    """Return a card's phone in full: as WhatsApp itself knows it, else as a person would read what is written.

    A card can name one number and show another: what is shown is what staff meant.
    """
    region = current_app.config["DEFAULT_REGION"]
    written = parse_possible_phone(phone["number"], region)
    known = parse_possible_phone("+" + phone["whatsapp"], region) if phone["whatsapp"] else None
    same = known is not None and written is not None and phone_key(known) == phone_key(written)
    return known if same else written


@bp.post("/<int:media_id>/<int:place>/write")
def write(media_id: int, place: int) -> ResponseReturnValue:
    """Open the chat with one phone of a card."""
    _message, contact = _find_card(media_id, place)
    phone = _to_e164(_chosen_phone(contact))
    if phone is None:
        raise Invalid(_("Ese número no parece un teléfono. Preguntale el número completo."))
    conversation_id = open_with(phone, contact["name"] or contact["org"])
    return see_other(url_for("whatsapp.show", conversation_id=conversation_id))


@bp.post("/<int:media_id>/<int:place>/keep")
def keep(media_id: int, place: int) -> ResponseReturnValue:
    """Put somebody of a card into the coordinación that the chat is about: as its phone, or into its notes."""
    message, contact = _find_card(media_id, place)
    coordinacion = message.conversation.coordinacion
    if coordinacion is None:
        raise Invalid(_("Elegí primero de qué evento hablan."))
    name, phone, conversation_id = contact_name(contact), None, message.conversation_id
    if request.form.get("field") == "phone":
        phone = _to_e164(_chosen_phone(contact))
        if phone is None:
            raise Invalid(_("Ese número no parece un teléfono. Agregalo a las notas."))
    numbers = [_to_e164(found) or found["number"] for found in contact["phones"]]
    known = [name] if name not in [found["number"] for found in contact["phones"]] else []
    line = _("Contacto: %(who)s", who=", ".join([*known, *numbers, *contact["emails"]]))
    kept = keep_contact(coordinacion.id, line, phone)
    if not is_htmx():
        return see_other(url_for("whatsapp.show", conversation_id=conversation_id))
    return render_template("whatsapp/contacts/_contact_kept.html", coordinacion=kept, as_phone=phone is not None)
