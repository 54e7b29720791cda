"""How costs are said on a screen."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from flask_babel import format_currency, format_date, format_decimal

from app.whatsapp.costs.categories import CATEGORIES, LABELS, RATED
from app.whatsapp.costs.chart import BAR, HEIGHT
from app.whatsapp.costs.months import Month

_CENT = Decimal("0.01")


def cost_places(amounts: Iterable[Decimal]) -> int:
    """Return how many places a column of `amounts` needs: two, and where one is below a cent, as many as that has."""
    small = (amount.normalize().as_tuple().exponent for amount in amounts if 0 < amount < _CENT)
    return max([2, *(-int(exponent) for exponent in small)])


def format_cost(amount: Decimal, currency: str, column: Iterable[Decimal] = ()) -> str:
    """Return an amount as people read it: US$ 12,50, or US$ 0,005. Those of one `column` have as many places each."""
    places = cost_places([amount, *column])
    return str(format_currency(amount, currency, format=f"¤ #,##0.{'0' * places}", currency_digits=False))


def format_price(amount: Decimal, currency: str) -> str:
    """Return what one message costs, with as many places as it has: US$ 0,0625."""
    return str(format_currency(amount, currency, format="¤ #,##0.00####", currency_digits=False))


def format_figure(amount: Decimal) -> str:
    """Return an amount as a chart has room for it: two places, or the first that are not zero."""
    return str(format_decimal(amount, "#,##0.00" if amount >= _CENT else "#,##0.00##"))


def format_month(month: Month) -> str:
    """Return `nov 2026`."""
    return str(format_date(month.first, "MMM y")).replace(".", "")


def format_month_short(month: Month) -> str:
    """Return `nov`."""
    return str(format_date(month.first, "MMM")).replace(".", "")


# What the templates of costs show beside their rows.
CONSTANTS = {
    "COST_CATEGORIES": CATEGORIES,
    "COST_LABELS": LABELS,
    "COST_RATED": RATED,
    "COST_HEIGHT": HEIGHT,
    "COST_BAR": BAR,
}
