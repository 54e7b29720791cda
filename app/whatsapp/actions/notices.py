"""Writing down what admins are to see: an account that sends nothing, until it does again, and what staff report."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.models import User
from app.errors import NotFound
from app.extensions import utcnow
from app.jobs.models import Heartbeat
from app.twilio.codes import ACCOUNT_WIDE, REFUSED_AT_ONCE, Step
from app.whatsapp import queries
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.delivery import ARRIVED, FAILED, RANK
from app.whatsapp.models import Message
from app.whatsapp.notices import NOTICES
from app.whatsapp.outcomes import find_failure


def _read(session: Session) -> dict[str, Any]:
    row = session.get(Heartbeat, NOTICES, populate_existing=True)
    return dict(row.detail) if row else {}


def _write(session: Session, detail: dict[str, Any], change: int) -> None:
    session.merge(Heartbeat(name=NOTICES, at=utcnow(), detail={**detail, "change": change}))


def follow_trouble(session: Session, message: Message, change: int) -> None:
    """Raise the alarm when what became of `message` means that nothing goes out, and end it when something did.

    `change` was taken in the same transaction, so writers of the one row come one after another.
    """
    if message.status in FAILED:
        if message.error_code in ACCOUNT_WIDE:
            _raise(session, message, change)
    elif message.message_sid and RANK.get(message.status, -1) >= RANK["queued"]:
        _end(session, message, change)


def _raise(session: Session, message: Message, change: int) -> None:
    later = select(Message.id).where(
        Message.id > message.id, Message.direction == "outbound", Message.status.in_(("sent", *ARRIVED))
    )
    if session.scalar(later.limit(1)) is not None:
        return  # Old news: something has gone out since.
    detail, at = _read(session), message.sent_at.isoformat()
    before = detail.get("trouble") or {"since": at, "at": at}
    trouble = {"code": message.error_code, "since": before["since"], "at": max(before["at"], at)}
    if trouble != detail.get("trouble"):
        _write(session, {**detail, "trouble": trouble}, change)


def _end(session: Session, message: Message, change: int) -> None:
    detail = _read(session)
    trouble = detail.get("trouble")
    if not trouble or message.sent_at.isoformat() <= trouble["at"]:
        return
    # That Twilio takes it says nothing yet of what WhatsApp does with it.
    if RANK[message.status] < RANK["sent"] and trouble["code"] not in REFUSED_AT_ONCE:
        return
    _write(session, {**detail, "trouble": None}, change)


def tell_admins(message_id: int, by: User) -> None:
    """Ask the admins to look at why a message failed, once for each code. Raises NotFound where there is no reason."""
    name = by.name
    with changing() as (session, change):
        message = queries.get_message(message_id)
        found = find_failure(message)
        if found is None or found.step is not Step.TELL:
            raise NotFound
        detail, code = _read(session), str(message.error_code)
        told = detail.get("told", {})
        if code in told:
            raise Unchanged
        notice = {
            "by": name,
            "at": utcnow().isoformat(),
            "conversation_id": message.conversation_id,
            "sentence": found.sentence,
        }
        _write(session, {**detail, "told": {**told, code: notice}}, change)


def dismiss(code: int) -> None:
    """Take a report of staff off the admins' pages; one that is gone already stays gone."""
    with changing() as (session, change):
        detail = _read(session)
        told = {key: one for key, one in detail.get("told", {}).items() if key != str(code)}
        if told == detail.get("told", {}):
            raise Unchanged
        _write(session, {**detail, "told": told}, change)
