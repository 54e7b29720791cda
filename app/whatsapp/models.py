"""Conversations, their messages, and the one sequence that numbers every change of either."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, Numeric, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.auth.models import User
from app.coordinaciones.models import Coordinacion
from app.extensions import Base, BigId, utcnow
from app.media.models import File
from app.whatsapp.conversation_models import Contact, Conversation

__all__ = [
    "ChangeCounter",
    "Contact",
    "Conversation",
    "Distinct",
    "Media",
    "Message",
    "SyncRun",
    "TypingTurn",
]


class ChangeCounter(Base):
    """The one row that numbers changes. Writers take its lock first, so numbers come in the order of commits."""

    __tablename__ = "cambios"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"), {"info": {"backup": "seeded"}})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger, default=0)
    notices_change: Mapped[int] = mapped_column(BigInteger, default=0)  # With which the notices changed last.


class TypingTurn(Base):
    """When a client was last shown that somebody writes to them: one turn for all tabs and servers, kept for a day."""

    __tablename__ = "whatsapp_turnos"
    __table_args__ = {"info": {"backup": "left out"}}

    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("whatsapp_conversaciones.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    taken_at: Mapped[datetime]


class Message(Base):
    """One message, in or out. `sent_at` is its place in the conversation: when its sender sent it.

    `status` is "received", or what became of what we sent: record_outcome moves it on, as delivery.RANK orders it.
    `read_at` is when the client read an outbound message, or when staff read an inbound one. `payload` keeps what
    Twilio sent with it beyond the columns here, as it came. `opt_out_choice` is what a client's message was taken for:
    STOP, START or nothing. With one that `began_doubt` another user id wrote from the same number for the first time.
    `price` is what Twilio took for it, in `price_unit` (ISO 4217), once that is known; `category` is its template's.
    `retry_of_id` is the failed message that it tries again. `contact_id` is whom it was exchanged with, whichever
    conversation it is in.
    """

    __tablename__ = "whatsapp_mensajes"
    __table_args__ = (
        CheckConstraint("direction IN ('inbound', 'outbound')", name="direction"),
        Index("ix_whatsapp_mensajes_thread", "conversation_id", "sent_at", "id"),
        Index("ix_whatsapp_mensajes_changes", "conversation_id", "change"),
        Index("ix_whatsapp_mensajes_history", "coordinacion_id", "sent_at", "id"),
        Index(
            "ix_whatsapp_mensajes_unread",
            "conversation_id",
            "coordinacion_id",
            sqlite_where=text("direction = 'inbound' AND read_at IS NULL"),
            postgresql_where=text("direction = 'inbound' AND read_at IS NULL"),
        ),
        Index(
            "ix_whatsapp_mensajes_reactions",
            "reply_to_sid",
            sqlite_where=text("type = 'reaction'"),
            postgresql_where=text("type = 'reaction'"),
        ),
        Index(
            "ix_whatsapp_mensajes_unsettled",
            "created_at",
            sqlite_where=text("status IN ('queued', 'unconfirmed', 'accepted', 'scheduled', 'sending', 'sent')"),
            postgresql_where=text("status IN ('queued', 'unconfirmed', 'accepted', 'scheduled', 'sending', 'sent')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("whatsapp_conversaciones.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("whatsapp_contactos.id"), index=True)
    coordinacion_id: Mapped[int | None] = mapped_column(ForeignKey("coordinaciones.id", ondelete="SET NULL"))
    direction: Mapped[str] = mapped_column(String(10))
    type: Mapped[str] = mapped_column(String(20), default="text")
    body: Mapped[str] = mapped_column(Text, default="")
    search_text: Mapped[str] = mapped_column(Text, default="")
    from_number: Mapped[str] = mapped_column(String(150))
    to_number: Mapped[str] = mapped_column(String(150))
    status: Mapped[str] = mapped_column(String(20))
    error_code: Mapped[int | None]
    error_message: Mapped[str] = mapped_column(Text, default="")
    message_sid: Mapped[str | None] = mapped_column(String(34), unique=True)
    # Of the message that Twilio sent in place of this failed one; once that one tells, the failed one's.
    other_sid: Mapped[str | None] = mapped_column(String(34), index=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(255), unique=True)
    request_digest: Mapped[str] = mapped_column(String(64), default="")
    author_id: Mapped[int | None] = mapped_column(ForeignKey("usuarios.id", ondelete="SET NULL"), index=True)
    template: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    location: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    reply_to_sid: Mapped[str | None] = mapped_column(String(34))
    payload: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    opt_out_choice: Mapped[str] = mapped_column(String(5), default="")
    began_doubt: Mapped[bool] = mapped_column(default=False)
    price: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    price_unit: Mapped[str] = mapped_column(String(3), default="")
    category: Mapped[str] = mapped_column(String(20), default="")
    retry_of_id: Mapped[int | None] = mapped_column(BigId, index=True)  # Without a foreign key, as above.
    sent_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    change: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    conversation: Mapped[Conversation] = relationship()
    contact: Mapped[Contact] = relationship()
    coordinacion: Mapped[Coordinacion | None] = relationship()
    author: Mapped[User | None] = relationship()
    media: Mapped[list[Media]] = relationship(order_by="Media.position", cascade="all, delete-orphan")

    @property
    def inbound(self) -> bool:
        return self.direction == "inbound"

    @property
    def party(self) -> Contact:
        """Whom it was exchanged with, as far as anybody knows: who has the number now, while that is in doubt."""
        return self.contact.successor or self.contact


class Media(Base):
    """A file of a message, in its order. `url` is where Twilio keeps what came in, and empty for what we sent.

    `state`: remote (not fetched yet), stored (`file` is ours, `thumbnail` a small picture of it where it has one) or
    failed (`error` says why, in a word; `attempts` were made). `details` is what was read in it, such as the people
    of a contact card.
    """

    __tablename__ = "whatsapp_medios"
    __table_args__ = (Index("uq_whatsapp_medios_message_id_position", "message_id", "position", unique=True),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("whatsapp_mensajes.id", ondelete="CASCADE"))
    position: Mapped[int]
    url: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(String(120), default="")
    filename: Mapped[str] = mapped_column(String(255), default="")
    size: Mapped[int | None]
    file_id: Mapped[int | None] = mapped_column(ForeignKey("archivos.id", ondelete="SET NULL"), index=True)
    thumbnail_id: Mapped[int | None] = mapped_column(ForeignKey("archivos.id", ondelete="SET NULL"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="remote")
    error: Mapped[str] = mapped_column(String(40), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    file: Mapped[File | None] = relationship(foreign_keys=[file_id])
    thumbnail: Mapped[File | None] = relationship(foreign_keys=[thumbnail_id])


class Distinct(Base):
    """Two conversations that staff said are not one person, however alike their numbers; `first_id` is the lower."""

    __tablename__ = "whatsapp_distintas"

    first_id: Mapped[int] = mapped_column(
        ForeignKey("whatsapp_conversaciones.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    second_id: Mapped[int] = mapped_column(
        ForeignKey("whatsapp_conversaciones.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )


class SyncRun(Base):
    """How far `flask whatsapp sync` has come: the next run starts here, less a margin."""

    __tablename__ = "whatsapp_sincronizaciones"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    seen_count: Mapped[int] = mapped_column(default=0)
    added_count: Mapped[int] = mapped_column(default=0)
    settled_count: Mapped[int] = mapped_column(default=0)
