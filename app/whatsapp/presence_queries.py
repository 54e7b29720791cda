"""Who has a conversation before their eyes, and who types there.

A browser says so with each poll while its tab is in sight, in focus and in use; what is not renewed is over. No row is
written while nothing moves but time: one is renewed when it has half its life behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, and_, or_, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from app.auth.models import User
from app.extensions import Base, db

# Three polls of an open page, and some.
LASTS = timedelta(seconds=20)
RENEWED_AFTER = timedelta(seconds=10)
TYPING_LASTS = timedelta(seconds=12)
MOST = 20  # Conversations that one browser can have open at once.


class Presence(Base):
    """A browser (its session) that has a conversation open before somebody's eyes, and when they last typed there.

    Rows are renewed by that browser's poll and mean nothing once they are old.
    """

    __tablename__ = "presencias"
    __table_args__ = {"info": {"backup": "left out"}}

    session_id: Mapped[str] = mapped_column(String(32), ForeignKey("sesiones.id", ondelete="CASCADE"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("whatsapp_conversaciones.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("usuarios.id", ondelete="CASCADE"), index=True)
    seen_at: Mapped[datetime]
    typed_at: Mapped[datetime | None]

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the row has more than half its life before it."""
        return self.seen_at > now - RENEWED_AFTER

    def is_typing(self, now: datetime) -> bool:
        """Tell whether somebody types there."""
        return self.typed_at is not None and self.typed_at > now - TYPING_LASTS


@dataclass(frozen=True)
class Looker:
    """A person who has `conversation_id` open, and whether they are writing there."""

    conversation_id: int
    user_id: int
    typing: bool


def asked_of(session_id: str, user_id: int, here: Collection[int], now: datetime) -> ColumnElement[bool]:
    """Return the condition for the rows that a poll asks for.

    These are what its browser said last, and who else than `user_id` has the conversations `here` open at `now`.
    """
    own = Presence.session_id == session_id
    others = Presence.conversation_id.in_(here), Presence.user_id != user_id, Presence.seen_at > now - LASTS
    return or_(own, and_(*others)) if here else own


def list_others(rows: Iterable[Presence], user_id: int, now: datetime) -> list[Looker]:
    """Return who else is there, in one order however the database told them; somebody with two browsers once."""
    typing: dict[tuple[int, int], bool] = {}
    for row in rows:
        if row.user_id != user_id:
            key = (row.conversation_id, row.user_id)
            typing[key] = typing.get(key, False) or row.is_typing(now)
    return [Looker(*key, typing=typing[key]) for key in sorted(typing)]


def needs_writing(own: Iterable[Presence], here: Collection[int], typing: int | None, now: datetime) -> bool:
    """Tell whether what a browser says at `now` differs from its `own` rows, or one has to be renewed."""
    stored = {(row.conversation_id, row.is_fresh(now), row.is_typing(now)) for row in own}
    return stored != {(conversation_id, True, conversation_id == typing) for conversation_id in here}


def who_is_looking(conversation_id: int, now: datetime) -> set[int]:
    """Return the ids of those who have a conversation open and in focus."""
    alive = Presence.conversation_id == conversation_id, Presence.seen_at > now - LASTS
    return set(db.session.scalars(select(Presence.user_id).where(*alive)))


def names_of(lookers: Collection[Looker]) -> dict[int, str]:
    """Return what the people among `lookers` are called, by id."""
    ids = {looker.user_id for looker in lookers}
    if not ids:
        return {}
    found = db.session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {int(user_id): str(name) for user_id, name in found}
