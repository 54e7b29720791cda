"""The parameters that only some kinds of message carry, under the names of Twilio's "webhook request" page.

What a list (ListId, ListTitle) and a reaction look like is told by others' code and by reports, not by that page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from simulator.records import stable_hex

Given = Mapping[str, object]

# What our names for kinds are to Twilio, where they differ: its MessageType.
MESSAGE_TYPES = {
    "button": "interactive",
    "list": "interactive",
    "form": "interactive",
    "song": "audio",
    "ad": "text",
}
_PLACE = {"latitude": "Latitude", "longitude": "Longitude", "address": "Address", "label": "Label"}
_FORM = {"Nombre completo": "Persona de Muestra", "Invitados": "120", "Menú": "Sin carne"}
_AD = {
    "ReferralBody": "Una muestra: reservá antes de octubre.",
    "ReferralHeadline": "Música para tu fiesta",
    "ReferralSourceId": "120210000000000001",
    "ReferralSourceType": "ad",
    "ReferralSourceUrl": "https://fb.example/muestra",
    "ReferralCtwaClid": "muestra-de-un-clic",
}


def _location(given: Given) -> dict[str, str]:
    place = {"latitude": -34.5997, "longitude": -58.3731, **given}
    return {_PLACE[name]: str(place[name]) for name in _PLACE if place.get(name) is not None}


def _button(given: Given) -> dict[str, str]:
    text = said(given)
    payload = str(given.get("payload") or stable_hex(text)[:8])
    return {"ButtonText": text, "ButtonPayload": payload, "ButtonType": "REPLY"}


def _list(given: Given) -> dict[str, str]:
    return {"ListId": str(given.get("payload") or stable_hex(said(given))[:8]), "ListTitle": said(given)}


def _form(given: Given) -> dict[str, str]:
    answers = given.get("answers")
    answers = answers if isinstance(answers, Mapping) else _FORM
    named = {f"screen_0_{name.replace(' ', '_')}_{at}": value for at, (name, value) in enumerate(answers.items())}
    return {"FlowData": json.dumps({"flow_token": "muestra", **named}, ensure_ascii=False)}


def _ad(_given: Given) -> dict[str, str]:
    return dict(_AD)


_OF_KIND = {"location": _location, "button": _button, "list": _list, "form": _form, "ad": _ad}


def said(given: Given) -> str:
    """Return the text of what was chosen or written."""
    return str(given.get("text") or given.get("body") or "")


def details_of(kind: str, given: Given) -> dict[str, str]:
    """Return the parameters of a `kind`, by Twilio's names; none for a kind that has none of its own."""
    make = _OF_KIND.get(kind)
    return make(given) if make else {}
