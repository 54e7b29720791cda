"""What the lines and their states are called on screen."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.doctor.checks import State

LINES = {
    "settings": _l("Ajustes"),
    "database": _l("Base de datos"),
    "disk": _l("Guardado"),
    "redis": _l("Redis"),
    "proxies": _l("Proxies"),
    "people": _l("Personas"),
    "devices": _l("Dispositivos"),
    "work": _l("Tareas"),
    "connection": _l("Conexión"),
    "address": _l("Dirección pública"),
    "outside": _l("Desde afuera"),
    "bucket": _l("Bucket"),
    "mail": _l("Correo"),
    "webhooks": _l("Avisos de Twilio"),
    "sending": _l("Mensajes que salen"),
    "credentials": _l("Cuenta"),
    "clock": _l("Reloj"),
    "reception": _l("Quién recibe"),
}
# A word and a shape for each state, besides its colour.
STATES = {
    State.OK: (_l("Bien"), "check"),
    State.WARN: (_l("Atención"), "warn"),
    State.BAD: (_l("Mal"), "x"),
}


def init_app(app: Flask) -> None:
    """Give the labels to `app`'s templates."""
    app.jinja_env.globals.update(DOCTOR_LINES=LINES, DOCTOR_STATES=STATES)
