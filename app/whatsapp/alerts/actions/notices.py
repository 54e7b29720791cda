"""Writing down what admins are to see: an account that sends nothing, until it does again, and what staff report."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.auth.models import User
from app.errors import NotFound
from app.extensions import utcnow
from app.twilio.codes import ACCOUNT_WIDE, REFUSED_AT_ONCE, Step
from app.whatsapp import queries
from app.whatsapp.alerts.notice_queries import Report, Trouble
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.delivery import ARRIVED, FAILED, RANK
from app.whatsapp.models import ChangeCounter, Message
from app.whatsapp.outcomes import find_failure


def _number(session: Session, change: int) -> None:
    """Write down that the notices change with the number `change`, so that each poll can tell."""
    numbered = update(ChangeCounter).where(ChangeCounter.id == 1).values(notices_change=change)
    session.execute(numbered.execution_options(synchronize_session=False))


def follow_trouble(session: Session, message: Message, change: int) -> None:
    """Raise the alarm when what became of `message` means that nothing goes out, and end it when something did.

    `change` was taken in the same transaction, so writers of the one row come one after another.
    """
    code = message.error_code
    if message.status in FAILED:
        if code is not None and code in ACCOUNT_WIDE:
            _raise(session, message, code, change)
    elif message.message_sid and RANK.get(message.status, -1) >= RANK["queued"]:
        _end(session, message, change)


def _raise(session: Session, message: Message, code: int, change: int) -> None:
    at = message.sent_at
    later = select(Message.id).where(
        Message.id > message.id, Message.direction == "outbound", Message.status.in_(("sent", *ARRIVED))
    )
    if session.scalar(later.limit(1)) is not None:
        return  # Old news: something has gone out since.
    trouble = session.get(Trouble, 1)
    if trouble is None:
        session.add(Trouble(id=1, code=code, since=at, last_at=at))
    elif (trouble.code, trouble.last_at) != (code, max(trouble.last_at, at)):
        trouble.code, trouble.last_at = code, max(trouble.last_at, at)
    else:
        return
    _number(session, change)


def _end(session: Session, message: Message, change: int) -> None:
    trouble = session.get(Trouble, 1)
    if trouble is None or message.sent_at <= trouble.last_at:
        return
    # That Twilio takes it says nothing yet of what WhatsApp does with it.
    if RANK[message.status] < RANK["sent"] and trouble.code not in REFUSED_AT_ONCE:
        return
    session.delete(trouble)
    session.flush()  # Whoever looks again in this transaction finds it gone.
    _number(session, change)


def tell_admins(message_id: int, by: User) -> None:
    """Ask the admins to look at why a message failed, once for each code. Raises NotFound where there is no reason."""
    name = by.name
    with changing() as (session, change):
        message = queries.get_message(message_id)
        found = find_failure(message)
        if found is None or found.step is not Step.TELL or message.error_code is None:
            raise NotFound
        if session.get(Report, message.error_code) is not None:
            raise Unchanged
        session.add(
            Report(
                code=message.error_code,
                reported_by=name,
                reported_at=utcnow(),
                conversation_id=message.conversation_id,
                sentence=found.sentence,
            )
        )
        _number(session, change)


def dismiss(code: int) -> None:
    """Take a report of staff off the admins' pages; one that is gone already stays gone."""
    with changing() as (session, change):
        report = session.get(Report, code)
        if report is None:
            raise Unchanged
        session.delete(report)
        _number(session, change)
