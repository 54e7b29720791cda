"""What arrives from Twilio, translated once: webhooks and status callbacks become our own frozen dataclasses.

Unknown parameters and missing ones break nothing. The parameters are those of Twilio's "webhook request" page and of
real traffic of 2026, which has more of them (ExternalUserId, MessageType, ChannelMetadata).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.twilio import extras

_TYPES = {
    "text": "text",
    "image": "image",
    "audio": "audio",
    "video": "video",
    "document": "document",
    "sticker": "sticker",
    "contacts": "contact",
    "location": "location",
    "interactive": "interactive",
    "button": "interactive",
    "list": "interactive",
    "contact": "contact",
    "reaction": "reaction",
    "voice": "audio",
    "file": "document",
}
_TYPE_OF_MEDIA = {"image": "image", "audio": "audio", "video": "video"}
_PHONE = re.compile(r"\+?[0-9]{5,15}")
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,136}")
_MEDIA_URL = re.compile(r"MediaUrl(0|[1-9][0-9]?)")
# Those with a column of their own; the rest of what Twilio sent is kept beside the message as it came.
_KNOWN = re.compile(r"Body|From|To|MessageSid|SmsSid|SmsMessageSid|AccountSid|ApiVersion|Media(Url|ContentType)\d+")


@dataclass(frozen=True)
class Address:
    """A contact on WhatsApp: by phone in E.164, by user id (BSUID, such as AR.123), or by both."""

    phone: str | None = None
    user_id: str | None = None


@dataclass(frozen=True)
class MediaItem:
    """A file that came with a message: where Twilio keeps it, what it says it is, and its name where known."""

    url: str
    content_type: str
    filename: str = ""


@dataclass(frozen=True)
class Inbound:
    """One message from a client."""

    message_sid: str
    sender: Address
    from_number: str
    to_number: str
    type: str
    body: str = ""
    profile_name: str = ""
    media: tuple[MediaItem, ...] = ()
    location: dict[str, str] | None = None
    reply_to_sid: str | None = None
    opt_out: str = ""
    payload: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StatusUpdate:
    """What became of a message that we sent; `message_id` is ours, from the callback's own URL."""

    message_sid: str
    status: str
    message_id: int | None = None
    to_number: str = ""
    error_code: int | None = None
    error_message: str = ""


class NotAMessage(ValueError):
    """The request is Twilio's, but names no message or no sender."""


def clean(form: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters without NUL, which no text column takes. Only after the signature was checked."""
    return {name: value.replace("\x00", "") for name, value in form.items()}


def parse_address(*texts: str) -> Address:
    """Return the contact that the given addresses (From, ExternalUserId, WaId) name, with or without `whatsapp:`."""
    phone = user_id = None
    for text in texts:
        bare = text.strip().removeprefix("whatsapp:").strip()
        if user_id is None and _USER_ID.fullmatch(bare):
            user_id = bare
        elif phone is None and _PHONE.fullmatch(bare):
            phone = "+" + bare.lstrip("+")
    return Address(phone, user_id)


_NEW_SID = re.compile(r"Generated new message with sid:? *((?:SM|MM)[0-9a-fA-F]{32})\b")


def find_new_sid(error_message: str) -> str | None:
    """Return the sid of the message that Twilio says, in an error's text, it sent in place of the one that failed."""
    found = _NEW_SID.search(error_message)
    return found[1] if found else None


def parse_int(text: str | None) -> int | None:
    """Return the whole number in `text`, or None when there is none that fits a column."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 9 else None


def _parse_media(form: Mapping[str, str]) -> tuple[MediaItem, ...]:
    # NumMedia is not asked: a file that is there shall not be lost because a count says otherwise.
    named = form.get("Body", "") if form.get("MessageType") == "document" else ""
    numbers = sorted(int(found[1]) for name in form if form[name] and (found := _MEDIA_URL.fullmatch(name)))
    return tuple(
        MediaItem(form[f"MediaUrl{n}"], form.get(f"MediaContentType{n}", "")[:120], named[:255]) for n in numbers
    )


def type_of_media(content_type: str) -> str:
    """Return what kind of message a file of this content type is, where nothing else says it."""
    return "contact" if "vcard" in content_type else _TYPE_OF_MEDIA.get(content_type.split("/")[0], "document")


def _parse_type(form: Mapping[str, str], media: tuple[MediaItem, ...], body: str) -> str:
    """Return what kind of message this is; a blank one without any information is unknown, and says so."""
    message_type = form.get("MessageType", "").lower()
    if message_type in ("", "text") and media:
        return type_of_media(media[0].content_type)
    if extras.find_reaction(form) is not None:
        return "reaction"
    if message_type in ("", "text", "interactive") and form.get("Latitude"):
        return "location"
    chosen = extras.find_choice(form) or extras.form_lines(form)
    kind = _TYPES.get(message_type, "unknown") if message_type else "interactive" if chosen else "text"
    # What names a file and brings none, or a choice and tells none, has at most its words.
    wordless = kind in ("text", "interactive", "reaction") and not media and not body.strip()
    return "unknown" if wordless else kind


def _parse_body(form: Mapping[str, str], media: tuple[MediaItem, ...]) -> str:
    """Return the words of a message: its text, else what was chosen, filled in or pointed at."""
    body = form.get("Body", "")
    if media and body == media[0].filename:
        return ""
    reaction = extras.find_reaction(form)
    if reaction is not None:
        return reaction
    lines = [line for line in extras.form_lines(form) if line not in body]
    if lines:
        return "\n".join([*([body] if body.strip() else []), *lines])
    if body.strip():
        return body
    return extras.find_choice(form) or ("" if extras.find_location(form) else extras.place_words(form))


def parse_inbound(form: Mapping[str, str]) -> Inbound:
    """Return the message in a webhook's parameters. Raises NotAMessage when it has no id or no sender."""
    form = clean(form)
    sid = form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid") or ""
    sender = parse_address(form.get("From", ""), form.get("ExternalUserId", ""), form.get("WaId", ""))
    if not sid or len(sid) > 34 or (sender.phone is None and sender.user_id is None):
        raise NotAMessage
    media = _parse_media(form)
    body = _parse_body(form, media)
    return Inbound(
        message_sid=sid,
        sender=sender,
        from_number=form.get("From", "")[:150],
        to_number=form.get("To", "")[:150],
        type=_parse_type(form, media, body),
        body=body,
        profile_name=form.get("ProfileName", ""),
        media=media,
        location=extras.find_location(form),
        reply_to_sid=form.get("OriginalRepliedMessageSid", "")[:34] or None,
        opt_out=form.get("OptOutType", "").upper(),
        payload={name: value for name, value in form.items() if not _KNOWN.fullmatch(name)},
    )


def parse_status(form: Mapping[str, str], query: Mapping[str, str]) -> StatusUpdate:
    """Return what a status callback says. Raises NotAMessage when it names no message."""
    form = clean(form)
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    if not sid or len(sid) > 34:
        raise NotAMessage
    return StatusUpdate(
        message_sid=sid,
        status=(form.get("MessageStatus") or form.get("SmsStatus") or "").lower()[:20],
        message_id=parse_int(query.get("message")),
        to_number=form.get("To", ""),
        error_code=parse_int(form.get("ErrorCode")) or None,
        error_message=form.get("ErrorMessage") or form.get("ChannelStatusMessage") or "",
    )
