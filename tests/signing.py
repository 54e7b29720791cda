"""Requests as Twilio sends them: its parameters, its headers, its signature."""

from __future__ import annotations

import itertools
from typing import Any

from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from config import TestConfig

_CONFIG = TestConfig()
_COUNT = itertools.count(1)
BASE_URL = "https://coordina.example"
WEBHOOK = "/api/whatsapp/webhook"
STATUS = "/api/whatsapp/status"


def inbound_form(body: str = "Hola", phone: str = "+5491155550101", **changes: Any) -> dict[str, Any]:
    """A text message's parameters in the order of real traffic; None in `changes` leaves a parameter out."""
    sid = f"SMa{next(_COUNT):031x}"
    form = {
        "ExternalUserId": "whatsapp:AR.4566546130240823" if "ExternalUserId" in changes else None,
        "SmsMessageSid": changes.get("MessageSid", sid),
        "NumMedia": "0",
        "ProfileName": "Lucía Ferreyra",
        "MessageType": "text",
        "SmsSid": changes.get("MessageSid", sid),
        "WaId": phone.lstrip("+"),
        "SmsStatus": "received",
        "Body": body,
        "To": f"whatsapp:{_CONFIG.TWILIO_WHATSAPP_NUMBER}",
        "NumSegments": "1",
        "ReferralNumMedia": "0",
        "MessageSid": sid,
        "AccountSid": _CONFIG.TWILIO_ACCOUNT_SID,
        "From": f"whatsapp:{phone}",
        "ApiVersion": "2010-04-01",
    }
    return {name: value for name, value in (form | changes).items() if value is not None}


def status_form(sid: str, status: str, phone: str = "+5491155550101", **changes: Any) -> dict[str, Any]:
    """A status callback's parameters in the order of real traffic."""
    form = {
        "ChannelPrefix": "whatsapp",
        "ApiVersion": "2010-04-01",
        "MessageStatus": status,
        "SmsSid": sid,
        "SmsStatus": status,
        "ChannelInstallSid": "XE" + "1" * 32,
        "To": f"whatsapp:{phone}",
        "From": f"whatsapp:{_CONFIG.TWILIO_WHATSAPP_NUMBER}",
        "MessageSid": sid,
        "AccountSid": _CONFIG.TWILIO_ACCOUNT_SID,
    }
    return {name: value for name, value in (form | changes).items() if value is not None}


def sign(target: str, form: dict[str, Any], token: str = _CONFIG.TWILIO_AUTH_TOKEN, base_url: str = BASE_URL) -> str:
    """Return the signature of a POST of `form` to `target` (a raw path and query) at the public URL."""
    return str(RequestValidator(token).compute_signature(base_url + target, form))


def post_signed(client: FlaskClient, target: str, form: dict[str, Any], **kwargs: Any) -> TestResponse:
    """Post as Twilio does, to a server that does not know its own public name."""
    headers = {"X-Twilio-Signature": sign(target, form), "User-Agent": "TwilioProxy/1.1"} | kwargs.pop("headers", {})
    return client.post(target, data=form, headers=headers, base_url="http://10.0.0.7:8000", **kwargs)
