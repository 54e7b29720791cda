"""The JSON API of conversations and messages: /api/whatsapp/*. docs/openapi.yaml says it whole."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.args import parse_flag_arg, parse_int_arg, parse_search_arg
from app.auth.guard import current_user, person, require_api_staff
from app.errors import Invalid, NotFound, problem
from app.extensions import LARGEST_INT, limiter, utcnow
from app.formats import to_timestamp
from app.whatsapp import queries
from app.whatsapp.identity import parse_identity
from app.whatsapp.inbox.actions import reading
from app.whatsapp.messaging.actions.send import send as send_message
from app.whatsapp.messaging.forms import parse_key, parse_send
from app.whatsapp.models import Conversation, Media, Message
from app.whatsapp.names import conversation_name, last_line
from app.whatsapp.outcomes import failure
from app.whatsapp.search import MAX_SEARCH

bp = Blueprint("whatsapp_api", __name__, url_prefix="/api/whatsapp")
bp.before_request(require_api_staff)


def _serialize_media(media: Media) -> dict[str, Any]:
    here = media.file_id is not None
    return {
        "id": media.file_id,
        "state": media.state if here or media.state != "stored" else "failed",
        "content_type": media.content_type,
        "filename": media.filename or None,
        "size": media.size,
        "url": url_for("media_api.show", file_id=media.file_id) if here else None,
    }


def _serialize_template(template: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return which template was sent; its name and language only where Coordina knew it."""
    if template is None:
        return None
    names = ("content_sid", "variables", "name", "language")
    return {name: template[name] for name in names if name in template}


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
        "template": _serialize_template(message.template),
        "retry_of": message.retry_of_id,
        "price": format(message.price, "f") if message.price is not None else None,
        "price_unit": message.price_unit or None,
        "sent_at": to_timestamp(message.sent_at),
        "read_at": to_timestamp(message.read_at),
        "created_at": to_timestamp(message.created_at),
    }


def serialize_conversation(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation as the API shows it."""
    assigned_to = conversation.assigned_to
    return {
        "id": conversation.id,
        "coordinacion_id": conversation.coordinacion_id,
        "phone_number": conversation.phone_number,
        "user_id": conversation.contact.user_id,
        "name": conversation_name(conversation),
        "last_message": last_line(conversation.last_message),
        "last_message_at": to_timestamp(conversation.last_message_at),
        "unread_count": conversation.unread_count,
        "window_expires_at": to_timestamp(conversation.window_expires_at),
        "opted_out": conversation.opted_out,
        "waiting_since": to_timestamp(conversation.waiting_since),
        "assigned_to": {"id": assigned_to.id, "name": assigned_to.name} if assigned_to else None,
    }


def _get_conversation_of(phone: str) -> Conversation:
    identity = parse_identity(phone)
    conversation = queries.find_conversation(identity) if identity else None
    if conversation is None:
        raise NotFound(_("No hay ninguna conversación con ese contacto."))
    return conversation


def _number(name: str, default: int | None, high: int) -> int | None:
    return parse_int_arg(request.args, name, default, 1, high, blank=False)


def _limit() -> int:
    return _number("limit", 50, 100) or 50


def _cursor() -> str:
    """Return where to go on, or nothing; a program that sends an empty cursor lost it, and would go round for ever."""
    if request.args.get("cursor") == "":
        raise Invalid(fields={"cursor": _("Usá el next_cursor de la respuesta anterior, tal como vino.")})
    return request.args.get("cursor", "")


@bp.post("/send")
@limiter.limit("60 per minute", key_func=person)
def send() -> ResponseReturnValue:
    """Send; the same Idempotency-Key gives the first message again and asks Twilio nothing."""
    author = current_user().id
    key = parse_key(request.headers.get("Idempotency-Key")) or uuid.uuid4().hex
    sending = send_message(parse_send(request.get_json()), f"api:{author}:{key}", author)
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
    criteria = queries.ConversationFilter(
        now=utcnow(),
        q=parse_search_arg(request.args, "q", MAX_SEARCH),
        unread=parse_flag_arg(request.args, "unread"),
        waiting=parse_flag_arg(request.args, "waiting"),
        assigned=parse_int_arg(request.args, "assigned_to", None, 0, LARGEST_INT, blank=False),
        coordinacion_id=_number("coordinacion_id", None, LARGEST_INT),
    )
    page = queries.list_conversations(criteria, _limit(), _cursor())
    return jsonify(items=[serialize_conversation(row) for row in page.items], next_cursor=page.next_cursor)


@bp.get("/conversations/<phone>/messages")
def list_messages(phone: str) -> ResponseReturnValue:
    conversation = _get_conversation_of(phone)
    page = queries.list_messages(
        conversation_id=conversation.id,
        coordinacion_id=_number("coordinacion_id", None, LARGEST_INT),
        limit=_limit(),
        cursor=_cursor(),
    )
    return jsonify(items=[serialize_message(row) for row in page.items], next_cursor=page.next_cursor)


@bp.post("/conversations/<phone>/read")
def mark_read(phone: str) -> ResponseReturnValue:
    reading.mark_read(_get_conversation_of(phone).id)
    return "", 204


@bp.get("/unread-count")
def unread_count() -> ResponseReturnValue:
    return jsonify(unread_count=queries.unread_count())
