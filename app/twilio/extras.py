"""What comes with a client's message beyond its words and files, read from the parameters that were kept as they came.

The names are those of Twilio's "webhook request" page. That of an emoji in a reaction is nowhere written down: the
ones below are guesses beside Body, and none of them is needed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

_CHOICES = ("ButtonText", "ListTitle", "ButtonPayload", "ListId")
_FORMS = ("FlowData", "InteractiveData")
_EMOJI = ("Body", "ReactionEmoji", "Reaction", "Emoji")
# An emoji with a skin, joined to others, is far shorter; words are longer, or hold letters.
_LONGEST_EMOJI = 40
# Meta's own form builder calls a field screen_0_Nombre_completo_1 and its chosen option 0_Sí.
_BUILDER_FIELD = re.compile(r"screen_\d{1,4}_(.{1,200}?)(?:_\d{1,4})?")
_BUILDER_OPTION = re.compile(r"\d{1,4}_(?=.)")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NOT_SAID = {"flow_token", "flow_id", "flow_name", "wa_flow_response_params", "version"}
_MOST_LINES, _DEEPEST, _LONGEST_VALUE = 60, 4, 500


@dataclass(frozen=True)
class Referral:
    """The ad or post of Facebook or Instagram from which a client came; `url` is empty unless it is a web address."""

    headline: str
    body: str
    url: str


def find_choice(form: Mapping[str, str]) -> str:
    """Return what a client chose by a button or in a list, or nothing."""
    return next((form[name].strip() for name in _CHOICES if form.get(name, "").strip()), "")


def way_of_choosing(form: Mapping[str, str]) -> str:
    """Return how a client chose, form, list or button, or nothing when the parameters tell of no choice."""
    ways = {"form": _FORMS, "list": ("ListTitle", "ListId"), "button": ("ButtonText", "ButtonPayload")}
    return next((way for way, names in ways.items() if any(form.get(name, "").strip() for name in names)), "")


def find_reaction(form: Mapping[str, str]) -> str | None:
    """Return the emoji of a reaction, empty where it was taken back, or None when the parameters tell of none.

    One that names neither an emoji nor a message tells nothing. Without a type, an emoji alone that answers a message
    is one too: those that Twilio cannot name came that way.
    """
    message_type, answers = form.get("MessageType", "").lower(), bool(form.get("OriginalRepliedMessageSid"))
    emoji = next((form[name].strip() for name in _EMOJI if form.get(name, "").strip()), "")
    if message_type == "reaction":
        return emoji[:_LONGEST_EMOJI] if emoji or answers else None
    if not message_type and answers and is_emoji(emoji):
        return emoji
    return None


def is_emoji(text: str) -> bool:
    """Tell whether `text` is one short picture, or several: symbols alone, no letter, no punctuation, no space."""
    return 0 < len(text) <= _LONGEST_EMOJI and all(ord(letter) > 0x2000 and not letter.isalnum() for letter in text)


def form_lines(form: Mapping[str, str]) -> list[str]:
    """Return what a client filled in (WhatsApp Flows) as lines, `name: value`; nothing when there is none to read."""
    for name in _FORMS:
        try:
            answers = json.loads(form.get(name) or "null")
        except (ValueError, RecursionError):
            continue
        lines = list(_lines_of(answers, "", 0))
        if lines:
            return lines[:_MOST_LINES]
    return []


def _lines_of(value: object, name: str, depth: int) -> Iterator[str]:
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")) and depth < _DEEPEST:
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, dict):
        for inner, held in value.items() if depth < _DEEPEST else ():
            if str(inner) not in _NOT_SAID:
                yield from _lines_of(held, _readable_name(str(inner)), depth + 1)
    elif isinstance(value, list):
        if any(isinstance(held, dict | list) for held in value):
            for held in value if depth < _DEEPEST else ():
                yield from _lines_of(held, name, depth + 1)
        else:
            yield from _line(name, ", ".join(_readable_value(held) for held in value))
    else:
        yield from _line(name, _readable_value(value))


def _line(name: str, value: str) -> Iterator[str]:
    # JSON writes in escapes what no text column takes: NUL, and halves of a letter.
    value = " ".join(_UNSTORABLE.sub("", value).split())[:_LONGEST_VALUE]
    if value:
        yield f"{name}: {value}" if name else value


def _readable_name(name: str) -> str:
    found = _BUILDER_FIELD.fullmatch(name)
    return " ".join(_UNSTORABLE.sub("", found[1] if found else name).replace("_", " ").split())[:200]


def _readable_value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "✓", False: "✗"}[value]
    return _BUILDER_OPTION.sub("", str(value), count=1) if isinstance(value, str) else str(value)


def find_referral(form: Mapping[str, str]) -> Referral | None:
    """Return the ad that brought a client, or None."""
    url = form.get("ReferralSourceUrl", "").strip()
    web = url.lower().startswith(("https://", "http://")) and not re.search(r"[\s\\\x00-\x1f]", url)
    referral = Referral(
        form.get("ReferralHeadline", "").strip()[:300],
        form.get("ReferralBody", "").strip()[:600],
        url if web and len(url) <= 2000 else "",
    )
    return referral if any((referral.headline, referral.body, referral.url)) else None


def forwarded(form: Mapping[str, str]) -> str:
    """Return how often a message was passed on: often, once, or an empty text for never."""
    marks = {name: form.get(name, "").lower() == "true" for name in ("Forwarded", "FrequentlyForwarded")}
    return "often" if marks["FrequentlyForwarded"] else "once" if marks["Forwarded"] else ""


def find_location(form: Mapping[str, str]) -> dict[str, str] | None:
    """Return a place's two numbers and, where it has them, its address and label; None unless it is on this earth."""
    latitude, longitude = form.get("Latitude", "").strip(), form.get("Longitude", "").strip()
    if not is_coordinate(latitude, 90) or not is_coordinate(longitude, 180):
        return None
    named = {"address": form.get("Address", "").strip(), "label": form.get("Label", "").strip()}
    return {"latitude": latitude, "longitude": longitude} | {name: text for name, text in named.items() if text}


def is_coordinate(text: str, most: int) -> bool:
    """Tell whether `text` is a number of degrees of at most `most`, either way."""
    try:
        number = float(text) if text.isascii() and len(text) <= 40 and "_" not in text else math.nan
    except ValueError:
        return False
    return math.isfinite(number) and abs(number) <= most


def place_words(form: Mapping[str, str]) -> str:
    """Return the words of a place, for when its numbers are of no use."""
    return ", ".join(filter(None, (form.get("Label", "").strip(), form.get("Address", "").strip())))
