"""How costs are said on a screen."""

from __future__ import annotations

from decimal import Decimal

from flask import Flask
from flask_babel import format_currency, format_date, format_decimal

from app.whatsapp.costs.categories import CATEGORIES, LABELS, RATED
from app.whatsapp.costs.chart import BAR, HEIGHT
from app.whatsapp.costs.months import Month


def format_cost(amount: Decimal, currency: str) -> str:
    """Return an amount as people read it, with as many places as it has: US$ 0,005."""
    return str(format_currency(amount, currency, format="¤ #,##0.00####", currency_digits=False))


def format_figure(amount: Decimal) -> str:
    """Return an amount as a chart has room for it: two places, or the first that are not zero."""
    return str(format_decimal(amount, "#,##0.00" if amount >= Decimal("0.01") else "#,##0.00##"))


def format_month(month: Month) -> str:
    """Return `nov 2026`."""
    return str(format_date(month.first, "MMM y")).replace(".", "")


def format_month_short(month: Month) -> str:
    """Return `nov`."""
    return str(format_date(month.first, "MMM")).replace(".", "")


def init_app(app: Flask) -> None:
    """Give these to `app`'s templates."""
    for function in (format_cost, format_figure, format_month, format_month_short):
        app.add_template_filter(function, function.__name__)
    app.jinja_env.globals.update(
        COST_CATEGORIES=CATEGORIES,
        COST_LABELS=LABELS,
        COST_RATED=RATED,
        COST_HEIGHT=HEIGHT,
        COST_BAR=BAR,
    )
