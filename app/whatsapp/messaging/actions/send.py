"""What staff send. The row first, then Twilio: whatever dies in between, a message is neither lost nor sent twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.coordinaciones.models import Coordinacion
from app.coordinaciones.queries import get_coordinacion
from app.errors import Invalid, NotFound
from app.extensions import utcnow
from app.formats import fold
from app.jobs.actions import enqueue
from app.media.models import File
from app.media.rules import kind_of
from app.media.signing import outgoing_url
from app.twilio import client as twilio
from app.twilio import gateway
from app.twilio.signature import status_callback_url
from app.whatsapp import queries
from app.whatsapp.actions.conversation import fold_search_text, follow_event, place_last, tie_event
from app.whatsapp.attachments.actions.queue import want_small
from app.whatsapp.changes import Unchanged, changing
from app.whatsapp.contacts.actions.identify import find_or_make_contact
from app.whatsapp.errors import AnsweredMeanwhile, KeyReused, NoPhone, NotConfigured, OptedOut, WindowClosed
from app.whatsapp.identity import Identity, parse_identity
from app.whatsapp.messaging.actions.attachments import find_attachment, media_of
from app.whatsapp.messaging.actions.outcome import claim_sid, follow_outcome, record_outcome
from app.whatsapp.messaging.actions.sync import IN_FLIGHT, SYNC
from app.whatsapp.messaging.queries import list_answers_after
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Contact, Message
from app.whatsapp.templates.sent_queries import read_sent
from app.whatsapp.window import is_open


@dataclass(frozen=True)
class Sending:
    """`message_id` is the stored message; `repeated` when the key was known and Twilio was not asked again."""

    message_id: int
    repeated: bool


def send(request: SendRequest, key: str, author_id: int) -> Sending:
    """Store the message and give it to Twilio; what came of it is in the stored message's status.

    Raises Invalid, WindowClosed, OptedOut, NoPhone, NotFound, NotConfigured, AnsweredMeanwhile or KeyReused; then
    nothing was stored.
    """
    if not gateway().account.complete:
        raise NotConfigured
    try:
        with changing() as (session, change):
            known = queries.find_message_by_key(key)
            if known is not None:
                raise Unchanged
            message, outgoing = _store(session, request, key, author_id, change)
    except IntegrityError:
        known = queries.find_message_by_key(key)
        if known is None:
            raise
    if known is not None:
        return _repeat(known, request)
    _hand_over(message.id, outgoing)
    return Sending(message.id, repeated=False)


def _repeat(known: Message, request: SendRequest) -> Sending:
    if known.request_digest != request.digest:
        raise KeyReused
    return Sending(known.id, repeated=True)


def _find_target(session: Session, request: SendRequest, now: datetime) -> Contact:
    """Return whom to write to.

    That is whom the failed message was for, whoever wrote last in a conversation, or the very contact named.
    """
    if request.retry_of is not None:
        return session.get_one(Message, request.retry_of).party
    if request.conversation_id is not None:
        return queries.get_conversation(request.conversation_id).answered
    identity: Identity | None = None
    if request.to is not None:
        identity = parse_identity(request.to)
    elif request.coordinacion_id is not None:
        phone = get_coordinacion(request.coordinacion_id).phone
        if not phone:
            raise NoPhone
        identity = parse_identity(phone)
    if identity is None:
        raise Invalid(fields={"to": _("Falta a quién escribirle.")})
    contact = find_or_make_contact(session, identity, now)
    if contact in session.new:
        fold_search_text(contact.conversation)
        session.flush()
    return contact


def _check(contact: Contact, request: SendRequest, now: datetime) -> None:
    if contact.opted_out:
        raise OptedOut
    if not request.content_sid and not is_open(contact.window_expires_at, now):
        raise WindowClosed


def _ask_first(contact: Contact, known_id: int, author_id: int) -> None:
    """Raise AnsweredMeanwhile when somebody else wrote to the client after message `known_id`.

    Under the lock of the change counter: of two who answer at one moment, one is asked.
    """
    answered = list_answers_after(contact.conversation_id, known_id, author_id)
    if answered:
        raise AnsweredMeanwhile(answered)


def _store(
    session: Session, request: SendRequest, key: str, author_id: int, change: int
) -> tuple[Message, twilio.Outgoing]:
    """Put the message into its conversation as `queued`, and return it with what Twilio shall be asked."""
    now = utcnow()
    file = find_attachment(request)
    contact = _find_target(session, request, now)
    _check(contact, request, now)
    if request.known_id is not None:
        _ask_first(contact, request.known_id, author_id)
    if request.coordinacion_id is not None:
        tie_event(contact.conversation, _existing_coordinacion(request.coordinacion_id))
    else:
        follow_event(contact.conversation, now, contact.phone_key)
    message = _message_of(request, contact, file, now)
    message.idempotency_key, message.author_id, message.change = key, author_id, change
    session.add(message)
    session.flush()
    if file is not None:
        want_small(session, message, message.media[0], file)
    if request.retry_of is not None:  # Whoever looks at the failed one sees that it was sent again.
        session.get_one(Message, request.retry_of).change = change
    place_last(session, contact.conversation, message, change)
    return message, _outgoing(message.id, contact.address, request, file)


def _message_of(request: SendRequest, contact: Contact, file: File | None, now: datetime) -> Message:
    template: dict[str, Any] | None = None
    body, category = request.body, ""
    if request.content_sid:
        window_open = is_open(contact.window_expires_at, now)
        sent = read_sent(request.content_sid, request.content_variables, window_open=window_open)
        template, body, category = sent.record, sent.words, sent.category
    return Message(
        conversation_id=contact.conversation_id,
        contact_id=contact.id,
        coordinacion_id=request.coordinacion_id or contact.conversation.coordinacion_id,
        direction="outbound",
        type="template" if template else kind_of(file.content_type) if file else "text",
        body=body,
        search_text=fold(body),
        category=category,
        from_number=f"whatsapp:{gateway().account.whatsapp_number}",
        to_number=f"whatsapp:{contact.address}",
        status="queued",
        request_digest=request.digest,
        template=template,
        retry_of_id=request.retry_of,
        media=[media_of(file)] if file else [],
        sent_at=now,
    )


def _existing_coordinacion(coordinacion_id: int) -> Coordinacion:
    try:
        return get_coordinacion(coordinacion_id)
    except NotFound as error:
        raise Invalid(fields={"coordinacion_id": _("Esa coordinación no existe.")}) from error


def _outgoing(message_id: int, address: str, request: SendRequest, file: File | None) -> twilio.Outgoing:
    public_url = current_app.config["TWILIO_WEBHOOK_URL"]
    return twilio.Outgoing(
        to=address,
        status_callback=status_callback_url(public_url, message_id) if public_url else "",
        body=request.body,
        media_url=outgoing_url(file) if file else "",  # A new one for each message: they expire.
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
    with changing() as (session, change):
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
