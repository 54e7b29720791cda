"""Twilio's doors: what clients write, and what became of what we wrote. Open to nobody but Twilio, by its signature."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import NoReturn

from flask import Blueprint, Response, current_app, request
from flask_limiter import ExemptionScope

from app.errors import Forbidden
from app.extensions import limiter, remote_address
from app.twilio import gateway, payloads
from app.twilio.misdirected import candidates, find_signed_url
from app.twilio.signature import WEBHOOK_PATH, find_refusal, raw_target, signed_url
from app.whatsapp.messaging.actions.fill import fill_up
from app.whatsapp.messaging.actions.outcome import apply_status
from app.whatsapp.messaging.actions.receive import receive
from app.whatsapp.messaging.actions.refusals import note_refusal, note_stray

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


def _signed_for(target: str, *likely: str) -> str:
    """Return the address that a refused request was signed for with our own token, where one can be found."""
    if (request.content_length or 0) > _LARGEST_EXPLAINED:
        return ""
    hosts = [request.host, request.environ.get("HTTP_HOST", ""), request.headers.get("X-Forwarded-Host", "")]
    urls = candidates(
        current_app.config["TWILIO_WEBHOOK_URL"] or request.host_url,
        target,
        hosts=hosts,
        prefixes=[request.headers.get("X-Forwarded-Prefix", "")],
    )
    token, signature = current_app.config["TWILIO_AUTH_TOKEN"], request.headers.get("X-Twilio-Signature")
    return find_signed_url(auth_token=token, form=request.form, signature=signature, urls=[*likely, *urls])


def _refuse(refusal: str, expected: str, target: str) -> NoReturn:
    log.warning("Webhook refused", extra={"path": request.path, "reason": refusal})
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


def _is_ours(address: str) -> bool:
    """Tell whether a message that came to `address` came to our WhatsApp: the sync asks the same of what it lists."""
    return gateway().account.is_ours(address)


def _leave_alone(address: str) -> None:
    """Say that a message came which is none of ours: it opens no chat and no window."""
    log.warning("Message to another number or by SMS ignored")
    # What may stand there is a number of the account's own, and no client's.
    note_stray(address[:60], f"whatsapp:{gateway().account.whatsapp_number}")


def note_wrong_path() -> None:
    """Write down that Twilio posts to a path of ours where nothing is; no console of the sandbox can be read for it.

    The address that it signed for is one that somebody pasted: with a final slash, or without /api.
    """
    if request.routing_exception is None or request.method != "POST" or "X-Twilio-Signature" not in request.headers:
        return
    if (request.content_length or 0) > _LARGEST_EXPLAINED:
        return
    config, target = current_app.config, raw_target(request.environ)
    with _refusals:
        signed_for = _signed_for(target, signed_url(config["TWILIO_WEBHOOK_URL"] or request.host_url, target))
    if signed_for:
        ours = request.form.get("AccountSid") == config["TWILIO_ACCOUNT_SID"]
        log.warning("Webhook at an unknown path", extra={"ours": ours})
        expected = (config["TWILIO_WEBHOOK_URL"] or request.host_url.rstrip("/") + WEBHOOK_PATH).partition("?")[0][:300]
        note_refusal("wrong path", ours=ours, expected=expected, signed_for=signed_for)


bp.before_request(require_twilio)
bp.before_app_request(note_wrong_path)
limiter.exempt(bp, flags=ExemptionScope.DEFAULT)


@bp.post("/webhook")
def webhook() -> Response:
    try:
        inbound = payloads.parse_inbound(request.form)
        if _is_ours(inbound.to_number or inbound.from_number):
            if receive(inbound) is None:
                fill_up(inbound)
        else:
            _leave_alone(inbound.to_number)
    except payloads.NotAMessage:
        log.warning("Signed webhook without message or sender", extra={"fields": sorted(request.form)[:50]})
    return Response(_EMPTY_TWIML, content_type="text/xml; charset=utf-8")


@bp.post("/status")
def status() -> Response:
    try:
        update = payloads.parse_status(request.form, request.args)
        if request.form.get("From") and not _is_ours(request.form["From"]):
            # What another sender sent can only be ours by its sid, as after a change of numbers.
            update = replace(update, message_id=None)
        apply_status(update)
    except payloads.NotAMessage:
        log.warning("Signed status callback without message", extra={"fields": sorted(request.form)[:50]})
    return Response(status=204)
