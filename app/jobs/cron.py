"""The door for whoever comes by at fixed times (Vercel's cron, a crontab with curl): do what is due."""

from __future__ import annotations

import hmac
from datetime import timedelta

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from app.errors import Forbidden
from app.extensions import utcnow
from app.jobs import actions, queries

bp = Blueprint("cron", __name__, url_prefix="/internal/cron")

# Vercel ends a function after 60 seconds (vercel.json), and a job that has begun needs some of them.
BUDGET = timedelta(seconds=40)


def require_cron() -> None:
    """Let in who shows CRON_SECRET as Bearer, as Vercel's cron does; nobody when it is not set."""
    if request.method == "OPTIONS":
        return
    secret = str(current_app.config["CRON_SECRET"])
    shown = request.headers.get("Authorization", "")
    if not secret or not hmac.compare_digest(shown.encode(), f"Bearer {secret}".encode()):
        raise Forbidden


bp.before_request(require_cron)


@bp.get("/run")
def run() -> ResponseReturnValue:
    """Do what is due; called twice, or at the same time as a worker, it does no harm."""
    actions.beat("cron")
    actions.ensure_periodic()
    report = actions.run_due(BUDGET)
    return jsonify(done=report.done, failed=report.failed, waiting=queries.count_due(utcnow()))
