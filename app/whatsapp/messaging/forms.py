"""What people and programs send to whatsapp's doors, checked and typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from app.args import parse_int_arg
from app.errors import Invalid
from app.extensions import LARGEST_ID
from app.formats import has_ink
from app.phones import parse_possible_phone
from app.twilio.payloads import parse_address
from app.whatsapp.messaging.request import SendRequest

# Twilio's limit for one WhatsApp message (error 21617), counted in UTF-16 units as browsers count too.
MAX_BODY = 1600
MAX_KEY = 200
MAX_VARIABLES = 100
_CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")
_FIELDS = ("to", "conversation_id", "coordinacion_id", "body", "template", "media_id")


def body_length(text: str) -> int:
    """Return the length of `text` in UTF-16 units: an emoji counts two, in the browser's counter as well."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _storable(text: str) -> str:
    """Return `text` without NUL, which no text column takes, and without halves of characters, which nobody sends."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def parse_body(value: Any) -> tuple[str, str | None]:
    """Return the text to send, and the sentence that says what is wrong with it, if anything."""
    if not isinstance(value, str):
        return "", _("El mensaje tiene que ser un texto.")
    text = _storable(value).replace("\r\n", "\n")
    if not has_ink(text):
        return "", _("Escribí un mensaje.")
    if body_length(text) > MAX_BODY:
        return text, _("El mensaje es muy largo: WhatsApp acepta hasta 1600 caracteres. Acortalo.")
    return text.strip("\n"), None


def parse_key(value: str | None) -> str | None:
    """Return an idempotency key. Raises Invalid for one that is empty, too long or not printable ASCII."""
    if value is None:
        return None
    if not value.strip() or len(value) > MAX_KEY or not value.isascii() or not value.isprintable():
        raise Invalid(fields={"Idempotency-Key": _("La clave va de 1 a 200 caracteres ASCII; un UUID sirve.")})
    return value


def _parse_id(data: Mapping[str, Any], name: str, fields: dict[str, str]) -> int | None:
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST_ID:
        fields[name] = _("Tiene que ser el número de algo que existe.")
        return None
    return value


def _parse_to(data: Mapping[str, Any], fields: dict[str, str]) -> str | None:
    value = data.get("to")
    if value is None:
        return None
    text = value.removeprefix("whatsapp:") if isinstance(value, str) and len(value) <= 150 else ""
    user_id = parse_address(text).user_id
    phone = None if user_id else parse_possible_phone(text, current_app.config["DEFAULT_REGION"])
    if not user_id and not phone:
        fields["to"] = _("Ese teléfono no parece válido. Escribilo con código de país, como +5491123456789.")
    return user_id or phone


def _parse_template(data: Mapping[str, Any], fields: dict[str, str]) -> tuple[str, dict[str, str] | None]:
    value = data.get("template")
    if value is None:
        return "", None
    sid = value.get("content_sid") if isinstance(value, dict) else None
    variables = value.get("variables", {}) if isinstance(value, dict) else None
    if not isinstance(sid, str) or not _CONTENT_SID.fullmatch(sid):
        fields["template.content_sid"] = _("Tiene que ser el identificador de una plantilla: HX y 32 letras o números.")
    if not isinstance(variables, dict) or not all(isinstance(item, str) for item in variables.values()):
        fields["template.variables"] = _("Tiene que ser un objeto de textos.")
    elif len(variables) > MAX_VARIABLES or any(len(text) > MAX_BODY for pair in variables.items() for text in pair):
        fields["template.variables"] = _("Hasta 100 valores, de hasta 1600 caracteres cada uno.")
    if "template.content_sid" in fields or "template.variables" in fields:
        return "", None
    return str(sid), {_storable(name): _storable(text) for name, text in (variables or {}).items()}


def _check_one_of(request: SendRequest, data: Mapping[str, Any], fields: dict[str, str]) -> None:
    if request.to is not None and request.conversation_id is not None:
        fields["to"] = _("Decí a quién de una sola manera: to, conversation_id o coordinacion_id.")
    if all(data.get(name) is None for name in ("to", "conversation_id", "coordinacion_id")):
        fields["to"] = _("Falta a quién escribirle.")
    contents = [name for name in ("body", "template", "media_id") if data.get(name) is not None]
    if not contents:
        fields["body"] = _("Escribí un mensaje.")
    if "template" in contents and "body" in contents:
        fields["template"] = _("Mandá un texto o una plantilla, no las dos cosas.")
    if "template" in contents and "media_id" in contents:
        fields["template"] = _("Mandá un archivo o una plantilla, no las dos cosas.")


def parse_send(data: Any) -> SendRequest:
    """Return what the API was asked to send. Raises Invalid with every field at fault."""
    if not isinstance(data, dict):
        raise Invalid(_("Mandá un objeto JSON."))
    fields = {str(name)[:80]: _("Ese campo no existe.") for name in data if name not in _FIELDS}
    body, error = parse_body(data["body"]) if data.get("body") is not None else ("", None)
    if error:
        fields["body"] = error
    content_sid, variables = _parse_template(data, fields)
    request = SendRequest(
        body=body,
        conversation_id=_parse_id(data, "conversation_id", fields),
        to=_parse_to(data, fields),
        coordinacion_id=_parse_id(data, "coordinacion_id", fields),
        content_sid=content_sid,
        content_variables=variables,
        media_id=_parse_id(data, "media_id", fields),
    )
    if not fields:
        _check_one_of(request, data, fields)
    if fields:
        raise Invalid(fields=fields)
    return request


def parse_composer(form: Mapping[str, str], conversation_id: int) -> SendRequest:
    """Return what the composer shall send: words, or a file with its caption. Raises Invalid."""
    media_id = parse_int_arg(form, "media_id", None, 1, LARGEST_ID)
    body, error = parse_body(form.get("body", ""))
    if media_id is not None and not has_ink(form.get("body", "")):
        body, error = "", None
    if error:
        raise Invalid(error)
    return SendRequest(body=body, conversation_id=conversation_id, media_id=media_id, known_id=parse_known(form))


def parse_known(form: Mapping[str, str]) -> int | None:
    """Return the newest message that whoever sends has seen; `anyway` is the newest that they were just shown."""
    known = parse_int_arg(form, "known", None, 0, LARGEST_ID)
    shown = parse_int_arg(form, "anyway", None, 0, LARGEST_ID)
    return known if known is None or shown is None else max(known, shown)
