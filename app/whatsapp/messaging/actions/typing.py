"""What clients see of us: that their message was read, and that somebody is writing. Never in the way of anything.

Twilio has one call for both, so a client whose chat is opened sees "escribiendo…" for a moment too. It is made when
the answer has been sent, once, and whatever goes wrong with it is one line in the log.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from flask import Flask, Response, after_this_request, current_app, has_request_context
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.extensions import db, utcnow, writing
from app.twilio import gateway
from app.twilio.client import Refused, TwilioError
from app.whatsapp import queries
from app.whatsapp.models import Conversation, Message, TypingTurn

log = logging.getLogger(__name__)

# The indicator stays for 25 s: once in this while it is renewed, however many tabs write.
TYPING_EVERY = timedelta(seconds=20)
_OVER = timedelta(days=1)


def _may_show(conversation: Conversation, now: datetime) -> bool:
    turned_on = current_app.config["WHATSAPP_TYPING_INDICATOR"] and gateway().account.complete
    return bool(turned_on) and conversation.window_open(now)


def _find_latest_sid(conversation_id: int) -> str:
    """Return the sid of the last message that the client wrote, or nothing."""
    latest = select(Message.message_sid).where(
        Message.conversation_id == conversation_id, Message.direction == "inbound", Message.message_sid.is_not(None)
    )
    return db.session.scalar(latest.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1)) or ""


def note_seen(conversation: Conversation) -> None:
    """Tell the client, after the answer, that their last message was read, unless that was told already.

    In the transaction that counts it as read: `seen_sid` remembers it there.
    """
    if not has_request_context() or not _may_show(conversation, utcnow()):
        return
    sid = _find_latest_sid(conversation.id)
    if sid and sid != conversation.seen_sid:
        conversation.seen_sid = sid
        _after_answer(sid)


def note_typing(conversation_id: int) -> None:
    """Show the client, after the answer, that somebody is writing; at most once in a while. Raises NotFound."""
    conversation, now = queries.get_conversation(conversation_id), utcnow()
    if not _may_show(conversation, now):
        return
    sid = _find_latest_sid(conversation_id)
    if sid and _claim(conversation_id, now):
        _after_answer(sid)


def _claim(conversation_id: int, now: datetime) -> bool:
    """Return whether it is our turn: nobody, in whatever process, has taken it for a while."""
    try:
        with writing() as session:
            return _take_turn(session, conversation_id, now)
    except IntegrityError:  # Another was first, by a moment.
        return False


def _take_turn(session: Session, conversation_id: int, now: datetime) -> bool:
    last = session.get(TypingTurn, conversation_id, with_for_update=True)
    if last is None:
        session.add(TypingTurn(conversation_id=conversation_id, taken_at=now))
    elif now - last.taken_at < TYPING_EVERY:
        return False
    else:
        last.taken_at = now
    return True


def forget_turns() -> None:
    """Take away the turns that are long over: a conversation where nobody writes any more needs none."""
    over = delete(TypingTurn).where(TypingTurn.taken_at < utcnow() - _OVER)
    with writing() as session:
        session.execute(over.execution_options(synchronize_session=False))


def _after_answer(sid: str) -> None:
    """Make the call when the answer has been sent: a server's thread does it, and a function before it ends."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    @after_this_request
    def call_on_close(response: Response) -> Response:
        if app.config["JOBS_IN_THREAD"]:
            response.call_on_close(threading.Thread(target=_show, args=(app, sid), daemon=True).start)
        else:
            response.call_on_close(lambda: _show(app, sid))
        return response


def _show(app: Flask, sid: str) -> None:
    with app.app_context():
        try:
            gateway().show_typing(sid)
        except TwilioError as error:
            code = error.code if isinstance(error, Refused) else None
            fields = {"message_sid": sid, "error": type(error).__name__, "code": code}
            log.info("Typing indicator not shown", extra=fields)
