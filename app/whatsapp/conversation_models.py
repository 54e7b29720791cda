"""Conversations, and the contacts who talk in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from app.auth.models import User
from app.coordinaciones.models import Coordinacion
from app.extensions import Base, BigId, utcnow


class Conversation(Base):
    """A thread: all that was said with one or more contacts of WhatsApp. One contact is its own (`contact`).

    One that was joined to another (`joined_to_id`) holds no messages any more: its contact talks in the other, and its
    address leads there. It keeps what it is called and is about, for when it is separated. Where WhatsApp itself made
    its contact one with another's, it has none, and leads on for good.

    `answered_id` is the contact whom answers go to where that is not its own: whoever of the joined ones wrote last.
    `window_expires_at` and `opted_out` are those of whom answers go to (`answer`). `phone_number` is its own contact's
    (Contact.write_phone). `given_name` is the name that staff gave.
    `coordinacion_id` is the coordinación that new messages belong to, none included, when `coordinacion_chosen` says
    that staff chose it; else it is only what was nearest when the last message came.
    `assigned_to_id` is the person who looks after it, `assigned_by_id` the colleague who gave it to them, until they
    have seen so. `waiting_since` is when the client wrote what nobody has answered since; staff can say that nothing
    written until `done_at` has to be answered: `done_by_id` did, at `done_marked_at`, and `done_before_at` is what
    `done_at` was before, for taking it back.
    `closing_told_at` is when staff were told of a window that closes, `unanswered_told_at` when they were told again of
    the present wait; `seen_sid` is the last message that Twilio was told to be read.
    `former_id` is the conversation that keeps what was known of whoever had this number before another user id wrote
    from it (actions/doubts.py), while nobody has said yet whether that is another person.
    """

    __tablename__ = "whatsapp_conversaciones"
    __table_args__ = (
        CheckConstraint("unread_count >= 0", name="unread_count"),
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
    given_name: Mapped[str] = mapped_column(Text, default="")
    # No foreign keys here: a table that points at itself cannot be restored row by row, and contacts and messages
    # point here already: two tables that point at each other cannot be created in turn.
    joined_to_id: Mapped[int | None] = mapped_column(BigId, index=True)
    former_id: Mapped[int | None] = mapped_column(BigId)
    answered_id: Mapped[int | None] = mapped_column(BigId)
    last_message_id: Mapped[int | None] = mapped_column(BigId)
    search_text: Mapped[str] = mapped_column(Text, default="")
    last_message_at: Mapped[datetime] = mapped_column(default=utcnow)
    unread_count: Mapped[int] = mapped_column(default=0)
    window_expires_at: Mapped[datetime | None]
    opted_out: Mapped[bool] = mapped_column(default=False)
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
    change: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    # What its name is made of, so whoever reads a conversation reads it as well.
    contact: Mapped[Contact] = relationship(foreign_keys="Contact.home_id", back_populates="home", lazy="joined")
    other_answered: Mapped[Contact | None] = relationship(
        primaryjoin="foreign(Conversation.answered_id) == Contact.id", viewonly=True
    )
    former: Mapped[Conversation | None] = relationship(
        primaryjoin="foreign(Conversation.former_id) == remote(Conversation.id)", viewonly=True
    )
    coordinacion: Mapped[Coordinacion | None] = relationship()
    assigned_to: Mapped[User | None] = relationship(foreign_keys=[assigned_to_id])
    assigned_by: Mapped[User | None] = relationship(foreign_keys=[assigned_by_id])
    done_by: Mapped[User | None] = relationship(foreign_keys=[done_by_id])
    # A Message, whose types are made of these.
    last_message: Mapped[Any | None] = relationship(
        "Message", primaryjoin="foreign(Conversation.last_message_id) == Message.id", viewonly=True
    )

    @property
    def answered(self) -> Contact:
        """Whom answers go to: its own contact, or one that was joined to it and wrote last."""
        contact = self.other_answered or self.contact
        if contact is not None and self.id is not None and contact.conversation_id == self.id:
            set_committed_value(contact, "conversation", self)  # So that nobody asks for what is here.
        return contact

    def answer(self, contact: Contact) -> None:
        """Let answers go to `contact` from now on: the window and the opt-out here are its own then."""
        if contact.answered:
            return
        self.answer_nobody()
        elsewhere = None if contact is self.contact else contact
        self.answered_id = elsewhere.id if elsewhere else None
        set_committed_value(self, "other_answered", elsewhere)
        self.take_state(contact)

    def answer_nobody(self) -> None:
        """Give the window back to whom it is of, before its contacts talk elsewhere."""
        self.answered.kept_window_expires_at = self.window_expires_at
        self.window_expires_at, self.opted_out, self.answered_id = None, False, None
        set_committed_value(self, "other_answered", None)

    def take_state(self, contact: Contact) -> None:
        """Hold the window and the opt-out of `contact`, whom answers go to from now on."""
        self.window_expires_at, contact.kept_window_expires_at = contact.kept_window_expires_at, None
        self.opted_out = contact.opted_out

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
        return self.answered.address

    @property
    def phone(self) -> str | None:
        """The phone to show and to call, in E.164; None for somebody known by user id alone."""
        return self.answered.phone_number or self.contact.phone_number


class Contact(Base):
    """Somebody at WhatsApp, known by phone, by user id (BSUID), or by both, who talks in one conversation.

    `phone_number` is E.164 in the form that WhatsApp itself uses; `phone_key` makes it one contact however it is
    written. `home_id` is the conversation that is its own, `conversation_id` the one in which it talks: another, while
    staff have joined the two. `profile_name` is its name at WhatsApp.
    WhatsApp counts window and opt-out by contact. Each message of a client moves the window, and lists sort by it, so
    the conversation holds the one of whom answers go to; `kept_window_expires_at` is that of anybody else. The opt-out
    is here, and the conversation repeats it.
    `successor_id` is the contact that wrote from this one's number since, under another user id, while nobody has said
    whether that is another person; until then nothing is found by this user id. No foreign key, as above.
    """

    __tablename__ = "whatsapp_contactos"
    __table_args__ = (
        CheckConstraint("phone_key IS NOT NULL OR user_id IS NOT NULL", name="contact"),
        CheckConstraint("(phone_key IS NULL) = (phone_number IS NULL)", name="phone"),
        Index(
            "uq_whatsapp_contactos_user_id",
            "user_id",
            unique=True,
            sqlite_where=text("successor_id IS NULL"),
            postgresql_where=text("successor_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    home_id: Mapped[int] = mapped_column(ForeignKey("whatsapp_conversaciones.id"), unique=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("whatsapp_conversaciones.id"), index=True)
    phone_number: Mapped[str | None] = mapped_column(String(20))
    phone_key: Mapped[str | None] = mapped_column(String(20), unique=True)
    user_id: Mapped[str | None] = mapped_column(String(140))
    profile_name: Mapped[str] = mapped_column(Text, default="")
    kept_window_expires_at: Mapped[datetime | None] = mapped_column("window_expires_at")
    opted_out: Mapped[bool] = mapped_column(default=False)
    successor_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    home: Mapped[Conversation] = relationship(foreign_keys=[home_id], back_populates="contact")
    conversation: Mapped[Conversation] = relationship(foreign_keys=[conversation_id])
    successor: Mapped[Contact | None] = relationship(
        primaryjoin="foreign(Contact.successor_id) == remote(Contact.id)", viewonly=True
    )

    @property
    def address(self) -> str:
        """Where WhatsApp reaches this contact: a phone in E.164, or a user id such as AR.123."""
        return self.phone_number or self.user_id or ""

    @property
    def own(self) -> bool:
        """Whether this is its conversation's own contact, and was not joined to it."""
        return self.home_id == self.conversation_id

    @property
    def answered(self) -> bool:
        """Whether answers in its conversation go to this contact."""
        answered_id = self.conversation.answered_id
        return self.own if answered_id is None else answered_id == self.id

    @property
    def window_expires_at(self) -> datetime | None:
        """When this contact's window closes."""
        return self.conversation.window_expires_at if self.answered else self.kept_window_expires_at

    def set_window(self, expires_at: datetime | None) -> None:
        """Let this contact's window close then."""
        if self.answered:
            self.conversation.window_expires_at = expires_at
        else:
            self.kept_window_expires_at = expires_at

    def set_opted_out(self, opted_out: bool) -> None:
        """Keep whether this contact asked for no more messages."""
        self.opted_out = opted_out
        if self.answered:
            self.conversation.opted_out = opted_out

    def write_phone(self, phone: str | None, key: str | None) -> None:
        """Keep how WhatsApp writes this contact's number; its conversation repeats it."""
        if (phone, key) != (self.phone_number, self.phone_key):
            self.phone_number, self.phone_key = phone, key
            self.home.phone_number = phone
