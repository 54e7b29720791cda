"""Errors sent to Sentry, where SENTRY_DSN asks for it and sentry-sdk is installed; without anything people wrote."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask

log = logging.getLogger(__name__)

OFF, ON, MISSING = "off", "on", "missing"


def scrub(event: Any, _hint: Any) -> Any:
    """Return `event` without what may tell who wrote what: addresses, headers, texts of errors, arguments, users."""
    for name in ("user", "breadcrumbs", "server_name", "extra"):
        event.pop(name, None)
    if "request" in event:
        event["request"] = {"method": event["request"].get("method", "")}
    for error in event.get("exception", {}).get("values", []):
        error["value"] = ""
    if "logentry" in event:  # Our own sentences are constant; what a library put into its own is not.
        event["logentry"] = {"message": event["logentry"].get("message", "")}
    return event


def _start(dsn: str) -> str:
    try:
        import sentry_sdk
    except ImportError:
        # An office must not stand still for a tool that watches it; `flask doctor` says it again.
        log.warning("SENTRY_DSN is set but sentry-sdk is not installed: no error is sent. Run: pip install sentry-sdk.")
        return MISSING
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        before_send=scrub,
    )
    return ON


def init_app(app: Flask) -> None:
    """Begin to send the errors of `app`, if it is asked for; `app.extensions["sentry"]` says what became of it."""
    app.extensions["sentry"] = _start(app.config["SENTRY_DSN"]) if app.config["SENTRY_DSN"] else OFF
