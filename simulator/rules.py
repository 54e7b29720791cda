"""Twilio's and WhatsApp's rules: what is refused at once, and what is accepted and fails on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.records import Client, Template
from simulator.settings import is_web_url

WINDOW = timedelta(hours=24)
BODY_LIMIT = 1600
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
PHONE_ADDRESS = re.compile(r"whatsapp:\+[1-9]\d{6,14}")
USER_ADDRESS = re.compile(r"whatsapp:[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128}")
PLACE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
# `deleted` is not WhatsApp's word: the template is gone there, in that language at least, and Twilio still has it.
TEMPLATE_REFUSALS = {"rejected": 63040, "paused": 63041, "disabled": 63042, "deleted": 63027}
TEMPLATE_STATES = frozenset({"unsubmitted", "received", "pending", "approved", *TEMPLATE_REFUSALS})
TEMPLATE_NAME = re.compile(r"[a-z0-9_]{1,512}")
CATEGORIES = frozenset({"UTILITY", "MARKETING", "AUTHENTICATION"})
TEMPLATE_LIMIT = 1024
# These are no first word: they go only while the window is open.
ONLY_IN_SESSION = frozenset({"twilio/list-picker", "twilio/location", "twilio/catalog"})
# The provider accepts these first and gives up later, so they pass through `sent` and end as `undelivered`.
UNDELIVERED_CODES = frozenset({63003, 63014, 63024, 63032, 63033, 63049})
CODES = {
    20003: "Authenticate",
    20005: "Account not active",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    21212: "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID",
    21408: "Permission to send a message has not been enabled for the region",
    21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number",
    21608: "The number is unverified. Trial accounts cannot send messages to unverified numbers",
    21614: "The 'To' number is not a valid mobile number.",
    21654: "The ContentSid is required.",
    21658: "A parameter value is too long.",
    30001: "Queue overflow",
    30410: "Provider timeout",
    63005: "Channel did not accept given content",
    63006: "Could not format given content for the channel",
    63009: "Channel provider returned an error when executing the requested action",
    63010: "Channels - Twilio Internal error",
    63012: "Channel provider returned an internal service error",
    63013: "This message send failed because it violates Channel provider's policy",
    63014: "The recipient has blocked the sender",
    63015: "Channel Sandbox can only send messages to phone numbers that have joined the Sandbox",
    63017: "Rate limit exceeded for Channel",
    63018: "Rate limit exceeded for Channel sender",
    63020: "Meta Business Manager invitation has not been accepted",
    63021: "Channel invalid content error",
    63027: "Template does not exist for a language and locale",
    63030: "Unsupported parameter for type of channels message",
    63032: "The message cannot be sent because of a limitation of WhatsApp",
    63033: "The recipient has blocked the sender",
    63034: "Media exceeds the size limit of the channel",
    63038: "Account exceeded the daily messages limit",
    63049: "Meta chose not to deliver this WhatsApp marketing message",
    63051: "WhatsApp Business Account is locked",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21211: "The 'To' number is not a valid phone number.",
    21609: "The 'StatusCallback' URL is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21620: "Invalid media URL(s)",
    21623: "Number of media files exceeds allowed limit",
    21655: "The ContentSid is invalid.",
    21656: "The ContentVariables parameter is invalid.",
    21910: "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel",
    63003: "Channel could not find To address",
    63007: "Twilio could not find a Channel with the specified From address",
    63016: "Failed to send freeform message because you are outside the allowed window.",
    63019: "Media failed to download",
    63024: "Invalid message recipient",
    63028: "Number of parameters provided does not match the expected number of parameters",
    63040: "Template rejected",
    63041: "Template paused",
    63042: "Template disabled",
}


@dataclass(frozen=True)
class Order:
    """The parameters of a request to send, as they came."""

    to: str
    sender: str
    body: str
    media_urls: tuple[str, ...]
    content_sid: str
    content_variables: str
    status_callback: str
    messaging_service_sid: str

    @property
    def uses_template(self) -> bool:
        """Tell whether only a template is sent: a body or media beside it makes it free form again (63016)."""
        return bool(self.content_sid) and not self.body and not self.media_urls


def describe(code: int) -> str:
    """Return Twilio's sentence for an error code."""
    return CODES.get(code, f"Error {code}")


def find_refusal(order: Order, office: str, template: Template | None, client: Client | None) -> int | None:
    """Return the error code of the 400 that answers `order`, or None when it is accepted."""
    return (
        _missing(order)
        or _addresses(order, office)
        or _contents(order, template)
        or (21610 if client and client.opted_out else None)
    )


def _missing(order: Order) -> int | None:
    if not order.sender and not order.messaging_service_sid:
        return 21603
    if not order.to:
        return 21604
    if not (order.body.strip() or order.media_urls or order.content_sid):
        return 21602
    return None


def _addresses(order: Order, office: str) -> int | None:
    if order.sender and order.sender != office:
        return 63007
    if PHONE_ADDRESS.fullmatch(order.to) or USER_ADDRESS.fullmatch(order.to):
        return None
    return 21910 if PHONE_ADDRESS.fullmatch(f"whatsapp:{order.to}") else 21211


def _contents(order: Order, template: Template | None) -> int | None:
    if len(order.body) > BODY_LIMIT:
        return 21617
    if order.status_callback and not is_web_url(order.status_callback):
        return 21609
    if len(order.media_urls) > 1:
        return 21623
    if not all(is_web_url(url) for url in order.media_urls):
        return 21620
    if order.content_sid and template is None:
        return 21655
    if order.content_variables and parse_variables(order.content_variables) is None:
        return 21656
    return None


def parse_variables(text: str) -> dict[str, str] | None:
    """Read ContentVariables: a JSON object of non-empty strings without newlines, else None."""
    try:
        values = json.loads(text)
    except ValueError:
        return None
    if not isinstance(values, dict):
        return None
    if not all(isinstance(value, str) and value.strip() and "\n" not in value for value in values.values()):
        return None
    return values


def fill(template: Template, variables: Mapping[str, str]) -> str:
    """Return the template's text with its places filled, from the defaults where a variable was not given."""
    return fill_text(template.body, {**template.variables, **variables})


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with its places filled; one without a value stays a place."""
    return PLACE.sub(lambda place: values.get(place.group(1), place.group(0)), text)


def window_open(client: Client, now: datetime) -> bool:
    """Tell whether free text may go: less than 24 hours since the client last wrote."""
    return client.last_inbound_at is not None and now - client.last_inbound_at < WINDOW


def failure_on_the_way(client: Client | None, template: Template | None, body: str, now: datetime) -> int | None:
    """Return the error code with which an accepted message fails, or None. `template` is None for free form."""
    if client is None:
        return 63024
    if template is None:
        return None if window_open(client, now) else 63016
    if template.status in TEMPLATE_REFUSALS:
        return TEMPLATE_REFUSALS[template.status]
    first_word = template.status == "approved" and template.content_type not in ONLY_IN_SESSION
    if not first_word and not window_open(client, now):
        return 63016
    return _unfit(body)


def _unfit(body: str) -> int | None:
    """Return why WhatsApp does not take the filled text of a template, if it does not."""
    if PLACE.search(body):
        return 63028
    if "\t" in body or "    " in body:
        return 63013
    return 63021 if len(body) > TEMPLATE_LIMIT else None


def opt_out_choice(body: str) -> bool | None:
    """Return True when the client's text opts out, False when it opts in again, None for any other text."""
    word = body.strip().upper()
    if word in STOP_WORDS:
        return True
    return False if word in START_WORDS else None
