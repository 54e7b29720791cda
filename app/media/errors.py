"""What can go wrong with a file, in our own words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.errors import Conflict, Invalid


class UnsupportedType(Invalid):
    """WhatsApp does not take such files."""

    code = "unsupported_type"


class TooLarge(Invalid):
    """WhatsApp does not take a file of this size."""

    code = "too_large"


class Incomplete(Conflict):
    """An upload was finished before all of it was there."""

    code = "incomplete"
    detail = _l("El archivo no llegó entero. Probá de nuevo.")


class NoPublicAddress(Conflict):
    """Twilio cannot fetch a file from a server whose address nobody told us."""

    code = "no_public_address"
    detail = _l("Para mandar archivos hace falta TWILIO_WEBHOOK_URL. Eso lo arregla quien administra Coordina.")


def refused(refusal: tuple[str, str]) -> Invalid:
    """Return the error of what `rules.find_refusal` found."""
    code, sentence = refusal
    return {"unsupported_type": UnsupportedType, "too_large": TooLarge}.get(code, Invalid)(sentence)
