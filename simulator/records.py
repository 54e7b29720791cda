"""The things the simulator remembers: clients, messages with their media, and templates."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator.faults import Route


def utcnow() -> datetime:
    """Return the current time, aware and in UTC."""
    return datetime.now(UTC)


def new_sid(prefix: str) -> str:
    """Return a fresh identifier in Twilio's form: two letters and 32 hexadecimal digits."""
    return prefix + uuid.uuid4().hex


def stable_hex(text: str) -> str:
    """Return 32 hexadecimal digits that are always the same for `text`, so that restarts keep identifiers."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


WAYS_TO_WRITE = ("both", "phone", "variant", "user_id")
# The digit that mobiles are written with or without: country, what stands before it, the digit, what follows.
_FORMS = ((r"\+54", "9", r"[0-9]{10}"), (r"\+52", "1", r"[0-9]{10}"), (r"\+55[1-9][0-9]", "9", r"[6-9][0-9]{7}"))


def other_form(phone: str) -> str:
    """Return a number of Argentina, Mexico or Brazil in its other form, and any other number as it is."""
    for before, digit, after in _FORMS:
        if found := re.fullmatch(f"({before}){digit}({after})", phone):
            return found[1] + found[2]
        if found := re.fullmatch(f"({before})({after})", phone):
            return found[1] + digit + found[2]
    return phone


@dataclass
class Client:
    """A person with WhatsApp. Without `phone` only the user id (BSUID) identifies them, as Twilio does since 2026.

    `writes_as` is how Twilio tells who wrote: `both` (phone and user id), `phone`, `variant` (the phone in the other
    form that its country has) or `user_id`. Whatever it is, all of these addresses reach them.
    """

    name: str
    phone: str | None
    user_id: str
    auto_read: bool = True
    opted_out: bool = False
    writes_as: str = "both"
    last_inbound_at: datetime | None = None
    typing_until: datetime | None = None

    @property
    def key(self) -> str:
        """Return what names this client in the simulator's own addresses: the phone, else the user id."""
        return self.phone or self.user_id

    @property
    def address(self) -> str:
        """Return the client's channel address, `whatsapp:+549...` or `whatsapp:AR.123...`."""
        if self.shown_phone is None:
            return f"whatsapp:{self.user_id}"
        return f"whatsapp:{self.shown_phone}"

    @property
    def shown_phone(self) -> str | None:
        """Return the phone as Twilio tells it, or None where it tells the user id alone."""
        if self.writes_as == "user_id" or self.phone is None:
            return None
        return other_form(self.phone) if self.writes_as == "variant" else self.phone

    @property
    def addresses(self) -> set[str]:
        """Return every address that reaches the client."""
        phones = {self.phone, other_form(self.phone)} if self.phone else set()
        return {f"whatsapp:{known}" for known in (*phones, self.user_id)}


@dataclass
class Media:
    """A file of a message. `source` is the address the office gave; it is fetched when the message travels."""

    sid: str
    content_type: str
    data: bytes = b""
    file_name: str | None = None
    source: str | None = None


@dataclass
class Message:
    """One message in either direction. `details` holds the parameters that only some kinds have."""

    sid: str
    direction: str
    sender: str
    recipient: str
    body: str
    status: str
    created_at: datetime
    kind: str = "text"
    sent_at: datetime | None = None
    updated_at: datetime | None = None
    error_code: int | None = None
    media: list[Media] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)
    buttons: list[dict[str, str]] = field(default_factory=list)
    shown: dict[str, object] | None = None
    reply_to: str | None = None
    status_callback: str | None = None
    content_sid: str | None = None
    messaging_service_sid: str | None = None
    category: str = ""
    route: Route = field(default_factory=Route)
    webhook_status: str = ""
    read_by_office: bool = False
    number: int = 0

    @property
    def inbound(self) -> bool:
        """Tell whether the client wrote it."""
        return self.direction == "inbound"

    @property
    def client_address(self) -> str:
        """Return the address of the client's side."""
        return self.sender if self.inbound else self.recipient

    @property
    def moment(self) -> datetime:
        """Return when it was sent, or created while it still waits: the time that lists are ordered by."""
        return self.sent_at or self.created_at


@dataclass
class Template:
    """A Content resource and its WhatsApp approval."""

    sid: str
    friendly_name: str
    language: str
    variables: dict[str, str]
    types: dict[str, dict[str, Any]]
    created_at: datetime
    status: str = "unsubmitted"
    category: str = ""
    rejection_reason: str = ""
    approval_name: str = ""
    allow_category_change: bool = True

    @property
    def content_type(self) -> str:
        """Return the first content type, such as `twilio/text`."""
        return next(iter(self.types), "")

    @property
    def given(self) -> dict[str, Any]:
        """Return what the first content type holds."""
        return self.types.get(self.content_type, {})

    @property
    def body(self) -> str:
        """Return the text with its `{{1}}` places still empty; a card may have only a title."""
        return str(self.given.get("body") or self.given.get("title") or self.given.get("address") or "")

    @property
    def buttons(self) -> list[dict[str, str]]:
        """Return the quick replies offered under the text, each with `title` and `id`."""
        actions = [
            action for action in self.given.get("actions") or [] if action.get("type", "QUICK_REPLY") == "QUICK_REPLY"
        ]
        return [{"title": str(action["title"]), "id": str(action.get("id", ""))} for action in actions]


@dataclass
class Sender:
    """The office's number as a WhatsApp sender. `webhook` holds only what was set, by Twilio's own names."""

    sid: str
    sender_id: str
    webhook: dict[str, str]
    status: str = "ONLINE"
    offline_reasons: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Service:
    """A Messaging Service. With `defers` it leaves it to the sender where clients' messages go."""

    sid: str
    inbound_request_url: str | None
    inbound_method: str = "POST"
    status_callback: str | None = None
    defers: bool = False
