"""WhatsApp's templates at Twilio: listed with what WhatsApp decided, created, and submitted for approval.

Source: Twilio's OpenAPI document of the Content API (content v1). Its lists are paged by `meta.next_page_url`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.twilio.client import JsonBody, Twilio

_PAGE_SIZE = 500
_MOST_PAGES = 20


@dataclass(frozen=True)
class RemoteTemplate:
    """A template as Twilio has it; `status`, `category` and `rejection_reason` are WhatsApp's words."""

    sid: str
    name: str
    language: str
    types: Mapping[str, Any]
    variables: Mapping[str, str]
    status: str
    category: str = ""
    rejection_reason: str = ""


@dataclass(frozen=True)
class RemoteTemplates:
    """What was listed; `complete` when there was no more of it, so that what is absent is gone."""

    items: tuple[RemoteTemplate, ...]
    complete: bool


def _text(value: Any) -> str:
    return str(value or "").replace("\x00", "")  # Which no text column takes.


def _remote(content: Any) -> RemoteTemplate:
    approval = content.approval_requests if isinstance(content.approval_requests, dict) else {}
    return RemoteTemplate(
        sid=_text(content.sid),
        # The approval's name is WhatsApp's own; what was never submitted has only the one that people gave it.
        name=(_text(approval.get("name")) or _text(content.friendly_name))[:255],
        language=_text(content.language)[:20],
        types=content.types if isinstance(content.types, dict) else {},
        variables={_text(name): _text(sample) for name, sample in (content.variables or {}).items()},
        status=(_text(approval.get("status")).lower() or "unsubmitted")[:20],
        category=_text(approval.get("category")).upper()[:20],
        rejection_reason=_text(approval.get("rejection_reason")),
    )


class Contents(Twilio):
    """The gateway to the templates. `app.extensions["twilio_contents"]` holds one; tests a fake."""

    def list_templates(self) -> RemoteTemplates:
        """Return every template with its approval. Raises TwilioError; then nothing is known of any."""
        contents = self._client.content.v1.content_and_approvals
        found: dict[str, RemoteTemplate] = {}
        page = self._call(lambda: contents.page(page_size=_PAGE_SIZE))
        for _ in range(_MOST_PAGES):
            before = len(found)
            found |= {remote.sid: remote for remote in map(_remote, page) if remote.sid}
            if not page.next_page_url:
                return RemoteTemplates(tuple(found.values()), complete=True)
            if len(found) == before:  # A list that goes round and round never ends.
                break
            page = self._call(page.next_page)
        return RemoteTemplates(tuple(found.values()), complete=False)

    def create(self, name: str, language: str, types: Mapping[str, Any], variables: Mapping[str, str]) -> str:
        """Create a template at Twilio and return its sid; WhatsApp is not asked yet. Raises TwilioError."""
        body = {"friendly_name": name, "language": language, "variables": dict(variables), "types": dict(types)}
        return str(self._call(lambda: self._client.content.v1.contents.create(JsonBody(body))).sid)

    def submit(self, sid: str, name: str, category: str) -> str:
        """Ask WhatsApp to approve a template, and return the state that it has now. Raises TwilioError."""
        body = JsonBody({"name": name, "category": category})
        create = self._client.content.v1.contents(sid).approval_create.create
        return str(self._call(lambda: create(content_approval_request=body)).status or "received").lower()[:20]
