"""Who has a conversation before their eyes, and who types there.

A browser says so with each poll while its tab is in sight, in focus and in use; what is not renewed is over. No row is
written while nothing moves but time: one is renewed when it has half its life behind it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, ScalarSelect, String, case, cast, func, literal, select
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


@dataclass(frozen=True)
class Looker:
    """A person who has `conversation_id` open, and whether they are writing there."""

    conversation_id: int
    user_id: int
    typing: bool


def _typing(now: datetime) -> ColumnElement[str]:
    return case((Presence.typed_at > now - TYPING_LASTS, literal("t")), else_=literal(""))


def _together(*where: object, mark: ColumnElement[str]) -> ScalarSelect[str]:
    """Return a subquery that tells rows in one text, such as 12:3:t,15:4: for one statement that asks more."""
    line = cast(Presence.conversation_id, String) + ":" + cast(Presence.user_id, String) + ":" + mark
    return select(func.aggregate_strings(line, ",")).where(*where).scalar_subquery()  # type: ignore[arg-type]


def others_there(here: Collection[int], user_id: int, now: datetime) -> ScalarSelect[str]:
    """Return a subquery for who else has the conversations `here` open now; `parse_lookers` reads it."""
    alive = Presence.seen_at > now - LASTS
    return _together(Presence.conversation_id.in_(here), Presence.user_id != user_id, alive, mark=_typing(now))


def own_rows(session_id: str, now: datetime) -> ScalarSelect[str]:
    """Return a subquery for what a browser said last: each row with f for fresh, and t where somebody types."""
    fresh = case((Presence.seen_at > now - RENEWED_AFTER, literal("f")), else_=literal(""))
    return _together(Presence.session_id == session_id, mark=fresh + _typing(now))


def parse_lookers(told: str | None) -> list[Looker]:
    """Return who is there, in one order however the database told them; somebody with two browsers once."""
    typing: dict[tuple[int, int], bool] = {}
    for line in (told or "").split(","):
        if line:
            conversation_id, user_id, mark = line.split(":")
            key = (int(conversation_id), int(user_id))
            typing[key] = typing.get(key, False) or "t" in mark
    return [Looker(*key, typing=typing[key]) for key in sorted(typing)]


def needs_writing(told: str | None, here: Collection[int], typing: int | None) -> bool:
    """Tell whether what a browser says now differs from what it said last, or has to be renewed."""
    said = {int(line.split(":")[0]): line.split(":")[2] for line in (told or "").split(",") if line}
    wanted = {one: "ft" if one == typing else "f" for one in here}
    return said != wanted


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
