"""Is this request Twilio's? The signature covers the URL that Twilio asked for and every parameter it sent.

Source of the algorithm: Twilio's "Webhooks security", and twilio.request_validator of the official SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from twilio.request_validator import RequestValidator

WEBHOOK_PATH = "/api/whatsapp/webhook"
STATUS_PATH = "/api/whatsapp/status"
# Twilio sends a few dozen; the work of checking a signature grows with their number, and strangers may send any.
MOST_PARAMETERS = 500


def raw_target(environ: Mapping[str, Any]) -> str:
    """Return path and query as they came over the wire; Werkzeug's own are decoded, and Twilio signs the encoded ones.

    Servers that keep the request line say it in REQUEST_URI or RAW_URI. One that keeps neither (Vercel's) has left the
    path encoded as it came.
    """
    raw = str(environ.get("REQUEST_URI") or environ.get("RAW_URI") or "")
    if raw:
        parts = urlsplit(raw)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    path = quote(str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", "")), safe="/%:@!$&'()*+,;=~-._")
    query = str(environ.get("QUERY_STRING", ""))
    return path + (f"?{query}" if query else "")


def signed_url(public_webhook_url: str, target: str) -> str:
    """Return the URL that Twilio must have asked for to reach `target` (a raw path and query).

    Scheme, host and any path before ours come from the configured public URL: behind a proxy the request itself knows
    none of them. The configured URL's fragment (connection overrides) is never signed.
    """
    parts = urlsplit(public_webhook_url)
    prefix = parts.path.removesuffix(WEBHOOK_PATH) if parts.path.endswith(WEBHOOK_PATH) else ""
    if prefix and not target.startswith(prefix + "/"):
        target = prefix + target
    return f"{parts.scheme}://{parts.netloc}{target}"


def status_url(public_webhook_url: str) -> str:
    """Return where Twilio may post what became of messages; those that Coordina sends carry it with their id."""
    parts = urlsplit(public_webhook_url)
    prefix = parts.path.removesuffix(WEBHOOK_PATH) if parts.path.endswith(WEBHOOK_PATH) else ""
    return f"{parts.scheme}://{parts.netloc}{prefix}{STATUS_PATH}"


def status_callback_url(public_webhook_url: str, message_id: int) -> str:
    """Return where Twilio shall post what became of the message with our id `message_id`."""
    return f"{status_url(public_webhook_url)}?message={message_id}"


def find_refusal(
    *, auth_token: str, account_sid: str, url: str, form: Mapping[str, Any], signature: str | None
) -> str | None:
    """Return why the request is not to be trusted, or None when it is Twilio's and of our account.

    One that names no account was signed with our account's own token all the same.
    """
    if not auth_token or not account_sid:
        return "no credentials configured"
    if not signature:
        return "no signature header"
    if len(form) > MOST_PARAMETERS:
        return "too many parameters"
    try:
        genuine = RequestValidator(auth_token).validate(url, form, signature)
    except (TypeError, ValueError):  # A body or URL that no signature can cover, such as lone surrogates.
        genuine = False
    if not genuine:
        return "wrong signature"
    if not form:  # Then nothing but the address was signed, and a body that is no form goes for anything.
        return "no form"
    return None if form.get("AccountSid") in (None, "", account_sid) else "other account"
