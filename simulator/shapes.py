"""The JSON that Twilio answers with, in the shapes of its OpenAPI documents."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

from simulator.prices import CURRENCY, price_of
from simulator.records import Media, Message, Sender, Service, Template, utcnow
from simulator.rules import describe

API_VERSION = "2010-04-01"

Json = dict[str, object]


def rfc2822(moment: datetime | None) -> str | None:
    """Write a time the way the 2010 API does, `Fri, 24 May 2019 17:44:46 +0000`."""
    return format_datetime(moment) if moment else None


def iso8601(moment: datetime) -> str:
    """Write a time the way the newer APIs do, `2015-07-30T19:00:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def message_path(account_sid: str, message_sid: str) -> str:
    """Return the path of a message, without an ending."""
    return f"/{API_VERSION}/Accounts/{account_sid}/Messages/{message_sid}"


def message_json(message: Message, account_sid: str, priced_after: float = 0) -> Json:
    """Return the Message resource; its price is told `priced_after` seconds after it came to rest."""
    path = message_path(account_sid, message.sid)
    price = price_of(message, priced_after, utcnow())
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": rfc2822(message.created_at),
        "date_sent": rfc2822(message.sent_at),
        "date_updated": rfc2822(message.updated_at or message.created_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": describe(message.error_code) if message.error_code else None,
        "from": message.sender,
        "messaging_service_sid": message.messaging_service_sid,
        "num_media": str(len(message.media)),
        "num_segments": "1",
        "price": price,
        "price_unit": CURRENCY,
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{path}/Media.json"},
        "to": message.recipient,
        "uri": f"{path}.json",
    }


def media_json(media: Media, message: Message, account_sid: str) -> Json:
    """Return the Media resource of a message."""
    return {
        "account_sid": account_sid,
        "content_type": media.content_type,
        "date_created": rfc2822(message.created_at),
        "date_updated": rfc2822(message.updated_at or message.created_at),
        "parent_sid": message.sid,
        "sid": media.sid,
        "uri": f"{message_path(account_sid, message.sid)}/Media/{media.sid}.json",
    }


def _content(template: Template, account_sid: str) -> Json:
    return {
        "sid": template.sid,
        "account_sid": account_sid,
        "friendly_name": template.friendly_name,
        "language": template.language,
        "variables": template.variables,
        "types": template.types,
        "date_created": iso8601(template.created_at),
        "date_updated": iso8601(template.created_at),
    }


def content_json(template: Template, account_sid: str, base: str) -> Json:
    """Return the Content resource; `base` is the address its links begin with."""
    url = f"{base}/v1/Content/{template.sid}"
    links = {"approval_create": f"{url}/ApprovalRequests/whatsapp", "approval_fetch": f"{url}/ApprovalRequests"}
    return {**_content(template, account_sid), "url": url, "links": links}


def content_and_approval_json(template: Template, account_sid: str) -> Json:
    """Return the Content resource together with what WhatsApp said about it."""
    return {**_content(template, account_sid), "approval_requests": approval_json(template)}


def approval_json(template: Template) -> Json:
    """Return what WhatsApp said about a template."""
    return {
        "name": template.approval_name,
        "category": template.category,
        "content_type": template.content_type,
        "status": template.status,
        "rejection_reason": template.rejection_reason,
        "allow_category_change": template.allow_category_change,
    }


def approval_fetch_json(template: Template, account_sid: str, base: str) -> Json:
    """Return the ApprovalFetch resource."""
    return {
        "sid": template.sid,
        "account_sid": account_sid,
        "whatsapp": {"type": "whatsapp", **approval_json(template)},
        "url": f"{base}/v1/Content/{template.sid}/ApprovalRequests",
    }


def account_json(account_sid: str, status: str) -> Json:
    """Return the Account resource; the token is not told."""
    base, now = f"/{API_VERSION}/Accounts/{account_sid}", rfc2822(utcnow())
    return {
        "auth_token": None,
        "date_created": now,
        "date_updated": now,
        "friendly_name": "Oficina de muestra",
        "owner_account_sid": account_sid,
        "sid": account_sid,
        "status": status,
        "subresource_uris": {"messages": f"{base}/Messages.json"},
        "type": "Full",
        "uri": f"{base}.json",
    }


def sender_json(sender: Sender, base: str) -> Json:
    """Return the Channels Sender resource; `base` is the address its own begins with."""
    names = ("callback", "fallback", "status_callback")
    webhook: Json = {}
    for name in names:
        webhook[f"{name}_url"] = sender.webhook.get(f"{name}_url")
        webhook[f"{name}_method"] = sender.webhook.get(f"{name}_method", "POST")
    return {
        "sid": sender.sid,
        "status": sender.status,
        "sender_id": sender.sender_id,
        "configuration": None,
        "webhook": webhook,
        "profile": None,
        "properties": {"quality_rating": "HIGH", "messaging_limit": "10K Customers/24hr"},
        "offline_reasons": sender.offline_reasons or None,
        "compliance": None,
        "url": f"{base}/v2/Channels/Senders/{sender.sid}",
    }


def service_json(service: Service, account_sid: str, base: str) -> Json:
    """Return the Messaging Service resource, as far as an office needs it."""
    now = iso8601(utcnow())
    return {
        "sid": service.sid,
        "account_sid": account_sid,
        "friendly_name": "Oficina de muestra",
        "date_created": now,
        "date_updated": now,
        "inbound_request_url": service.inbound_request_url,
        "inbound_method": service.inbound_method,
        "fallback_url": None,
        "fallback_method": "POST",
        "status_callback": service.status_callback,
        "use_inbound_webhook_on_number": service.defers,
        "url": f"{base}/v1/Services/{service.sid}",
    }
