"""What an admin says a message costs, for the estimate before there is a history to learn it from."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base, utcnow


class Rate(Base):
    """`price` of one message of `category` (service, utility, marketing, authentication), in `currency` (ISO 4217)."""

    __tablename__ = "whatsapp_tarifas"

    category: Mapped[str] = mapped_column(String(20), primary_key=True)
    price: Mapped[Decimal] = mapped_column(Numeric(12, 6))
    currency: Mapped[str] = mapped_column(String(3))
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)
