"""What a bubble says and shows of files, places, cards and what came beside the words; what a search finds there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.cursors import write_cursor
from app.formats import has_ink
from app.holds import hold, until_tomorrow
from app.links import is_safe_link
from app.phones import format_phone
from app.twilio.extras import Referral, find_referral, forwarded, is_coordinate, way_of_choosing
from app.whatsapp.models import Message
from app.whatsapp.outcomes import from_when, moment_words

_PHONE_LABELS = {"cell": _l("celular"), "work": _l("trabajo"), "home": _l("casa")}


def phone_label(phone: dict[str, str]) -> str:
    """Return which of somebody's phones this is, or nothing."""
    return str(_PHONE_LABELS.get(phone["label"], ""))


def map_url(location: dict[str, Any]) -> str:
    """Return where a place is shown on a map, or nothing when it is not on this earth."""
    latitude, longitude = str(location.get("latitude", "")), str(location.get("longitude", ""))
    if not is_coordinate(latitude, 90) or not is_coordinate(longitude, 180):
        return ""
    query = urlencode({"mlat": latitude.strip(), "mlon": longitude.strip()})
    return f"https://www.openstreetmap.org/?{query}#map=16/{float(latitude)}/{float(longitude)}"


def coordinates(location: dict[str, Any]) -> str:
    """Return a place's two numbers as a map's search takes them, to about a metre."""
    return f"{float(location['latitude']):.5f}, {float(location['longitude']):.5f}" if map_url(location) else ""


def referral_of(message: Message) -> Referral | None:
    """Return the ad from which a client came with this message, or None; its link only where it does not deceive."""
    found = find_referral(message.payload or {})
    if found is None or is_safe_link(found.url):
        return found
    return Referral(found.headline, found.body, "") if found.headline or found.body else None


def picture_words(message: Message) -> str:
    """Return what a picture is to somebody who cannot see it: its caption, or whose it is."""
    kind = _("Sticker") if message.type == "sticker" else _("Foto")
    caption = " ".join(message.body.split())[:120]
    return f"{kind}: {caption}" if has_ink(caption) else str(kind)


def forwarded_label(message: Message) -> str:
    """Return that a message was passed on, or nothing."""
    often = forwarded(message.payload or {})
    return str({"often": _("Reenviado muchas veces"), "once": _("Reenviado")}.get(often, ""))


def chosen_label(message: Message) -> str:
    """Return how a client chose these words, when they wrote none themselves, or nothing."""
    way = way_of_choosing(message.payload or {}) if message.type == "interactive" else ""
    return str(
        {"form": _("Completó un formulario"), "list": _("Eligió de una lista"), "button": _("Tocó un botón")}.get(
            way, ""
        )
    )


def came_by(message: Message) -> str:
    """Return the number that a message came from or went to, where it is not the thread's own; else nothing."""
    if message.party.home_id == message.conversation_id:
        return ""
    address = (message.from_number if message.inbound else message.to_number).removeprefix("whatsapp:")
    return format_phone(address) if address.startswith("+") else _("sin número")


def cursor_after(message: Message) -> str:
    """Return the cursor of the page whose newest message is this one."""
    return write_cursor(message.sent_at, message.id + 1)


def row_key(message: Message) -> str:
    """Return what sorts a message within its thread, in a browser too."""
    return f"{message.sent_at.astimezone(UTC):%Y%m%d%H%M%S.%f}.{message.id:012}"


def day_key(moment: datetime) -> str:
    """Return what sorts a day's separator before its messages; `moment` is the day's start, local."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S.%f}.0"


def held_from_when(moment: datetime, now: datetime) -> Markup:
    """Return from when something is allowed, and on the page until when these words hold."""
    return hold(from_when(moment, now), min(moment, until_tomorrow()))


def held_moment(moment: datetime) -> Markup:
    """Return a moment in words, and on the page until when these words hold."""
    return hold(moment_words(moment), until_tomorrow())
