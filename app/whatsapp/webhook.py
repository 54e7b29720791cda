"""Twilio's doors: what clients write, and what became of what we wrote. Open to nobody but Twilio, by its signature."""

from __future__ import annotations

import logging
from typing import NoReturn

from flask import Blueprint, Response, current_app, request
from flask_limiter import ExemptionScope

from app.errors import Forbidden
from app.extensions import limiter, remote_address
from app.twilio import payloads
from app.twilio.misdirected import candidates, find_signed_url
from app.twilio.signature import find_refusal, raw_target, signed_url
from app.whatsapp.actions import receive
from app.whatsapp.actions.refusals import note_refusal

log = logging.getLogger(__name__)
bp = Blueprint("whatsapp_webhook", __name__, url_prefix="/api/whatsapp")

# An empty TwiML answer: anything else would be sent to the client as a reply.
_EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

# Far more than any message needs: strangers' bodies are read too, before anybody knows whose they are.
_LARGEST_BODY = 512 * 1024
# A message is far smaller; looking for the address of a larger body would be work that strangers can ask for.
_LARGEST_EXPLAINED = 32 * 1024
# Only what is refused counts: neither a busy night nor a stranger behind Twilio's address turns a message away.
_refusals = limiter.limit("120 per minute", key_func=remote_address)


def _signed_for(target: str) -> str:
    """Return the address that a refused request was signed for with our own token, where one can be found."""
    if (request.content_length or 0) > _LARGEST_EXPLAINED:
        return ""
    asked = [request.host, request.environ.get("HTTP_HOST", ""), request.headers.get("X-Forwarded-Host", "")]
    urls = candidates(
        current_app.config["TWILIO_WEBHOOK_URL"] or request.host_url,
        target,
        hosts=asked,
        prefixes=[request.headers.get("X-Forwarded-Prefix", "")],
    )
    token, signature = current_app.config["TWILIO_AUTH_TOKEN"], request.headers.get("X-Twilio-Signature")
    return find_signed_url(auth_token=token, form=request.form, signature=signature, urls=urls)


def _refuse(refusal: str, expected: str, target: str) -> NoReturn:
    log.warning("A webhook was refused: %s.", refusal, extra={"path": request.path, "reason": refusal})
    note_refusal(
        refusal,
        ours=request.form.get("AccountSid") == current_app.config["TWILIO_ACCOUNT_SID"],
        expected=expected.partition("?")[0][:300],
        signed_for=_signed_for(target) if refusal == "wrong signature" else "",
    )
    raise Forbidden


def require_twilio() -> None:
    """Let in what Twilio signed for our account; refuse everything else before it is parsed or stored."""
    if request.method == "OPTIONS":
        return
    request.max_content_length = _LARGEST_BODY
    config, target = current_app.config, raw_target(request.environ)
    expected = signed_url(config["TWILIO_WEBHOOK_URL"] or request.host_url, target)
    refusal = find_refusal(
        auth_token=config["TWILIO_AUTH_TOKEN"],
        account_sid=config["TWILIO_ACCOUNT_SID"],
        url=expected,
        form=request.form,
        signature=request.headers.get("X-Twilio-Signature"),
    )
    if refusal:
        with _refusals:
            _refuse(refusal, expected, target)


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
