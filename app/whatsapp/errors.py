"""What WhatsApp forbids and what Twilio refuses, as our own errors."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from flask_babel import lazy_gettext as _l

from app.errors import Conflict, DomainError, Invalid
from app.whatsapp.models import Message


class WindowClosed(Conflict):
    code = "window_closed"
    detail = _l("Pasaron las 24 h desde su último mensaje. Elegí una plantilla para volver a escribirle.")


class OptedOut(Conflict):
    code = "opted_out"
    detail = _l("Esta persona pidió no recibir más mensajes. Para volver a recibirlos tiene que mandar ALTA o START.")


class AnsweredMeanwhile(Conflict):
    """A colleague answered since the writer last looked: `answers` are their messages, oldest first."""

    code = "answered_meanwhile"
    detail = _l("Alguien le respondió mientras escribías. Fijate antes de mandar.")

    def __init__(self, answers: Sequence[Message]) -> None:
        super().__init__()
        self.answers = answers


class NotRetriable(Conflict):
    code = "not_retriable"
    detail = _l("Mandar lo mismo de nuevo no serviría. Fijate qué dice debajo del mensaje.")


class NoPhone(Conflict):
    code = "no_phone"
    detail = _l("Esta coordinación no tiene teléfono. Agregalo para escribirle.")


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    detail = _l("Esa clave de idempotencia ya se usó con otro mensaje.")


class NotConfigured(DomainError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "twilio_not_configured"
    detail = _l("Falta conectar Twilio. Eso lo hace quien administra Coordina.")
