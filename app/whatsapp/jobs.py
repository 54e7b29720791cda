"""What whatsapp does by itself: asking Twilio, now and then, what no webhook told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.jobs.handlers import Handler
from app.twilio import gateway
from app.whatsapp.actions.sync import SYNC, sync

SYNC_EVERY = timedelta(minutes=15)


def _sync(_payload: dict[str, Any]) -> None:
    if gateway().account.complete:
        sync(lambda _report: None)


HANDLERS = {SYNC: Handler(_sync, lease=timedelta(minutes=10), every=SYNC_EVERY)}
