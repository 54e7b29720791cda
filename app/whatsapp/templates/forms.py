"""What people ask of templates, by WhatsApp's rules: values to fill in, meanings of variables, a new template.

Sources of the rules: Twilio's errors 63013, 63021, 63028 and 21656, and WhatsApp's own page of template components.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _

from app.errors import Invalid
from app.whatsapp.templates.card import PLACE, Card, card_of, fill, opens_conversation, places_of
from app.whatsapp.templates.labels import template_state
from app.whatsapp.templates.models import Template
from app.whatsapp.templates.queries import names_of
from app.whatsapp.templates.values import FIXED, MANUAL, OFFICE_VALUES, clean_value

MAX_TEXT, MAX_FOOTER, MAX_BUTTON, MAX_REPLIES, MAX_URL = 1024, 60, 20, 3, 2000
LANGUAGES = ("es_AR", "es", "en", "pt_BR")
SUBMITTED_CATEGORIES = ("UTILITY", "MARKETING")
_NEW_FIELDS = (
    *("name", "language", "category", "text", "footer", "link_title", "link_url"),
    *(f"reply-{number}" for number in range(1, MAX_REPLIES + 1)),
)
_NAME = re.compile(r"[a-z0-9_]{1,512}")


@dataclass(frozen=True)
class NewTemplate:
    """A template to create, as Twilio takes it."""

    name: str
    language: str
    category: str
    types: Mapping[str, Any]
    variables: Mapping[str, str]


def parse_values(template: Template, form: Mapping[str, str]) -> dict[str, str]:
    """Return the value of each variable as it may be sent, from fields called `v-NAME`; absent ones are empty."""
    return {name: clean_value(form.get(f"v-{name}", "")) for name in names_of(template)}


def find_faults(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with the values of a template's variables, by name; "" is for all of them together."""
    faults: dict[str, str] = {}
    for name in names_of(template):
        value = values.get(name, "")
        if not value.strip():
            faults[name] = _("Falta este dato.")
        elif value != clean_value(value) and re.search(r"[\n\r\t\x00]| {4}", value):
            faults[name] = _("En una sola línea, sin tabulaciones ni espacios de más.")
    if not faults and len(fill(card_of(template.types), values).text) > MAX_TEXT:
        faults[""] = _("La plantilla quedó muy larga con esos datos. Acortalos.")
    return faults


def check_sendable(template: Template, values: Mapping[str, str], *, window_open: bool) -> Card:
    """Return what the client will read. Raises Invalid, by field, for what WhatsApp would not take."""
    fields: dict[str, str] = {}
    state = template_state(template)
    if state != "approved":
        fields["template.content_sid"] = _("WhatsApp no la tiene aprobada. Elegí otra plantilla.")
    elif not window_open and not opens_conversation(template.types):
        fields["template.content_sid"] = _("Esta plantilla no sirve para empezar a hablar. Elegí otra.")
    for name, fault in find_faults(template, values).items():
        fields[f"template.variables.{name}" if name else "template.variables"] = fault
    if fields:
        raise Invalid(fields=fields)
    return fill(card_of(template.types), values)


def parse_mapping(template: Template, form: Mapping[str, str]) -> dict[str, str]:
    """Return what each variable means, from fields `m-NAME` and, for a fixed text, `f-NAME`. Raises Invalid."""
    mapping, fields = {}, {}
    for name in names_of(template):
        meaning, fixed = form.get(f"m-{name}", MANUAL), clean_value(form.get(f"f-{name}", ""))
        if meaning == "fixed":
            if not fixed:
                fields[f"f-{name}"] = _("Escribí el texto fijo.")
            meaning = FIXED + fixed
        elif meaning not in OFFICE_VALUES and meaning != MANUAL:
            fields[f"m-{name}"] = _("Elegí uno de la lista.")
        mapping[name] = meaning
    if fields:
        raise Invalid(fields=fields)
    return mapping


def _text_fault(text: str) -> str | None:
    """Return what WhatsApp has against the text of a template."""
    if not text:
        return str(_("Escribí el texto."))
    if len(text) > MAX_TEXT:
        return str(_("Es muy largo: WhatsApp acepta hasta 1024 caracteres. Acortalo."))
    if "{{" in PLACE.sub("", text) or "}}" in PLACE.sub("", text):
        return str(_("Las variables se escriben {{1}}, {{2}}…"))
    names = PLACE.findall(text)
    if names and sorted(set(names), key=str) != sorted(str(number) for number in range(1, len(set(names)) + 1)):
        return str(_("Numerá las variables desde {{1}}, sin saltear ninguna."))
    if re.match(r"\s*\{\{", text) or re.search(r"\}\}\W*$", text):
        return str(_("No puede empezar ni terminar con una variable. Agregale palabras."))
    if re.search(r"\}\}\s*\{\{", text):
        return str(_("Dos variables no pueden ir pegadas. Poné palabras entre ellas."))
    return None


def _footer_fault(footer: str) -> str | None:
    if len(footer) > MAX_FOOTER:
        return str(_("Hasta %(count)d caracteres.", count=MAX_FOOTER))
    return str(_("Acá no van variables.")) if "{{" in footer else None


def _reply_faults(replies: list[str]) -> dict[str, str]:
    too_long = any(len(reply) > MAX_BUTTON for reply in replies)
    if too_long or len(replies) != len(set(replies)):
        return {"replies": _("Hasta 3 respuestas distintas, de hasta 20 caracteres cada una.")}
    return {}


def _link_faults(title: str, url: str) -> dict[str, str]:
    fields = {}
    if not title or len(title) > MAX_BUTTON:
        fields["link_title"] = _("Escribí qué dice el botón, en hasta 20 caracteres.")
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > MAX_URL or "{{" in url:
        fields["link_url"] = _("Escribí una dirección completa, como https://ejemplo.com.")
    return fields


def read_new(form: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a new template as they were sent, each a text, so that a refusal can show them again."""
    given = {name: form.get(name, "").replace("\x00", "").replace("\r\n", "\n") for name in _NEW_FIELDS}
    return given | {name: form[name].replace("\x00", "") for name in form if name.startswith("s-")}


def new_types(given: Mapping[str, str]) -> dict[str, Any]:
    """Return a new template's types in Twilio's form: the plainest that holds all that was asked."""
    text, footer = given["text"].strip(), clean_value(given["footer"])
    replies = replies_of(given)
    actions: list[dict[str, str]] = [
        {"type": "QUICK_REPLY", "title": reply, "id": f"reply-{number}"} for number, reply in enumerate(replies, 1)
    ]
    if given["link_title"].strip() or given["link_url"].strip():
        actions.append({"type": "URL", "title": clean_value(given["link_title"]), "url": given["link_url"].strip()})
    body: dict[str, Any] = {"body": text} | ({"actions": actions} if actions else {})
    if footer or (replies and len(actions) > len(replies)):
        return {"whatsapp/card": body | ({"footer": footer} if footer else {})}
    return {"twilio/quick-reply" if replies else "twilio/call-to-action" if actions else "twilio/text": body}


def replies_of(given: Mapping[str, str]) -> list[str]:
    """Return the quick replies of a new template; blank ones are none."""
    replies = [clean_value(given[f"reply-{number}"]) for number in range(1, MAX_REPLIES + 1)]
    return [reply for reply in replies if reply]


def parse_new(given: Mapping[str, str]) -> NewTemplate:
    """Return the template that `read_new` read. Raises Invalid with every field at fault."""
    fields: dict[str, str] = {}
    if not _NAME.fullmatch(given["name"]):
        fields["name"] = _("Solo minúsculas, números y guiones bajos, como recordatorio_de_reunion.")
    if given["language"] not in LANGUAGES:
        fields["language"] = _("Elegí uno de la lista.")
    if given["category"] not in SUBMITTED_CATEGORIES:
        fields["category"] = _("Elegí uno de la lista.")
    for name, fault in (("text", _text_fault(given["text"].strip())), ("footer", _footer_fault(given["footer"]))):
        if fault:
            fields[name] = fault
    fields |= _reply_faults(replies_of(given))
    if given["link_title"].strip() or given["link_url"].strip():
        fields |= _link_faults(given["link_title"].strip(), given["link_url"].strip())
    types = new_types(given)
    samples = {name: clean_value(given.get(f"s-{name}", "")) for name in places_of(card_of(types))}
    fields |= {f"s-{name}": _("Poné un ejemplo: WhatsApp lo pide.") for name, sample in samples.items() if not sample}
    if fields:
        raise Invalid(fields=fields)
    return NewTemplate(given["name"], given["language"], given["category"], types, samples)
