"""Quick replies: sentences that the whole office keeps at hand, and what is read of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Text, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from app.auth.models import User
from app.extensions import Base, db, utcnow

# How long a deleted one can be brought back.
DELETED_FOR = timedelta(days=30)


class QuickReply(Base):
    """A sentence that staff send often, offered in the composer until somebody deletes it, and for a while again."""

    __tablename__ = "respuestas_rapidas"

    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    deleted_at: Mapped[datetime | None]
    deleted_by_id: Mapped[int | None] = mapped_column(ForeignKey("usuarios.id", ondelete="SET NULL"), index=True)

    deleted_by: Mapped[User | None] = relationship()


def list_quick_replies() -> list[QuickReply]:
    """Return the sentences that staff send often."""
    return list(db.session.scalars(select(QuickReply).where(QuickReply.deleted_at.is_(None)).order_by(QuickReply.id)))


def list_deleted_quick_replies() -> list[QuickReply]:
    """Return the sentences that somebody deleted within `DELETED_FOR`, the last one first, with who did."""
    lately = QuickReply.deleted_at >= utcnow() - DELETED_FOR
    newest = select(QuickReply).options(joinedload(QuickReply.deleted_by)).where(lately)
    return list(db.session.scalars(newest.order_by(QuickReply.deleted_at.desc(), QuickReply.id)))
