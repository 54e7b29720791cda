"""What Twilio brings: a client's message, and news of ours."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.extensions import db, utcnow
from app.twilio.payloads import Inbound, StatusUpdate, parse_address
from app.whatsapp import queries
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.delivery import RANK
from app.whatsapp.identity import same_contact
from app.whatsapp.messaging.actions.fill import fill_up
from app.whatsapp.messaging.actions.inbound import store_inbound
from app.whatsapp.messaging.actions.outcome import claim_sid, follow_outcome, is_news, record_outcome
from app.whatsapp.models import Message

log = logging.getLogger(__name__)


def receive(inbound: Inbound) -> Message | None:
    """Store a client's message, once; a webhook that comes again changes nothing and gives None.

    One whose message a sync brought first gives None too, and fills up what a list does not tell.
    """
    now = utcnow()
    try:
        with changing() as (session, change):
            return store_inbound(session, inbound, now, change, now)
    except IntegrityError:
        if queries.find_message_by_sid(inbound.message_sid) is None:
            raise
        if fill_up(inbound):
            log.info("Webhook completed a synced message", extra={"message_sid": inbound.message_sid})
        else:
            log.info("Webhook repeated", extra={"message_sid": inbound.message_sid})
        return None


def _find(session: Session, update: StatusUpdate) -> Message | None:
    """Return the message of a callback: by Twilio's sid, else by our id in its URL when that one has no sid yet.

    The second is how a send heals whose answer was lost; a row that a sync made of it meanwhile gives way to ours.
    """
    ours = select(Message).where(Message.direction == "outbound")
    found = session.scalar(ours.where(Message.message_sid == update.message_sid))
    if found is None:
        found = session.scalar(ours.where(Message.other_sid == update.message_sid).limit(1))
    if update.message_id is None or (found is not None and found.idempotency_key is not None):
        return found
    mine = session.get(Message, update.message_id)
    # It may have got that very sid since the first look: its send was answered in between.
    if mine is None or mine.inbound or mine.message_sid not in (None, update.message_sid):
        return found
    return mine if same_contact(parse_address(mine.to_number), parse_address(update.to_number)) else found


def apply_status(update: StatusUpdate) -> bool:
    """Move our message on to what a callback says; return whether anything changed.

    Late, doubled and out-of-order callbacks change nothing, and take no number of the sequence.
    """
    known = _find(db.session(), update)
    to_claim = known is not None and known.message_sid is None and known.other_sid != update.message_sid
    if known is None or not (to_claim or is_news(known, update.message_sid, update.status)):
        if known is None:
            log.info("Status callback for an unknown message", extra={"message_sid": update.message_sid})
        return False
    changed = False
    with changing() as (session, change):
        message = session.get(Message, known.id, populate_existing=True)
        sids = (None, update.message_sid)
        if message is None or (message.message_sid not in sids and message.other_sid not in sids[1:]):
            raise Unchanged  # It gave way to another between the look and the lock.
        if message.message_sid is None or message.other_sid == update.message_sid:
            claim_sid(session, message, update.message_sid, change)
        status = update.status if update.status in RANK else message.status
        changed = record_outcome(message, update.message_sid, status, update.error_code, update.error_message)
        if not changed:
            raise Unchanged
        follow_outcome(session, message, change, utcnow())
    return changed
