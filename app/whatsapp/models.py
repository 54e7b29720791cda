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


class ChangeCounter(Base):
    """The one row that numbers changes. Writers take its lock first, so numbers come in the order of commits."""

    __tablename__ = "cambios"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"), {"info": {"backup": "seeded"}})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger, default=0)
    notices_change: Mapped[int] = mapped_column(BigInteger, default=0)  # With which the notices changed last.


class Conversation(Base):
    """All that was said with one contact of WhatsApp, who is known by phone, by user id (BSUID), or by both.

    `phone_number` is E.164 in the form that WhatsApp itself uses, which answers go to; `phone_key` makes it one contact
    however it is written. `coordinacion_id` is the coordinación that new messages belong to, none included, when
    `coordinacion_chosen` says that staff chose it; else it is only what was nearest when the last message came.

    One that was joined to another (`joined_to_id`) holds no messages any more, only its contact, so that what comes
    from there goes to the other. `answer_to` is where answers go when that is not this row's own contact: to whichever
    of the joined ones wrote last, whose window `window_expires_at` then is. `given_name` is the name that staff gave.
    While answers go elsewhere, this row's own window and opt-out wait in `own_window_expires_at` and `own_opted_out`.
    `assigned_to_id` is the person who looks after it, `assigned_by_id` the colleague who gave it to them, until they
    have seen so. `waiting_since` is when the client wrote what nobody has answered since; staff can say that nothing
    written until `done_at` has to be answered: `done_by_id` did, at `done_marked_at`, and `done_before_at` is what
    `done_at` was before, for taking it back.
    `closing_told_at` is when staff were told of a window that closes, `unanswered_told_at` when they were told again of
    the present wait; `seen_sid` is the last message that Twilio was told to be read.
    `former` is what was known of whoever had this number before another user id wrote from it (actions/doubts.py),
    while nobody has said yet whether that is another person.
    """

    __tablename__ = "whatsapp_conversaciones"
    __table_args__ = (
        CheckConstraint("unread_count >= 0", name="unread_count"),
        CheckConstraint("phone_key IS NOT NULL OR user_id IS NOT NULL OR joined_to_id IS NOT NULL", name="contact"),
        CheckConstraint("(phone_key IS NULL) = (phone_number IS NULL)", name="phone"),
        Index("ix_whatsapp_conversaciones_newest", "last_message_at", "id"),
        Index("ix_whatsapp_conversaciones_window", "window_expires_at"),
        Index(
            "ix_whatsapp_conversaciones_waiting",
            "waiting_since",
            sqlite_where=text("waiting_since IS NOT NULL"),
            postgresql_where=text("waiting_since IS NOT NULL"),
        ),
        Index(
            "ix_whatsapp_conversaciones_unread",
            "unread_count",
            sqlite_where=text("unread_count > 0"),
            postgresql_where=text("unread_count > 0"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    coordinacion_id: Mapped[int | None] = mapped_column(
        ForeignKey("coordinaciones.id", ondelete="SET NULL"), index=True
    )
    coordinacion_chosen: Mapped[bool] = mapped_column(default=False)
    phone_number: Mapped[str | None] = mapped_column(String(20))
    phone_key: Mapped[str | None] = mapped_column(String(20), unique=True)
    user_id: Mapped[str | None] = mapped_column(String(140), unique=True)
    profile_name: Mapped[str] = mapped_column(Text, default="")
    given_name: Mapped[str] = mapped_column(Text, default="")
    # No foreign key: a table that points at itself cannot be restored row by row. Conversations are never deleted.
    joined_to_id: Mapped[int | None] = mapped_column(BigId, index=True)
    answer_to: Mapped[str | None] = mapped_column(String(150))
    search_text: Mapped[str] = mapped_column(Text, default="")
    # No foreign key: messages already point here, and two tables that point at each other cannot be created in turn.
    last_message_id: Mapped[int | None] = mapped_column(BigId)
    last_message_at: Mapped[datetime] = mapped_column(default=utcnow)
    unread_count: Mapped[int] = mapped_column(default=0)
    window_expires_at: Mapped[datetime | None]
    opted_out: Mapped[bool] = mapped_column(default=False)
    own_window_expires_at: Mapped[datetime | None]
    own_opted_out: Mapped[bool] = mapped_column(default=False)
    assigned_to_id: Mapped[int | None] = mapped_column(ForeignKey("usuarios.id", ondelete="SET NULL"), index=True)
    assigned_by_id: Mapped[int | None] = mapped_column(ForeignKey("usuarios.id", ondelete="SET NULL"), index=True)
    waiting_since: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("usuarios.id", ondelete="SET NULL"), index=True)
    done_marked_at: Mapped[datetime | None]
    done_before_at: Mapped[datetime | None]
    closing_told_at: Mapped[datetime | None]
    unanswered_told_at: Mapped[datetime | None]
    seen_sid: Mapped[str] = mapped_column(String(34), default="")
    former: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    change: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    coordinacion: Mapped[Coordinacion | None] = relationship()
    assigned_to: Mapped[User | None] = relationship(foreign_keys=[assigned_to_id])
    assigned_by: Mapped[User | None] = relationship(foreign_keys=[assigned_by_id])
    done_by: Mapped[User | None] = relationship(foreign_keys=[done_by_id])
    last_message: Mapped[Message | None] = relationship(
        primaryjoin="foreign(Conversation.last_message_id) == Message.id", viewonly=True
    )

    def window_open(self, now: datetime) -> bool:
        """Tell whether free text may be sent at `now`: within 24 hours of the client's last message."""
        return self.window_expires_at is not None and now < self.window_expires_at

    @property
    def settled(self) -> bool:
        """Whether staff said that the last word here wants no answer: not once anybody wrote after it."""
        done = self.done_at
        return self.done_marked_at is not None and done is not None and self.last_message_at <= done

    def forget_who_settled(self) -> None:
        """Forget who said that nothing has to be answered; up to when that is so stays."""
        self.done_by_id = self.done_marked_at = self.done_before_at = None

    def writing_state(self, now: datetime) -> str:
        """Return whether staff may write freely at `now`: open, closed (the 24 hours are over) or opted_out."""
        return "opted_out" if self.opted_out else "open" if self.window_open(now) else "closed"

    @property
    def address(self) -> str:
        """Where answers go: a phone in E.164, or a user id such as AR.123."""
        return self.answer_to or self.own_address

    @property
    def own_address(self) -> str:
        """Where WhatsApp reaches this row's own contact, whoever else was joined to it."""
        return self.phone_number or self.user_id or ""

    @property
    def phone(self) -> str | None:
        """The phone to show and to call, in E.164; None for somebody known by user id alone."""
        return self.answer_to if self.answer_to and self.answer_to.startswith("+") else self.phone_number


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
    `retry_of_id` is the failed message that it tries again. `joined_from_id` is the conversation it came to, where that
    was joined to this.
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
    joined_from_id: Mapped[int | None] = mapped_column(
        ForeignKey("whatsapp_conversaciones.id", ondelete="SET NULL"), index=True
    )
    sent_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    change: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    conversation: Mapped[Conversation] = relationship(foreign_keys=[conversation_id])
    coordinacion: Mapped[Coordinacion | None] = relationship()
    author: Mapped[User | None] = relationship()
    media: Mapped[list[Media]] = relationship(order_by="Media.position", cascade="all, delete-orphan")

    @property
    def inbound(self) -> bool:
        return self.direction == "inbound"


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
