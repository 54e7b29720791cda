"""What messages cost: what an admin says, for the estimate before there is a history, and how far Twilio was asked."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base, utcnow


class Rate(Base):
    """`price` of one message of `category` (service, utility, marketing, authentication), in `currency` (ISO 4217)."""

    __tablename__ = "whatsapp_tarifas"

    category: Mapped[str] = mapped_column(String(20), primary_key=True)
    price: Mapped[Decimal] = mapped_column(Numeric(12, 6))
    currency: Mapped[str] = mapped_column(String(3))
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)


class PriceRound(Base):
    """The one row that says how far the last round of asking for prices came: the next begins behind `message_id`."""

    __tablename__ = "whatsapp_rondas_de_precios"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"), {"info": {"backup": "left out"}})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ended_at: Mapped[datetime]
    message_id: Mapped[int] = mapped_column(BigInteger)  # 0: from the beginning. No foreign key: it may be gone.
