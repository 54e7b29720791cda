"""How templates are said on a screen: their states, their categories, their kinds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from app.whatsapp.marks import render_marks
from app.whatsapp.templates.card import PLACE, Card, card_of
from app.whatsapp.templates.models import Template

# Letters of nobody's alphabet, which stand for a variable while the marks around it are read.
_PRIVATE = re.compile("[\ue000\ue001]")
_KEPT = re.compile("\ue000([0-9]+)\ue001")

# What WhatsApp says of a template: our words, the sign beside them, and the tone of their pill.
_STATES = {
    "approved": (_l("Aprobada"), "check", ""),
    "received": (_l("En revisión"), "clock", "warn"),
    "pending": (_l("En revisión"), "clock", "warn"),
    "rejected": (_l("Rechazada"), "x", "bad"),
    "paused": (_l("Pausada"), "warn", "warn"),
    "disabled": (_l("Dada de baja"), "x", "bad"),
    "unsubmitted": (_l("Sin pedir aprobación"), "unknown", "plain"),
    "unconfirmed": (_l("Sin confirmar"), "unknown", "warn"),
    "gone": (_l("Ya no está en Twilio"), "x", "plain"),
}
CATEGORIES = {
    "UTILITY": _l("Servicio"),
    "MARKETING": _l("Publicidad"),
    "AUTHENTICATION": _l("Código de acceso"),
    "TRANSACTIONAL": _l("Servicio"),
}
_KINDS = {
    "twilio/text": _l("Texto"),
    "twilio/media": _l("Con archivo"),
    "twilio/quick-reply": _l("Con respuestas"),
    "twilio/call-to-action": _l("Con botón"),
    "twilio/list-picker": _l("Con lista"),
    "twilio/location": _l("Ubicación"),
    "twilio/card": _l("Tarjeta"),
    "whatsapp/card": _l("Tarjeta"),
    "twilio/carousel": _l("Carrusel"),
}


def template_state(template: Template) -> str:
    """Return a template's state: WhatsApp's word, or `gone` or `unconfirmed`."""
    return "gone" if template.gone_at else "unconfirmed" if template.unconfirmed else template.status


def template_pill(template: Template) -> tuple[str, str, str]:
    """Return a template's state as people read it, its icon, and its tone."""
    state = template_state(template)
    words, sign, tone = _STATES.get(state, (state, "unknown", "plain"))
    return str(words), sign, tone


def template_title(name: str) -> str:
    """Return a template's name as people read it: WhatsApp takes no spaces and no capitals."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def category_label(category: str) -> str:
    """Return a category as people read it."""
    return str(CATEGORIES.get(category, category))


def kind_label(kind: str) -> str:
    """Return what kind of template it is, or nothing where we have no word for it."""
    return str(_KINDS.get(kind, ""))


def template_card(template: Template) -> Card:
    """Return what a client reads of a template, its variables not filled."""
    return card_of(template.types)


def mark_places(text: str, labels: Mapping[str, str] | None = None) -> Markup:
    """Return `text`, escaped, with the variables that have no value yet marked, by what they are called if known."""
    pieces, end = [], 0
    for place in PLACE.finditer(text):
        pieces.append(escape(text[end : place.start()]))
        pieces.append(Markup('<mark class="blank">{}</mark>').format((labels or {}).get(place[1], place[0])))
        end = place.end()
    return Markup("").join([*pieces, escape(text[end:])])


def render_places(text: str, labels: Mapping[str, str] | None = None) -> Markup:
    """Return `text` with WhatsApp's marks shown, and variables without a value as `mark_places` does."""
    kept: list[Markup] = []

    def keep(place: re.Match[str]) -> str:
        kept.append(mark_places(place[0], labels))
        return f"\ue000{len(kept) - 1}\ue001"

    shown = render_marks(PLACE.sub(keep, _PRIVATE.sub("", text)))
    return Markup(_KEPT.sub(lambda found: kept[int(found[1])], shown))  # noqa: S704  Of two kinds of escaped text alone.
