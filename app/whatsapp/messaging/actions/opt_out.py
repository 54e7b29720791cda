"""What a client's message says of getting messages at all. Nothing here commits."""

from __future__ import annotations

from sqlalchemy import select

from app.extensions import db
from app.whatsapp import opt_out
from app.whatsapp.models import Contact, Message


def follow_opt_out(contact: Contact, message: Message, opt_out_type: str) -> None:
    """Keep what a client's message says of getting messages at all; `opt_out_type` is what Twilio took it for."""
    question = _find_words_before(message) if opt_out.may_be_an_answer(message.body) else ""
    choice = opt_out.choice_of(message.type, message.body, opt_out_type, question)
    if not choice or (choice == "START" and not contact.opted_out):
        return  # A "yes" of somebody who gets everything is a yes.
    # A sync may bring late what was said before the opposite was.
    if message.sent_at < contact.conversation.last_message_at and _chose_later(message):
        return
    message.opt_out_choice = choice
    contact.set_opted_out(choice == "STOP")


def _find_words_before(message: Message) -> str:
    """Return the words of our last message before a client's."""
    return (
        db.session.scalars(
            select(Message.body)
            .where(
                Message.conversation_id == message.conversation_id,
                Message.direction == "outbound",
                Message.sent_at <= message.sent_at,
            )
            .order_by(Message.sent_at.desc(), Message.id.desc())
            .limit(1)
        ).first()
        or ""
    )


def _chose_later(message: Message) -> bool:
    """Tell whether the same contact asked for messages, or for no more of them, after `message`."""
    later = db.session.scalars(
        select(Message).where(
            Message.conversation_id == message.conversation_id,
            Message.direction == "inbound",
            Message.type == "text",
            Message.sent_at > message.sent_at,
        )
    )
    return any(
        opt_out.choice_of(text.type, text.body, text.payload.get("OptOutType", ""), "")
        for text in later
        if text.contact_id == message.contact_id
    )
