"""Who waits for an answer: a client whose message nobody has answered, nor called done."""

from __future__ import annotations

from sqlalchemy import not_
from sqlalchemy.sql.elements import ColumnElement

from app.whatsapp.delivery import FAILED
from app.whatsapp.models import Conversation, Message


def asks(message: Message) -> bool:
    """Tell whether a message wants an answer: a client's own words, and not a reaction to ours."""
    return message.inbound and message.type != "reaction"


def answers(message: Message) -> bool:
    """Tell whether a message is an answer: whatever we sent, unless it did not arrive."""
    return not message.inbound and message.status not in FAILED


def is_waiting() -> ColumnElement[bool]:
    """Return the condition that a conversation waits for us. Whoever asked for no messages waits for none."""
    return Conversation.waiting_since.is_not(None) & not_(Conversation.opted_out)


def is_untold() -> ColumnElement[bool]:
    """Return the condition that nobody was told again of the present wait."""
    told_at = Conversation.unanswered_told_at
    return Conversation.waiting_since.is_not(None) & (told_at.is_(None) | (told_at < Conversation.waiting_since))


def wait_no_more(conversation: Conversation) -> None:
    """Note that nothing waits in a conversation; should an answer not arrive, people are told again of that wait."""
    conversation.waiting_since = conversation.unanswered_told_at = None
