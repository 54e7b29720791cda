"""The admin's page "Costos", and what one coordinación cost beside its data."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from babel.numbers import get_decimal_symbol
from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from app.args import parse_int_arg
from app.auth.guard import require_admin, require_staff
from app.coordinaciones.queries import get_coordinacion
from app.htmx import see_other
from app.pages import render_page
from app.whatsapp.costs import queries
from app.whatsapp.costs.actions import keep_rates
from app.whatsapp.costs.categories import LABELS
from app.whatsapp.costs.chart import build_blocks
from app.whatsapp.costs.forms import parse_rates
from app.whatsapp.costs.months import last_months

bp = Blueprint("whatsapp_costs", __name__, url_prefix="/whatsapp/costs")
bp.before_request(require_admin)
pieces = Blueprint("whatsapp_cost_pieces", __name__, url_prefix="/whatsapp")
pieces.before_request(require_staff)

MONTHS = 12
EVENTS_PAGE = 20


def _rates_of(form: Mapping[str, str] | None) -> dict[str, str]:
    """Return what stands in the fields of the rates: what was just typed, else what is kept."""
    if form is not None:
        return dict(form)
    kept: dict[str, str] = {}
    for category, rate in queries.list_rates().items():
        kept[f"price-{category}"] = format(rate.price.normalize(), "f")
        kept[f"currency-{category}"] = rate.currency
    return kept


def _show(form: Mapping[str, str] | None = None, errors: dict[str, str] | None = None) -> str:
    months = last_months(MONTHS)
    page = parse_int_arg(request.args, "page", 1, 1, 10_000) or 1
    events = queries.list_event_totals(months, EVENTS_PAGE + 1, (page - 1) * EVENTS_PAGE)
    context: dict[str, Any] = {
        "months": months,
        "blocks": build_blocks(queries.list_sums(months), months),
        "unpriced": queries.count_unpriced(months),
        "events": events[:EVENTS_PAGE],
        "page": page,
        "more": len(events) > EVENTS_PAGE,
        "rates": _rates_of(form),
        "errors": errors or {},
        "kept": "kept" in request.args,
    }
    return render_page("whatsapp/costs/show.html", **context)


@bp.get("")
def show() -> ResponseReturnValue:
    return _show()


@bp.get("/costs.csv")
def table() -> Response:
    """Answer the same numbers for a spreadsheet: one line for each month, category and currency.

    Spreadsheets open what is written as their own country writes it: where decimals have a comma, fields have a
    semicolon between them. The mark at the beginning tells them that it is UTF-8.
    """
    comma = get_decimal_symbol(get_locale()) == ","
    written = io.StringIO()
    lines = csv.writer(written, delimiter=";" if comma else ",")
    lines.writerow([_("Mes"), _("Categoría"), _("Moneda"), _("Mensajes"), _("Costo")])
    for row in sorted(queries.list_sums(last_months(MONTHS)), key=lambda row: (row.month, row.currency, row.category)):
        cost = format(row.amount, "f")
        label = LABELS.get(row.category, LABELS["unknown"])
        lines.writerow([row.month, label, row.currency, row.count, cost.replace(".", ",") if comma else cost])
    response = make_response(written.getvalue().encode("utf-8-sig"))
    response.content_type = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="whatsapp-costs.csv"'
    return response


@bp.post("/rates")
def rates() -> ResponseReturnValue:
    new, gone, errors = parse_rates(request.form)
    if errors:
        return _show(request.form, errors), 422
    keep_rates(new, gone)
    return see_other(url_for(".show", kept=1, _anchor="rates"))


@pieces.get("/coordinaciones/<int:coordinacion_id>/cost")
def of_coordinacion(coordinacion_id: int) -> ResponseReturnValue:
    get_coordinacion(coordinacion_id)
    return render_template(
        "whatsapp/costs/_total.html",
        coordinacion_id=coordinacion_id,
        totals=queries.list_totals_of(coordinacion_id),
        unpriced=queries.count_unpriced_of(coordinacion_id),
    )
