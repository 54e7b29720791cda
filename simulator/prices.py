"""What messages cost: nothing at first, then an amount below zero as text, as Twilio writes it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from simulator.records import Message

CURRENCY = "USD"
# Twilio's own fee for each message, in or out, and what WhatsApp takes for a template on top of it, in the window as
# well as outside. Since 1 October 2026 an answer within the 24 hours costs as much as a utility template, but for the
# first 1,000 of a number and month, which no simulated office uses up: they cost the fee alone.
FEE = Decimal("0.005")
TEMPLATES = {"MARKETING": Decimal("0.0618"), "UTILITY": Decimal("0.026"), "AUTHENTICATION": Decimal("0.026")}
COUNTED = ("delivered", "read", "received")


def price_of(message: Message, priced_after: float, now: datetime) -> str | None:
    """Return the price of a message that came to rest `priced_after` seconds ago, `-0.03100`; None before."""
    rested_at = message.updated_at or message.moment
    if message.status not in COUNTED or now - rested_at < timedelta(seconds=priced_after):
        return None
    return f"{-(FEE + TEMPLATES.get(message.category.upper(), Decimal(0))):.5f}"
