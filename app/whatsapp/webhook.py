"""Twilio's doors: what clients write, and what became of what we wrote. Open to nobody but Twilio, by its signature."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, current_app, request
from flask_limiter import ExemptionScope

from app.errors import Forbidden
from app.extensions import limiter, remote_address
from app.twilio import payloads
from app.twilio.signature import find_refusal, raw_target, signed_url
from app.whatsapp.actions import receive

log = logging.getLogger(__name__)
bp = Blueprint("whatsapp_webhook", __name__, url_prefix="/api/whatsapp")

# An empty TwiML answer: anything else would be sent to the client as a reply.
_EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

# Far more than any message needs: strangers' bodies are read too, before anybody knows whose they are.
_LARGEST_BODY = 512 * 1024
# Only what is refused counts: neither a busy night nor a stranger behind Twilio's address turns a message away.
_refusals = limiter.limit("120 per minute", key_func=remote_address)


def require_twilio() -> None:
    """Let in what Twilio signed for our account; refuse everything else before it is parsed or stored."""
    if request.method == "OPTIONS":
        return
    request.max_content_length = _LARGEST_BODY
    config = current_app.config
    refusal = find_refusal(
        auth_token=config["TWILIO_AUTH_TOKEN"],
        account_sid=config["TWILIO_ACCOUNT_SID"],
        url=signed_url(config["TWILIO_WEBHOOK_URL"] or request.host_url, raw_target(request.environ)),
        form=request.form,
        signature=request.headers.get("X-Twilio-Signature"),
    )
    if refusal:
        with _refusals:
            log.warning("A webhook was refused: %s.", refusal, extra={"path": request.path, "reason": refusal})
            raise Forbidden


bp.before_request(require_twilio)
limiter.exempt(bp, flags=ExemptionScope.DEFAULT)


@bp.post("/webhook")
def webhook() -> Response:
    try:
        receive.receive(payloads.parse_inbound(request.form))
    except payloads.NotAMessage:
        log.warning("A signed webhook named no message or no sender.", extra={"fields": sorted(request.form)[:50]})
    return Response(_EMPTY_TWIML, content_type="text/xml; charset=utf-8")


@bp.post("/status")
def status() -> Response:
    try:
        receive.apply_status(payloads.parse_status(request.form, request.args))
    except payloads.NotAMessage:
        log.warning("A signed callback named no message.", extra={"fields": sorted(request.form)[:50]})
    return Response(status=204)
