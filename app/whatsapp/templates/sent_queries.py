"""What a message keeps of the template that it was sent with: enough to show it for ever as the client read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.whatsapp.templates import queries
from app.whatsapp.templates.forms import check_sendable


@dataclass(frozen=True)
class SentTemplate:
    """`record` is the message's `template`, `words` its body, `category` WhatsApp's in lower case."""

    record: dict[str, Any]
    words: str = ""
    category: str = ""


def read_sent(content_sid: str, variables: Mapping[str, str] | None, *, window_open: bool) -> SentTemplate:
    """Return what to keep of a template that is about to be sent.

    One that we do not know is sent as it was asked: it may be newer than the last sync. Raises Invalid, by field, when
    we know it and WhatsApp would not take it.
    """
    values = dict(variables or {})
    record: dict[str, Any] = {"content_sid": content_sid, "variables": values}
    template = queries.find_template(content_sid)
    if template is None:
        return SentTemplate(record)
    card = check_sendable(template, values, window_open=window_open)
    named = {"name": template.name, "language": template.language, "category": template.category}
    return SentTemplate(record | named | {"card": card.as_json()}, card.words, template.category.lower())
