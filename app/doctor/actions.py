"""What the diagnosis can mend by itself: telling Twilio where to post what clients write."""

from __future__ import annotations

import logging
from http import HTTPStatus

from flask import current_app
from flask_babel import lazy_gettext as _l

from app.doctor.checks import State
from app.doctor.report_queries import check_our_address
from app.errors import Conflict, DomainError
from app.twilio import console
from app.twilio.client import Refused, TwilioError
from app.twilio.signature import status_url

log = logging.getLogger(__name__)


class NotSettable(Conflict):
    code = "not_settable"
    detail = _l("Eso no se puede cambiar desde acá: pegá la dirección en la consola de Twilio.")


class TwilioFailed(DomainError):
    status = HTTPStatus.BAD_GATEWAY
    code = "twilio_failed"
    detail = _l("Twilio no lo tomó. Probá de nuevo, o pegá la dirección en su consola.")


def is_usable() -> bool:
    """Tell whether the configured address is one that Twilio can post to."""
    return check_our_address().state is State.OK


def receive_here() -> str:
    """Let Twilio post what clients write to the configured webhook, and return its address.

    Raises Conflict when that address would not do, NotSettable when no API reaches the setting, TwilioFailed.
    """
    address, url = check_our_address(), current_app.config["TWILIO_WEBHOOK_URL"]
    if address.state is State.BAD:
        raise Conflict(str(address.fix))
    try:
        reception = console().find_reception()
        if not reception.settable:
            raise NotSettable
        console().receive_at(reception, url, status_url(url))
    except TwilioError as error:
        code = error.code if isinstance(error, Refused) else None
        log.warning("Webhook address refused by Twilio", extra={"code": code})
        raise TwilioFailed from error
    log.info("Webhook address set at Twilio", extra={"kind": reception.kind})
    return str(url)
