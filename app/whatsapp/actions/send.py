"""What staff send. The row first, then Twilio: whatever dies in between, a message is neither lost nor sent twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.coordinaciones.queries import get_coordinacion
from app.errors import Invalid, NotFound
from app.extensions import utcnow, writing
from app.formats import fold
from app.jobs.actions import enqueue
from app.twilio import client as twilio
from app.twilio import gateway
from app.twilio.signature import status_callback_url
from app.whatsapp import queries
from app.whatsapp.actions.arrivals import (
    choose_event,
    find_or_make_conversation,
    fold_search_text,
    follow_event,
    place_last,
)
from app.whatsapp.actions.receive import claim_sid, follow_outcome, record_outcome
from app.whatsapp.actions.sync import IN_FLIGHT, SYNC
from app.whatsapp.errors import KeyReused, NoPhone, NotConfigured, OptedOut, WindowClosed
from app.whatsapp.feed import next_change
from app.whatsapp.identity import Contact, parse_contact
from app.whatsapp.models import Conversation, Message
from app.whatsapp.request import SendRequest


@dataclass(frozen=True)
class Sending:
    """`message_id` is the stored message; `repeated` when the key was known and Twilio was not asked again."""

    message_id: int
    repeated: bool


def send(request: SendRequest, key: str, author_id: int) -> Sending:
    """Store the message and give it to Twilio; what came of it is in the stored message's status.

    Raises WindowClosed, OptedOut, NoPhone, NotFound, NotConfigured or KeyReused, and then nothing was stored.
    """
    if not gateway().account.complete:
        raise NotConfigured
    try:
        with writing() as session:
            change = next_change(session)
            known = queries.find_message_by_key(key)
            if known is not None:
                session.rollback()
                return _repeat(known, request)
            message, outgoing = _store(session, request, key, author_id, change)
    except IntegrityError:
        known = queries.find_message_by_key(key)
        if known is None:
            raise
        return _repeat(known, request)
    _hand_over(message.id, outgoing)
    return Sending(message.id, repeated=False)


def _repeat(known: Message, request: SendRequest) -> Sending:
    if known.request_digest != request.digest:
        raise KeyReused
    return Sending(known.id, repeated=True)


def _find_target(session: Session, request: SendRequest, now: datetime) -> Conversation:
    if request.conversation_id is not None:
        return queries.get_conversation(request.conversation_id)
    contact: Contact | None = None
    if request.to is not None:
        contact = parse_contact(request.to)
    elif request.coordinacion_id is not None:
        phone = get_coordinacion(request.coordinacion_id).phone
        if not phone:
            raise NoPhone
        contact = parse_contact(phone)
    if contact is None:
        raise Invalid(fields={"to": _("Falta a quién escribirle.")})
    conversation = queries.find_conversation(contact)
    if conversation is None:
        conversation = find_or_make_conversation(session, contact, now)
        fold_search_text(conversation)
        session.flush()
    return conversation


def _check(conversation: Conversation, request: SendRequest, now: datetime) -> None:
    if conversation.opted_out:
        raise OptedOut
    if not request.content_sid and not conversation.window_open(now):
        raise WindowClosed


def _store(
    session: Session, request: SendRequest, key: str, author_id: int, change: int
) -> tuple[Message, twilio.Outgoing]:
    """Put the message into its conversation as `queued`, and return it with what Twilio shall be asked."""
    now = utcnow()
    conversation = _find_target(session, request, now)
    _check(conversation, request, now)
    if request.coordinacion_id is not None:
        choose_event(conversation, _existing_coordinacion_id(request.coordinacion_id))
    else:
        follow_event(conversation, now)
    message = _message_of(request, conversation, now)
    message.idempotency_key, message.author_id, message.change = key, author_id, change
    session.add(message)
    session.flush()
    place_last(conversation, message, change)
    return message, _outgoing(message.id, conversation.address, request)


def _message_of(request: SendRequest, conversation: Conversation, now: datetime) -> Message:
    template: dict[str, Any] | None = None
    if request.content_sid:
        template = {"content_sid": request.content_sid, "variables": request.content_variables or {}}
    return Message(
        conversation_id=conversation.id,
        coordinacion_id=conversation.coordinacion_id,
        direction="outbound",
        type="template" if template else "text",
        body=request.body,
        search_text=fold(request.body),
        from_number=f"whatsapp:{gateway().account.whatsapp_number}",
        to_number=f"whatsapp:{conversation.address}",
        status="queued",
        request_digest=request.digest,
        template=template,
        sent_at=now,
    )


def _existing_coordinacion_id(coordinacion_id: int) -> int:
    try:
        return get_coordinacion(coordinacion_id).id
    except NotFound as error:
        raise Invalid(fields={"coordinacion_id": _("Esa coordinación no existe.")}) from error


def _outgoing(message_id: int, address: str, request: SendRequest) -> twilio.Outgoing:
    public_url = current_app.config["TWILIO_WEBHOOK_URL"]
    return twilio.Outgoing(
        to=address,
        status_callback=status_callback_url(public_url, message_id) if public_url else "",
        body=request.body,
        content_sid=request.content_sid,
        content_variables=request.content_variables,
    )


def _hand_over(message_id: int, outgoing: twilio.Outgoing) -> None:
    """Ask Twilio, with no transaction open, and write down what it said or that it said nothing."""
    sid, code, text = None, None, ""
    try:
        remote = gateway().send(outgoing)
        sid, status, code, text = remote.sid, remote.status, remote.error_code, remote.error_message
    except twilio.Refused as refused:
        status, code, text = "failed", refused.code, refused.message
    except twilio.NotReached:
        status, text = "failed", _("No pudimos conectarnos con Twilio. Probá de nuevo.")
    except twilio.NoAnswer:
        status = "unconfirmed"
    now = utcnow()
    with writing() as session:
        change = next_change(session)
        message = session.get_one(Message, message_id, populate_existing=True)
        if sid and message.message_sid is None:
            claim_sid(session, message, sid, change)
        if status == "unconfirmed" and message.message_sid is None and message.status == "queued":
            message.status = status  # The one step that is no advance: a callback may still move it on.
        else:
            record_outcome(message, sid, status, code, text)
        follow_outcome(session, message, change, now)
        if message.status == "unconfirmed":  # Twilio knows, once it can be asked.
            enqueue(session, SYNC, key=SYNC, run_at=now + IN_FLIGHT)
