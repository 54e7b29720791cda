"""What whatsapp does by itself: asking Twilio, now and then, what no webhook told, prices among it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.jobs.handlers import Handler
from app.media.actions import stores
from app.media.actions.keep import keep
from app.media.fetch import FetchError, fetcher
from app.media.pictures import make_thumbnail
from app.media.rules import kind_of
from app.media.store import StoreError
from app.twilio import contents, gateway
from app.whatsapp.alerts.actions.assigned import ASSIGNED, ASSIGNED_DEVICE, tell_assigned, tell_assigned_device
from app.whatsapp.alerts.actions.closing_windows import tell_closing
from app.whatsapp.alerts.actions.mail import mail_unanswered
from app.whatsapp.alerts.actions.push_alerts import (
    AGAIN,
    DEVICE,
    MAIL,
    TELL,
    WATCH,
    tell_device,
    tell_everyone,
    tell_unanswered,
)
from app.whatsapp.attachments.actions import files
from app.whatsapp.attachments.actions.queue import FETCH, SHRINK
from app.whatsapp.attachments.actions.sweeping import SWEEP, sweep, want_forgotten
from app.whatsapp.contacts.vcards import read_details
from app.whatsapp.costs.actions import PRICES, learn_prices
from app.whatsapp.messaging.actions.sync import SYNC, sync
from app.whatsapp.messaging.actions.typing import forget_turns
from app.whatsapp.templates.actions.sync import TEMPLATES, sync_templates

SYNC_EVERY = timedelta(minutes=15)
CLOSING = "whatsapp.closing"
CLOSING_EVERY = timedelta(minutes=5)
WATCH_EVERY = timedelta(minutes=5)
PRICES_EVERY = timedelta(hours=1)
SWEEP_EVERY = timedelta(days=1)
TEMPLATES_EVERY = timedelta(hours=6)


def _sync(_payload: dict[str, Any]) -> None:
    if gateway().account.complete:
        sync(lambda _report: None)


def _tell_closing(_payload: dict[str, Any]) -> None:
    tell_closing()


def _tell_unanswered(_payload: dict[str, Any]) -> None:
    tell_unanswered()


def _prices(_payload: dict[str, Any]) -> None:
    if gateway().account.complete:
        learn_prices()


def _sync_templates(_payload: dict[str, Any]) -> None:
    if contents().account.complete:
        sync_templates()


def _fetch(payload: dict[str, Any]) -> None:
    """Fetch a file and keep it. Raises FetchError or StoreError where a later try may do better."""
    remote = files.begin(payload["media_id"])
    if remote is None:
        return
    if remote.one_too_many:
        files.fail(remote.media_id, "unreachable")
        return
    try:
        found = fetcher().fetch(remote.url)
        file = keep(found.data, remote.filename, found.claimed or remote.claimed_type)
    except (FetchError, StoreError) as error:
        reason, lasting = (error.reason, error.lasting) if isinstance(error, FetchError) else ("unreachable", False)
        if files.note_failure(remote, reason, lasting=lasting):
            raise
        return
    small_id = _keep_small(found.data) if remote.takes_small(file) else None
    files.attach(remote.media_id, file.id, read_details(kind_of(file.content_type), found.data), small_id)


def _keep_small(data: bytes) -> int | None:
    """Keep a small picture of a large one; return the id of its file, or None where that does not work."""
    small = make_thumbnail(data)
    try:
        return keep(small.data, claimed=small.content_type).id if small else None
    except StoreError:
        return None  # The large one is here; a job of its own tries again.


def _give_up_fetching(payload: dict[str, Any]) -> None:
    files.fail(payload["media_id"], "unreachable")


def _shrink(payload: dict[str, Any]) -> None:
    """Make a small picture of a large one, with all of it in memory: 16 MB at most, and what Pillow unpacks of it."""
    large = files.find_large(payload["media_id"])
    if large is None:
        return
    file, made = large
    if made is None:
        small = make_thumbnail(b"".join(stores.read(file, 0, file.size)))
        if small is None:
            return
        made = keep(small.data, claimed=small.content_type).id
    files.attach_small(payload["media_id"], made)


def _sweep(_payload: dict[str, Any]) -> None:
    sweep()
    want_forgotten()
    forget_turns()


# A file that Twilio does not have at first is there some seconds later.
_SOON = timedelta(seconds=2)
HANDLERS = {
    FETCH: Handler(_fetch, pause=_SOON, patient=True, give_up=_give_up_fetching),
    SHRINK: Handler(_shrink, patient=True),
    SWEEP: Handler(_sweep, lease=timedelta(minutes=15), every=SWEEP_EVERY, patient=True),
    SYNC: Handler(_sync, lease=timedelta(minutes=10), every=SYNC_EVERY),
    CLOSING: Handler(_tell_closing, every=CLOSING_EVERY),
    PRICES: Handler(_prices, lease=timedelta(minutes=5), every=PRICES_EVERY),
    TEMPLATES: Handler(_sync_templates, every=TEMPLATES_EVERY),
    TELL: Handler(tell_everyone),
    DEVICE: Handler(tell_device, lease=timedelta(minutes=1)),
    ASSIGNED: Handler(tell_assigned),
    ASSIGNED_DEVICE: Handler(tell_assigned_device, lease=timedelta(minutes=1)),
    AGAIN: Handler(_tell_unanswered),
    WATCH: Handler(_tell_unanswered, every=WATCH_EVERY),
    MAIL: Handler(mail_unanswered),
}
