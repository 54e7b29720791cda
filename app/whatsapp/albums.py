"""Which photos make an album: those that came together, each a message of its own."""

from __future__ import annotations

from datetime import timedelta

from app.whatsapp.bubbles import media_kind, media_state
from app.whatsapp.delivery import FAILED
from app.whatsapp.models import Message

# Several photos chosen at once come as so many messages, seconds apart.
_PAUSE = timedelta(seconds=90)
# How far around a photo its album is looked for.
REACH = timedelta(minutes=5)
_TROUBLED = {*FAILED, "unconfirmed"}


def is_photo(message: Message) -> bool:
    """Tell whether a message is one photo and nothing else, so that it may stand in an album."""
    alone = message.type == "image" and len(message.media) == 1 and not message.body.strip()
    plain = alone and message.reply_to_sid is None and message.status not in _TROUBLED
    return plain and media_kind(message.media[0], message) == "image" and media_state(message.media[0]) != "failed"


def go_together(one: Message | None, other: Message | None) -> bool:
    """Tell whether two messages, one after the other, are photos of one album."""
    if one is None or other is None or one.direction != other.direction:
        return False
    return is_photo(one) and is_photo(other) and other.sent_at - one.sent_at <= _PAUSE
