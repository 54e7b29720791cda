"""A template of WhatsApp as Twilio keeps it, and what its variables mean to the office."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base, utcnow


class Template(Base):
    """`types` are Twilio's (twilio/text, twilio/card...), `variables` its samples by name.

    `mapping` says, by an admin, which of the office's values each variable is: {"1": "client"}. `status` and `category`
    are WhatsApp's. `gone_at` is when Twilio had it no longer; its name is still needed for what was sent with it.
    """

    __tablename__ = "whatsapp_plantillas"

    id: Mapped[int] = mapped_column(primary_key=True)
    content_sid: Mapped[str] = mapped_column(String(34), unique=True)
    name: Mapped[str] = mapped_column(String(255), default="")
    language: Mapped[str] = mapped_column(String(20), default="")
    types: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    variables: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    mapping: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    category: Mapped[str] = mapped_column(String(20), default="")
    status: Mapped[str] = mapped_column(String(20), default="unsubmitted")
    rejection_reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    synced_at: Mapped[datetime] = mapped_column(default=utcnow)
    gone_at: Mapped[datetime | None]

    @property
    def unconfirmed(self) -> bool:
        """Tell whether Twilio was asked to create it and has not said yet that it did."""
        return not self.content_sid.startswith("HX")
