"""Numbers for Prometheus, where a process lives on: all of them from the database, so any worker gives the right ones.

The form is Prometheus's text exposition format, version 0.0.4.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from flask import Blueprint, Response, current_app, request

from app.doctor import queries
from app.errors import Forbidden, NotFound
from app.extensions import limiter, utcnow
from app.jobs.queries import count_due, count_failed, find_heartbeat, find_oldest_due
from app.whatsapp.queries import unread_count

bp = Blueprint("metrics", __name__)


def require_metrics() -> None:
    """Let in who shows METRICS_TOKEN as Bearer; there is no such door when it is not set."""
    if request.method == "OPTIONS":
        return
    token = str(current_app.config["METRICS_TOKEN"])
    if not token:
        raise NotFound
    shown = request.headers.get("Authorization", "")
    if not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
        raise Forbidden


bp.before_request(require_metrics)
limiter.exempt(bp)


def _seconds_since(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, round((now - moment).total_seconds(), 1))


def _read() -> list[tuple[str, str, float | None]]:
    """Return name, meaning and value of each number; None where there is nothing yet to measure."""
    now = utcnow()
    cron, worker = find_heartbeat("cron"), find_heartbeat("worker")
    return [
        ("unread_messages", "Messages of clients that nobody has read.", unread_count()),
        ("unconfirmed_messages", "Messages whose fate Twilio has not told.", queries.count_unconfirmed()),
        ("last_inbound_seconds", "Since a client wrote last.", _seconds_since(queries.find_last_inbound(), now)),
        ("jobs_due", "Jobs that are due and not taken.", count_due(now)),
        ("jobs_failed", "Jobs that were given up.", count_failed()),
        ("job_waiting_seconds", "Since the oldest due job is due.", _seconds_since(find_oldest_due(now), now)),
        ("cron_seconds", "Since the cron came last.", _seconds_since(cron.at if cron else None, now)),
        ("worker_seconds", "Since the worker was heard of last.", _seconds_since(worker.at if worker else None, now)),
    ]


@bp.get("/metrics")
def show() -> Response:
    lines = []
    for name, meaning, value in _read():
        if value is not None:
            full = f"coordina_{name}"
            lines += [f"# HELP {full} {meaning}", f"# TYPE {full} gauge", f"{full} {value}"]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")
