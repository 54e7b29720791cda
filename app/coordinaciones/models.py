"""The coordinación: the record of one event that staff prepare with its client."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, Time
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.auth.models import User
from app.extensions import Base, utcnow
from app.formats import fold
from app.phones import phone_key

EVENT_KINDS = ("wedding", "fifteenth", "birthday", "corporate", "graduation", "other")
STATES = ("quote", "missing_data", "in_preparation", "confirmed", "done", "cancelled")


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


class Coordinacion(Base):
    """One event and its client. `event_on` and `start_time` are the office's local day and hour.

    `phone` is E.164 as the client gave it; `phone_key` compares it with the numbers that WhatsApp gives, and
    `search_text` is what a search without accents looks into. Both follow from the other columns.
    """

    __tablename__ = "coordinaciones"
    __table_args__ = (
        _one_of("event_kind", EVENT_KINDS),
        _one_of("state", STATES),
        Index("ix_coordinaciones_archived_at_event_on", "archived_at", "event_on", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    client_name: Mapped[str] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(20))
    phone_key: Mapped[str | None] = mapped_column(String(20), index=True)
    event_kind: Mapped[str] = mapped_column(String(20), default="other")
    event_on: Mapped[date | None]
    start_time: Mapped[time | None] = mapped_column(Time)
    place: Mapped[str] = mapped_column(String(200), default="")
    dj_id: Mapped[int | None] = mapped_column(ForeignKey("usuarios.id", ondelete="SET NULL"), index=True)
    state: Mapped[str] = mapped_column(String(20), default="quote")
    notes: Mapped[str] = mapped_column(Text, default="")
    external_ref: Mapped[str | None] = mapped_column(String(120), unique=True)
    archived_at: Mapped[datetime | None]
    search_text: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    dj: Mapped[User | None] = relationship()

    @validates("phone")
    def _follow_phone(self, _name: str, phone: str | None) -> str | None:
        self.phone_key = phone_key(phone) if phone else None
        return phone

    def fold_search_text(self) -> None:
        """Bring `search_text` up to date; every action that writes a coordinación calls it."""
        parts = (self.title, self.client_name, self.place, self.phone, self.external_ref, self.notes)
        self.search_text = fold(" ".join(part for part in parts if part))
