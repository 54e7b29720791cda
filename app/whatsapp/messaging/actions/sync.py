"""Asking Twilio what the webhooks did not tell: messages that never came, and what became of those we sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import and_, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.extensions import db, utcnow, writing
from app.formats import fold
from app.twilio import gateway
from app.twilio.client import Refused, RemoteMessage
from app.twilio.payloads import Address, Inbound, MediaItem, parse_address, type_of_media
from app.whatsapp import queries
from app.whatsapp.actions.conversation import fold_search_text, follow_event, mark_read_where, place_last
from app.whatsapp.attachments.actions.queue import want_all
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.contacts.actions.identify import find_or_make_contact
from app.whatsapp.costs.actions import record_price
from app.whatsapp.delivery import UNSETTLED
from app.whatsapp.identity import identity_of, same_contact
from app.whatsapp.messaging.actions.outcome import follow_outcome, is_news, record_outcome
from app.whatsapp.messaging.actions.receive import rows_of, store_inbound
from app.whatsapp.models import Message, SyncRun

log = logging.getLogger(__name__)

SYNC = "whatsapp.sync"  # The job that runs a sync.
FIRST_SYNC_REACHES_BACK = timedelta(days=30)
# Wider than GIVE_UP, so that whatever grows too old between two syncs is still within the second one's reach.
MARGIN = timedelta(hours=2)
# A send in flight is left alone for as long as it may still be waiting for Twilio's answer.
IN_FLIGHT = timedelta(minutes=2)
# What Twilio does not list after this long was never there.
GIVE_UP = timedelta(hours=1)
# Twilio keeps a message queued for at most four hours; a day later nothing more will come.
STALE_LIMIT = timedelta(days=1)


@dataclass
class SyncReport:
    """How many messages Twilio listed, and how many of them a sync saw, added and settled so far."""

    listed: int = 0
    seen: int = 0
    added: int = 0
    settled: int = 0
    missing: list[str] = field(default_factory=list)


def sync(progress: Callable[[SyncReport], None], since: datetime | None = None) -> SyncReport:
    """Bring in what Twilio has and we have not, since `since` or the last sync less a margin. Raises TwilioError.

    Each message is a transaction of its own, unique by its sid: two syncs at once, or one cut short, do no harm.
    """
    started_at, report, last = utcnow(), SyncReport(), _find_last_start()
    due = (last or started_at - FIRST_SYNC_REACHES_BACK) - MARGIN
    since = since or due
    with writing() as session:
        run = SyncRun(started_at=started_at)
        session.add(run)
    listed: list[RemoteMessage] = []
    for remote in gateway().list_since(since):
        listed.append(remote)
        report.listed = len(listed)
        progress(report)
    for remote in reversed(listed):
        report.seen += 1
        _take(remote, started_at, report)
        progress(report)
    _settle_stale(started_at, since, report)
    progress(report)
    with writing() as session:
        run = session.get_one(SyncRun, run.id)
        # One that was told to begin later leaves a gap behind it, which the next one still has to close.
        run.finished_at = utcnow() if last is None or since <= due else None
        run.seen_count, run.added_count, run.settled_count = report.seen, report.added, report.settled
    return report


def _find_last_start() -> datetime | None:
    latest = select(SyncRun.started_at).where(SyncRun.finished_at.is_not(None)).order_by(SyncRun.started_at.desc())
    return db.session.scalars(latest.limit(1)).first()


def _take(remote: RemoteMessage, started_at: datetime, report: SyncReport) -> None:
    known = queries.find_message_by_sid(remote.sid)
    if known is not None:
        if not known.inbound and is_news(known, remote.sid, remote.status):
            report.settled += _settle(known.id, remote)
        elif remote.price is not None and known.price is None:
            _keep_price(known.id, remote)
        return
    if parse_address(remote.from_number if remote.direction == "inbound" else remote.to_number) == Address():
        log.warning("Message without a known contact not synced", extra={"message_sid": remote.sid})
        return
    db.session.commit()  # Nothing stays open while Twilio answers.
    media = tuple(MediaItem(item.url, item.content_type) for item in _media_of(remote))
    try:
        with changing() as (session, change):
            if remote.direction == "inbound":
                stored = store_inbound(session, _inbound(remote, media), remote.created_at, change, utcnow())
                record_price(stored, remote)
                report.added += 1
                return
            lost = _find_lost(session, remote)
            if lost is not None:
                _write_outcome(session, lost, remote, change)
                report.settled += 1
            else:
                _store_outbound(session, remote, media, started_at, change)
                report.added += 1
    except IntegrityError:
        if queries.find_message_by_sid(remote.sid) is None:
            raise  # Otherwise a webhook, a callback or another sync was faster, and the message is here.


def _media_of(remote: RemoteMessage) -> list[MediaItem]:
    if not remote.num_media:
        return []
    try:
        return [MediaItem(item.url, item.content_type) for item in gateway().list_media(remote.sid)]
    except Refused as refused:
        if refused.http_status != 404:
            raise
        log.warning("File list of a message not at Twilio", extra={"message_sid": remote.sid})
        return []


def _inbound(remote: RemoteMessage, media: tuple[MediaItem, ...]) -> Inbound:
    # A list tells neither places nor reactions: a blank message is one that we cannot show.
    blank = "text" if remote.body.strip() else "unknown"
    return Inbound(
        message_sid=remote.sid,
        sender=parse_address(remote.from_number),
        from_number=remote.from_number,
        to_number=remote.to_number,
        type=type_of_media(media[0].content_type) if media else blank,
        body=remote.body.replace("\x00", ""),
        media=media,
    )


def _write_outcome(session: Session, message: Message, remote: RemoteMessage, change: int) -> bool:
    record_price(message, remote)
    changed = record_outcome(message, remote.sid, remote.status, remote.error_code, remote.error_message)
    if changed:
        follow_outcome(session, message, change, utcnow())
    return changed


def _keep_price(message_id: int, remote: RemoteMessage) -> None:
    with changing() as (session, _change):
        record_price(session.get_one(Message, message_id), remote)


def _settle(message_id: int, remote: RemoteMessage) -> bool:
    settled = False
    with changing() as (session, change):
        settled = _write_outcome(session, session.get_one(Message, message_id), remote, change)
        if not settled:
            raise Unchanged
    return settled


def _find_lost(session: Session, remote: RemoteMessage) -> Message | None:
    """Return our message whose answer from Twilio was lost, if `remote` is it: same contact, same words, same time.

    Of several the nearest in time; a template's words are not known here, so one is taken only for want of a text.
    """
    candidates = session.scalars(
        select(Message)
        .where(
            Message.direction == "outbound",
            Message.message_sid.is_(None),
            Message.status.in_(("unconfirmed", "queued")),
            # Twilio is asked as soon as the row is there: one of an hour ago is another message with the same words.
            Message.created_at.between(remote.created_at - IN_FLIGHT, remote.created_at + IN_FLIGHT),
        )
        .order_by(Message.id)
    )
    recipient = parse_address(remote.to_number)
    fitting = [
        message
        for message in candidates
        if same_contact(parse_address(message.to_number), recipient) and _same_words(message, remote)
    ]
    return min(
        fitting, key=lambda fit: (fit.template is not None, abs(fit.created_at - remote.created_at)), default=None
    )


def _same_words(message: Message, remote: RemoteMessage) -> bool:
    if message.template is not None:
        return True
    # A photo's caption is no text of its own, and photos without one all have the same words.
    return message.body.split() == remote.body.split() and bool(message.media) == bool(remote.num_media)


def _store_outbound(
    session: Session, remote: RemoteMessage, media: tuple[MediaItem, ...], started_at: datetime, change: int
) -> None:
    """Store what was sent with our number but not by us: from Twilio's console, or by another program.

    What this sync itself brought in and this one answered is no news any more. What staff had unread before stays so:
    the sender may be a program, which has read nothing.
    """
    now, sent_at = utcnow(), remote.sent_at or remote.created_at
    contact = find_or_make_contact(session, identity_of(parse_address(remote.to_number)), now)
    conversation = contact.conversation
    if contact in session.new:
        fold_search_text(conversation)
        session.flush()
    message = Message(
        conversation_id=conversation.id,
        contact_id=contact.id,
        coordinacion_id=follow_event(conversation, sent_at),
        direction="outbound",
        type=type_of_media(media[0].content_type) if media else "text",
        body=remote.body,
        search_text=fold(remote.body),
        from_number=remote.from_number,
        to_number=remote.to_number,
        status=remote.status,
        error_code=remote.error_code,
        error_message=remote.error_message,
        message_sid=remote.sid,
        sent_at=sent_at,
        change=change,
        media=rows_of(media),
    )
    record_price(message, remote)
    session.add(message)
    session.flush()
    want_all(session, message)
    place_last(session, conversation, message, change)
    answered = and_(Message.sent_at <= sent_at, Message.created_at >= started_at)
    mark_read_where(session, conversation, answered, now)


def _settle_stale(now: datetime, since: datetime, report: SyncReport) -> None:
    """Ask for each message of ours that is still on its way, and give up on those that Twilio never had.

    Only what was sent since `since` can be given up: for anything older the list was not asked.
    """
    accepted = and_(Message.message_sid.is_not(None), Message.created_at.between(now - STALE_LIMIT, now - IN_FLIGHT))
    untold = and_(Message.message_sid.is_(None), Message.created_at.between(since, now - GIVE_UP))
    stale = select(Message.id, Message.message_sid).where(
        Message.direction == "outbound", Message.status.in_(UNSETTLED), or_(accepted, untold)
    )
    rows = db.session.execute(stale.order_by(Message.id)).all()
    db.session.commit()
    for message_id, sid in rows:
        if sid is None:
            report.settled += _give_up(message_id)
            continue
        try:
            report.settled += _settle(message_id, gateway().fetch(sid))
        except Refused as refused:
            if refused.http_status != 404:
                raise
            report.missing.append(sid)


def _give_up(message_id: int) -> bool:
    given_up = False
    with changing() as (session, change):
        message = session.get_one(Message, message_id)
        given_up = message.message_sid is None and record_outcome(
            message, None, "failed", None, _("No llegó a salir. Mandalo de nuevo.")
        )
        if not given_up:
            raise Unchanged
        follow_outcome(session, message, change, utcnow())
    return given_up
