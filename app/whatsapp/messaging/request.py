"""What may be asked to be sent, by the composer or by a program."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class SendRequest:
    """What to send and to whom: one of `conversation_id`, `to` (E.164 or user id) or `coordinacion_id` alone.

    `coordinacion_id` beside another says which event the message is about. With `media_id`, a kept file, `body` is its
    caption. `retry_of` is the failed message that this tries again: it goes to whom that one was for, whoever writes in
    the conversation now. `known_id` is the newest message that the writer had before their eyes: what a colleague
    answered after it is shown to them before anything goes out.
    """

    body: str = ""
    conversation_id: int | None = None
    to: str | None = None
    coordinacion_id: int | None = None
    content_sid: str = ""
    content_variables: dict[str, str] | None = None
    media_id: int | None = None
    retry_of: int | None = None
    known_id: int | None = None

    @property
    def digest(self) -> str:
        """What tells this request from another under the same idempotency key."""
        fields = asdict(self)
        del fields["known_id"]  # Sent all the same after a look, it is the same message.
        if self.media_id is None:  # So that keys which were used before files could be sent still know their message.
            del fields["media_id"]
        if self.retry_of is None:  # Likewise.
            del fields["retry_of"]
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def page_key(key: str) -> str:
    """Return the idempotency key of what a page sends under `key`, apart from those that programs choose."""
    return f"page:{key}"


def retry_key(message_id: int) -> str:
    """Return the idempotency key under which pages send a failed message again, which no page can name by itself."""
    return f"retry:{message_id}"
