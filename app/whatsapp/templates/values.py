"""What a variable of a template can be at the office: a value of the coordinación, of the conversation, or of staff."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from babel import Locale
from babel.core import UnknownLocaleError
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from app.coordinaciones.labels import event_kind_label
from app.coordinaciones.models import Coordinacion
from app.formats import fold, format_clock, format_day_long, has_ink
from app.whatsapp.models import Conversation
from app.whatsapp.templates.card import PLACE

# "fixed:" and the text itself is a value too: one that never changes.
FIXED = "fixed:"
MANUAL = "manual"
OFFICE_VALUES = {
    "client": _l("Cliente"),
    "client_first": _l("Nombre del cliente"),
    "event": _l("Evento"),
    "event_kind": _l("Tipo de evento"),
    "day": _l("Fecha"),
    "time": _l("Hora"),
    "place": _l("Lugar"),
    "dj": _l("DJ"),
    "author": _l("Quien escribe"),
}

_WEEKDAYS = "(lunes|martes|miercoles|jueves|viernes|sabado|domingo|(mon|tues|wednes|thurs|fri|satur|sun)day)"
_MONTHS = (
    "(enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|january|february|march"
    "|april|may|june|july|august|september|october|november|december)"
)
# Read in turn: in the variable's own name, in its sample, and in the words that end just before it.
_BY_NAME = (
    ("client_first", "nombre|name|first"),
    ("client", "cliente|client|customer"),
    ("event_kind", "tipo|kind"),
    ("event", "evento|event|fiesta"),
    ("day", "fecha|dia|date|day"),
    ("time", "hora|time|horario"),
    ("place", "lugar|salon|place|venue|direccion|address"),
    ("dj", "dj"),
    ("author", "autor|author|firma|operador"),
)
_BY_SAMPLE = (
    ("time", r"^\d{1,2}([:.]\d{2})? ?(h|hs|am|pm)?\.?$"),
    ("day", rf"^(el )?{_WEEKDAYS}[ ,]+(\d{{1,2}}\b|{_MONTHS})|^\d{{1,2}} (de )?{_MONTHS}|^\d{{1,2}}/\d{{1,2}}"),
    ("place", r"^(salon|quinta|club|hotel|estancia)\b"),
)
_BY_WORDS = (
    ("client_first", r"(^|\b)(hola|querid[oa]|buenas|buen dia|hi|hello|dear)[,! ]*$"),
    ("time", r"\b(a las|desde las|hora|horario|at)[: ]*$"),
    ("dj", r"\b(dj)[: ]*$"),
    ("place", r"\b(lugar|salon|direccion|en el salon|venue|place)[: ]*$"),
    ("day", r"\b(fecha|el dia|date)[: ]*$"),
    ("author", r"\b(soy|te escribe|firma|this is)[: ]*$"),
    ("event", r"\b(evento|fiesta|event)[: ]*$"),
)


def _suggest(name: str, sample: str, before: str) -> str:
    if not name.isdigit():
        for value, words in _BY_NAME:
            if re.search(words, fold(name)):
                return value
    for patterns, text in ((_BY_SAMPLE, fold(sample).strip()), (_BY_WORDS, fold(before))):
        for value, pattern in patterns:
            if re.search(pattern, text):
                return value
    return MANUAL


def suggest_mapping(names: list[str], samples: Mapping[str, str], texts: list[str]) -> dict[str, str]:
    """Return, for each variable, the value of the office that its name, sample or neighbours speak of, else "manual".

    Each is offered once: a template hardly says the same thing twice.
    """
    before: dict[str, str] = {}
    for text in texts:
        for place in PLACE.finditer(text):
            before.setdefault(place[1], text[: place.start()][-40:])
    mapping: dict[str, str] = {}
    for name in names:
        value = _suggest(name, samples.get(name, ""), before.get(name, ""))
        mapping[name] = value if value not in mapping.values() else MANUAL
    return mapping


def _locale(language: str) -> Locale | None:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None


def clean_value(text: str) -> str:
    """Return `text` as WhatsApp takes a value: one line, no tabs, no runs of spaces (errors 63013, 21656)."""
    return " ".join(text.replace("\x00", "").split())


def _say_day(day: date, language: str) -> str:
    locale = _locale(language)
    if locale is None:
        return format_day_long(day)
    with force_locale(str(locale)):
        return format_day_long(day)


def _say_kind(kind: str, language: str) -> str:
    locale = _locale(language)
    if kind == "other" or locale is None:
        return ""
    with force_locale(str(locale)):
        return event_kind_label(kind).lower()


def office_values(
    conversation: Conversation, coordinacion: Coordinacion | None, author: str, language: str
) -> dict[str, str]:
    """Return the office's values by name for a message of `author`, days and kinds in the template's `language`.

    What is not known is empty: a person has to say it.
    """
    named = (
        (coordinacion.client_name,) if coordinacion else (conversation.given_name, conversation.contact.profile_name)
    )
    client = next(filter(has_ink, named), "")
    event = coordinacion or Coordinacion(title="", place="", event_kind="other")
    values = {
        "client": client,
        "client_first": next(filter(has_ink, client.split()), ""),
        "event": event.title,
        "event_kind": _say_kind(event.event_kind, language),
        "day": _say_day(event.event_on, language) if event.event_on else "",
        "time": format_clock(event.start_time) if event.start_time else "",
        "place": event.place,
        "dj": event.dj.name if event.dj else "",
        "author": author,
    }
    return {name: clean_value(value) for name, value in values.items()}


def value_of(meaning: str, values: Mapping[str, str]) -> str:
    """Return what a variable that means `meaning` holds, or nothing when a person has to write it."""
    return meaning.removeprefix(FIXED) if meaning.startswith(FIXED) else values.get(meaning, "")


def meaning_label(meaning: str) -> str:
    """Return what a variable is called on screen, or nothing when all that is known of it is its number."""
    return str(OFFICE_VALUES.get(meaning, ""))
