"""What the fixed words of a coordinación are called on screen, and the tone of each state; the one place for both."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

EVENT_KIND_LABELS = {
    "wedding": _l("Casamiento"),
    "fifteenth": _l("Fiesta de 15"),
    "birthday": _l("Cumpleaños"),
    "corporate": _l("Evento de empresa"),
    "graduation": _l("Egresados"),
    "other": _l("Otro"),
}
STATE_LABELS = {
    "quote": _l("Presupuesto"),
    "missing_data": _l("Faltan datos"),
    "in_preparation": _l("En preparación"),
    "confirmed": _l("Confirmada"),
    "done": _l("Realizada"),
    "cancelled": _l("Cancelada"),
}
# The class that a pill carries besides its words: the accent for what is settled, a warning for what waits on somebody.
STATE_TONES = {
    "quote": "plain",
    "missing_data": "warn",
    "in_preparation": "plain",
    "confirmed": "",
    "done": "plain",
    "cancelled": "off",
}


def event_kind_label(event_kind: str) -> str:
    """Return the kind of event as people read it; a kind that has no label reads as it is."""
    return str(EVENT_KIND_LABELS.get(event_kind, event_kind))


def state_label(state: str) -> str:
    """Return the state as people read it; a state that has no label reads as it is."""
    return str(STATE_LABELS.get(state, state))


def state_tone(state: str) -> str:
    """Return the class of the state's pill, which may be none."""
    return STATE_TONES.get(state, "plain")


def init_app(app: Flask) -> None:
    """Give the labels to `app`'s templates."""
    for function in (event_kind_label, state_label, state_tone):
        app.add_template_filter(function, function.__name__)
    app.jinja_env.globals.update(EVENT_KIND_LABELS=EVENT_KIND_LABELS, STATE_LABELS=STATE_LABELS)
