"""The JSON API of conversations and messages: /api/whatsapp/*. docs/openapi.yaml says it whole."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.auth.guard import current_user, require_api_staff
from app.errors import NotFound, problem
from app.extensions import limiter, utcnow
from app.whatsapp import queries
from app.whatsapp.actions import conversations
from app.whatsapp.actions.send import send as send_message
from app.whatsapp.forms import parse_flag_arg, parse_int_arg, parse_key, parse_send
from app.whatsapp.identity import parse_contact
from app.whatsapp.labels import conversation_name, failure, last_line
from app.whatsapp.models import Conversation, Media, Message

bp = Blueprint("whatsapp_api", __name__, url_prefix="/api/whatsapp")
bp.before_request(require_api_staff)

_MAX_DB_INT = 2**31 - 1


def _moment(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if value else None


def _serialize_media(media: Media) -> dict[str, Any]:
    return {
        "id": media.id,
        "content_type": media.content_type,
        "filename": media.filename or None,
        "size": media.size,
        "url": media.url,
    }


def serialize_message(message: Message) -> dict[str, Any]:
    """Return a message as the API shows it."""
    author = message.author
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "coordinacion_id": message.coordinacion_id,
        "direction": message.direction,
        "type": message.type,
        "body": message.body,
        "from_number": message.from_number,
        "to_number": message.to_number,
        "status": message.status,
        "error_code": message.error_code,
        "error_message": failure(message) or None,
        "message_sid": message.message_sid,
        "author": {"id": author.id, "name": author.name} if author else None,
        "media": [_serialize_media(media) for media in message.media],
        "location": message.location,
        "reply_to": message.reply_to_sid,
        "template": message.template,
        "sent_at": _moment(message.sent_at),
        "read_at": _moment(message.read_at),
        "created_at": _moment(message.created_at),
    }


def serialize_conversation(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation as the API shows it."""
    return {
        "id": conversation.id,
        "coordinacion_id": conversation.coordinacion_id,
        "phone_number": conversation.phone_number,
        "user_id": conversation.user_id,
        "name": conversation_name(conversation),
        "last_message": last_line(conversation.last_message),
        "last_message_at": _moment(conversation.last_message_at),
        "unread_count": conversation.unread_count,
        "window_expires_at": _moment(conversation.window_expires_at),
        "opted_out": conversation.opted_out,
    }


def _get_conversation_of(phone: str) -> Conversation:
    contact = parse_contact(phone)
    conversation = queries.find_conversation(contact) if contact else None
    if conversation is None:
        raise NotFound(_("No hay ninguna conversación con ese contacto."))
    return conversation


def _limit() -> int:
    return parse_int_arg(request.args, "limit", 50, 1, 100) or 50


@bp.post("/send")
@limiter.limit("60 per minute")
def send() -> ResponseReturnValue:
    """Send; the same Idempotency-Key gives the first message again and asks Twilio nothing."""
    key = parse_key(request.headers.get("Idempotency-Key")) or uuid.uuid4().hex
    sending = send_message(parse_send(request.get_json()), key, current_user().id)
    message = queries.get_message(sending.message_id)
    shown = serialize_message(message)
    if sending.repeated:
        return jsonify(shown), 200
    if message.status == "unconfirmed":
        return jsonify(shown), 202
    if message.status == "failed":
        code = "twilio_refused" if message.error_code else "twilio_unreachable"
        return problem(502, code, failure(message), twilio_code=message.error_code, message=shown)
    return jsonify(shown), 201


@bp.get("/conversations")
def list_conversations() -> ResponseReturnValue:
    wanted = queries.ConversationFilter(
        now=utcnow(),
        q=request.args.get("q", "").replace("\x00", "")[:200],
        unread=parse_flag_arg(request.args, "unread"),
        coordinacion_id=parse_int_arg(request.args, "coordinacion_id", None, 1, _MAX_DB_INT),
    )
    page = queries.list_conversations(wanted, _limit(), request.args.get("cursor", ""))
    return jsonify(items=[serialize_conversation(row) for row in page.items], next_cursor=page.next_cursor)


@bp.get("/conversations/<phone>/messages")
def list_messages(phone: str) -> ResponseReturnValue:
    conversation = _get_conversation_of(phone)
    page = queries.list_messages(
        conversation_id=conversation.id,
        coordinacion_id=parse_int_arg(request.args, "coordinacion_id", None, 1, _MAX_DB_INT),
        limit=_limit(),
        cursor=request.args.get("cursor", ""),
    )
    return jsonify(items=[serialize_message(row) for row in page.items], next_cursor=page.next_cursor)


@bp.post("/conversations/<phone>/read")
def mark_read(phone: str) -> ResponseReturnValue:
    conversations.mark_read(_get_conversation_of(phone).id)
    return "", 204


@bp.get("/unread-count")
def unread_count() -> ResponseReturnValue:
    return jsonify(unread_count=queries.unread_count())
