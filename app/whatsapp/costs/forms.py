"""The rates that an admin writes down: a price as people write it, and a currency by its three letters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _

from app.whatsapp.costs.categories import RATED

_PRICE = re.compile(r"\d{1,6}(?:[.,]\d{1,6})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class NewRate:
    """What an admin says that a message of `category` costs."""

    category: str
    price: Decimal
    currency: str


def parse_rates(form: Mapping[str, str]) -> tuple[list[NewRate], list[str], dict[str, str]]:
    """Return the rates in `form`, the categories that were left empty, and what is wrong, by field."""
    rates: list[NewRate] = []
    gone: list[str] = []
    errors: dict[str, str] = {}
    for category in RATED:
        price = form.get(f"price-{category}", "").replace(" ", "")
        currency = form.get(f"currency-{category}", "").strip().upper()
        if not price:
            gone.append(category)
            continue
        if not _PRICE.fullmatch(price) or not price.isascii():
            errors[f"price-{category}"] = _("Escribí un precio, como 0,0625.")
        elif not _CURRENCY.fullmatch(currency):
            errors[f"currency-{category}"] = _("Escribí la moneda con tres letras, como USD.")
        else:
            rates.append(NewRate(category, Decimal(price.replace(",", ".")), currency))
    return rates, gone, errors
