"""Quick replies: sentences that the whole office keeps at hand, deleted by one and brought back by another."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.extensions import LARGEST_INT, utcnow, writing
from app.formats import has_ink
from app.whatsapp.inbox.snippet_queries import DELETED_FOR, QuickReply
from app.whatsapp.messaging.forms import MAX_BODY


def keep_quick_reply(body: str) -> None:
    """Keep a sentence for the composer. Raises Invalid when it is empty or longer than a message may be."""
    body = body.replace("\x00", "").strip()
    if not has_ink(body) or len(body) > MAX_BODY:
        raise Invalid(_("Escribí la respuesta que querés guardar, de hasta 1600 caracteres."))
    with writing() as session:
        session.add(QuickReply(body=body))


def _find(session: Session, reply_id: int) -> QuickReply | None:
    return session.get(QuickReply, reply_id) if 0 < reply_id <= LARGEST_INT else None


def drop_quick_reply(reply_id: int, user_id: int | None = None) -> None:
    """Take a sentence away as `user_id`, for the office to bring back; one that is gone already stays gone.

    What was taken away longer ago than anybody is offered it goes for good.
    """
    now = utcnow()
    with writing() as session:
        reply = _find(session, reply_id)
        if reply is not None and reply.deleted_at is None:
            reply.deleted_at, reply.deleted_by_id = now, user_id
        session.execute(delete(QuickReply).where(QuickReply.deleted_at < now - DELETED_FOR))


def bring_back_quick_reply(reply_id: int) -> None:
    """Offer a sentence again that somebody took away, where it stood; one that is gone for good stays gone."""
    with writing() as session:
        reply = _find(session, reply_id)
        if reply is not None:
            reply.deleted_at = reply.deleted_by_id = None
