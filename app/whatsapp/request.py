"""What may be asked to be sent, by the composer or by a program."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class SendRequest:
    """What to send and to whom: one of `conversation_id`, `to` (E.164 or user id) or `coordinacion_id` alone.

    `coordinacion_id` beside another says which event the message is about.
    """

    body: str = ""
    conversation_id: int | None = None
    to: str | None = None
    coordinacion_id: int | None = None
    content_sid: str = ""
    content_variables: dict[str, str] | None = None

    @property
    def digest(self) -> str:
        """What tells this request from another under the same idempotency key."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def page_key(key: str) -> str:
    """Return the idempotency key of what a page sends under `key`, apart from those that programs choose."""
    return f"page:{key}"


def retry_key(message_id: int) -> str:
    """Return the idempotency key under which a page sends the words of a failed message again."""
    return page_key(f"retry-{message_id}")
