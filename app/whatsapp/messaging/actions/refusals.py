"""What is written down of a refused webhook, for the diagnosis: the reason and our own addresses, never a word of it.

Strangers decide how often they are refused, so a process writes it down only now and then.
"""

from __future__ import annotations

import logging
import threading
import time

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from app.jobs.actions import beat

log = logging.getLogger(__name__)

REFUSED = "webhook_refused"
# Signed with our own token, for an address that we do not expect: no stranger can do that.
MISDIRECTED = "webhook_misdirected"
# Twilio's and signed, but of a message that did not come to our WhatsApp: an SMS, or another number of the account.
STRAY = "webhook_stray"
PAUSE_SECONDS = 10.0

_lock = threading.Lock()


def _may_write(name: str) -> bool:
    now = time.monotonic()
    with _lock:
        written: dict[str, float] = current_app.extensions.setdefault("webhook_refusals", {})
        if now - written.get(name, -PAUSE_SECONDS) < PAUSE_SECONDS:
            return False
        written[name] = now
        return True


def note_refusal(reason: str, *, ours: bool, expected: str = "", signed_for: str = "") -> None:
    """Write down that a webhook was refused, why, whether it named our account, and for which address it was signed."""
    name = MISDIRECTED if signed_for else REFUSED
    _note(name, reason, ours=ours, expected=expected, signed_for=signed_for)


def note_stray(address: str, expected: str) -> None:
    """Write down to which `address` a message came that is not for our WhatsApp, and which one is `expected`."""
    _note(STRAY, "not our number", ours=True, expected=expected, signed_for=address)


def _note(name: str, reason: str, **detail: object) -> None:
    if not _may_write(name):
        return
    try:
        beat(name, reason=reason, **detail)
    except SQLAlchemyError:  # Nobody is let in for it, and the line in the log is there already.
        log.info("Webhook refusal not stored", extra={"reason": reason})
