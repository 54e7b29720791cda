"""What people fill in about their notifications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from flask_babel import gettext as _

from app.errors import Invalid
from app.formats import has_ink
from app.push.models import SCOPES
from app.push.webpush import Device, has_keys

LONGEST_NAME = 80


@dataclass(frozen=True)
class Wanted:
    """What one person wants to be told. The quiet hours are the office's local time, and both there or neither."""

    scope: str
    quiet_from: time | None
    quiet_to: time | None
    hide_text: bool


def _parse_hour(text: str) -> time | None:
    return time.fromisoformat(text[:5]) if text else None


def parse_wanted(form: Mapping[str, str]) -> Wanted:
    """Return what a person chose. Raises Invalid with the fields at fault."""
    fields = {}
    if form.get("scope") not in SCOPES:
        fields["scope"] = _("Elegí de qué querés que te avisemos.")
    start = end = None
    try:
        start, end = (_parse_hour(form.get(name, "").strip()) for name in ("quiet_from", "quiet_to"))
    except ValueError:
        fields["quiet"] = _("Escribí la hora así: 22:30.")
    if "quiet" not in fields and (start is None) != (end is None):
        fields["quiet"] = _("Poné desde y hasta qué hora, o ninguna de las dos.")
    if fields:
        raise Invalid(fields=fields)
    return Wanted(form["scope"], start, end, form.get("hide_text") == "1")


def parse_name(text: str) -> str:
    """Return the name of a device. Raises Invalid when it is empty or too long."""
    name = " ".join(text.replace("\x00", "").split())
    if not has_ink(name) or len(name) > LONGEST_NAME:
        raise Invalid(fields={"name": _("Escribí un nombre de hasta %(count)d letras.", count=LONGEST_NAME)})
    return name


def parse_device(body: Any) -> Device:
    """Return the subscription that a browser describes, as PushSubscription.toJSON() does.

    Raises Invalid, also when it gives keys that nothing can be encrypted for.
    """
    keys = body.get("keys") if isinstance(body, dict) else None
    texts = [body.get("endpoint"), keys.get("p256dh"), keys.get("auth")] if isinstance(keys, dict) else []
    endpoint, p256dh, auth = (
        text if isinstance(text, str) and text.isprintable() else "" for text in texts or [""] * 3
    )
    if not endpoint or not has_keys(p256dh, auth):
        raise Invalid(_("Este navegador no dijo cómo avisarle. Probá de nuevo."))
    return Device(endpoint, p256dh, auth)


def parse_replaced(body: Any) -> str:
    """Return the endpoint that the same browser had before, if it says one."""
    replaces = body.get("replaces") if isinstance(body, dict) else None
    return replaces if isinstance(replaces, str) and replaces.isprintable() else ""
