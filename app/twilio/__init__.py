"""The only room that knows Twilio."""

from __future__ import annotations

from flask import Flask, current_app

from app.twilio.client import Account, Twilio


def gateway() -> Twilio:
    """Return the current app's gateway to Twilio's REST API."""
    twilio: Twilio = current_app.extensions["twilio"]
    return twilio


def init_app(app: Flask) -> None:
    """Make the gateway of `app` from its settings; nothing is loaded nor asked until it is used."""
    config = app.config
    app.extensions["twilio"] = Twilio(
        Account(
            sid=config["TWILIO_ACCOUNT_SID"],
            token=config["TWILIO_AUTH_TOKEN"],
            whatsapp_number=config["TWILIO_WHATSAPP_NUMBER"],
            messaging_service_sid=config["TWILIO_MESSAGING_SERVICE_SID"],
            base_url=config["TWILIO_API_BASE_URL"],
            timeout=config["TWILIO_TIMEOUT"],
        )
    )
