"""The admin's page "Diagnóstico": what works, what does not, and what to do about it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.guard import person, require_admin
from app.doctor import actions
from app.doctor.checks import State
from app.doctor.report_queries import (
    examine_here,
    examine_outside,
    examine_twilio,
    is_anybody_to_ask,
    suggest_webhook_url,
)
from app.extensions import limiter
from app.htmx import see_other
from app.logs import without_passwords
from app.pages import render_page
from app.twilio.signature import status_url

bp = Blueprint("doctor", __name__, url_prefix="/settings/diagnosis")
bp.before_request(require_admin)

# Each look asks Twilio a few times.
limit_asking = limiter.limit("30 per minute", key_func=person)


def _ask_twilio() -> dict[str, Any]:
    lines, reception = examine_twilio()
    wrong = any(line.name == "reception" and line.state is State.BAD for line in lines)
    return {
        "lines": [*examine_outside(), *lines],
        "webhook_url": without_passwords(suggest_webhook_url()),
        "settable": wrong and reception is not None and reception.settable and actions.is_usable(),
    }


@bp.get("")
def show() -> ResponseReturnValue:
    house, way = examine_here()
    url = without_passwords(suggest_webhook_url())
    account = _ask_twilio() if request.args.get("twilio") else {}  # For browsers that run no scripts.
    return render_page(
        "doctor/show.html",
        house=house,
        way=way,
        askable=is_anybody_to_ask(),
        status_url=status_url(url),
        **({"webhook_url": url} | account),
    )


@bp.get("/twilio")
@limit_asking
def twilio() -> ResponseReturnValue:
    return render_template("doctor/_twilio.html", **_ask_twilio())


@bp.post("/twilio")
@limit_asking
def receive_here() -> ResponseReturnValue:
    actions.receive_here()
    return see_other(url_for(".show"))
