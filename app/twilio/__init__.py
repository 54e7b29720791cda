"""The only room that knows Twilio."""

from __future__ import annotations

from flask import Flask, current_app

from app.twilio.client import Account, Twilio
from app.twilio.console import Console
from app.twilio.content import Contents


def gateway() -> Twilio:
    """Return the current app's gateway to Twilio's REST API."""
    twilio: Twilio = current_app.extensions["twilio"]
    return twilio


def console() -> Console:
    """Return the current app's gateway to what Twilio's console shows."""
    twilio: Console = current_app.extensions["twilio_console"]
    return twilio


def contents() -> Contents:
    """Return the current app's gateway to WhatsApp's templates."""
    twilio: Contents = current_app.extensions["twilio_contents"]
    return twilio


def init_app(app: Flask) -> None:
    """Make the gateways of `app` from its settings; nothing is loaded nor asked until they are used."""
    config = app.config
    account = Account(
        sid=config["TWILIO_ACCOUNT_SID"],
        token=config["TWILIO_AUTH_TOKEN"],
        whatsapp_number=config["TWILIO_WHATSAPP_NUMBER"],
        messaging_service_sid=config["TWILIO_MESSAGING_SERVICE_SID"],
        base_url=config["TWILIO_API_BASE_URL"],
        timeout=config["TWILIO_TIMEOUT"],
    )
    app.extensions["twilio"], app.extensions["twilio_console"] = Twilio(account), Console(account)
    app.extensions["twilio_contents"] = Contents(account)
