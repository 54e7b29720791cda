"""What a client will read of a template: Twilio's content types, each in its own form, become one of ours.

Source: Twilio's OpenAPI document of the Content API (schemas `types` and those it names).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

PLACE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
# A template may be kept in several types; WhatsApp gets the first of these that it has.
_KINDS = (
    "whatsapp/card",
    "twilio/card",
    "twilio/carousel",
    "whatsapp/flows",
    "twilio/flows",
    "twilio/catalog",
    "whatsapp/authentication",
    "twilio/list-picker",
    "twilio/call-to-action",
    "twilio/quick-reply",
    "twilio/location",
    "twilio/media",
    "twilio/text",
)
# WhatsApp takes these only while the client's 24 hours last; nobody can ask for their approval.
_ONLY_IN_SESSION = ("twilio/list-picker", "twilio/location", "twilio/catalog")
_BUTTONS = {"QUICK_REPLY": "reply", "URL": "url", "PHONE_NUMBER": "phone", "COPY_CODE": "code", "VOICE_CALL": "phone"}


@dataclass(frozen=True)
class Button:
    """Something to tap: `kind` is reply, url, phone, code, list or other; `value` the address, number or code."""

    kind: str
    title: str
    value: str = ""


@dataclass(frozen=True)
class Choice:
    """A line of a list."""

    title: str
    description: str = ""


@dataclass(frozen=True)
class Card:
    """A message in the parts that WhatsApp shows, top down; `cards` are those of a carousel. Texts may hold {{1}}."""

    kind: str
    header: str = ""
    media: tuple[str, ...] = ()
    text: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    choices: tuple[Choice, ...] = ()
    cards: tuple[Card, ...] = ()

    def texts(self) -> Iterator[str]:
        """Yield every text in which a variable may stand."""
        yield from (self.header, self.text, self.footer, *self.media)
        for button in self.buttons:
            yield from (button.title, button.value)
        for choice in self.choices:
            yield from (choice.title, choice.description)
        for card in self.cards:
            yield from card.texts()

    @property
    def words(self) -> str:
        """What is read of it, for a search and for the last line of a list."""
        inner = [card.words for card in self.cards]
        return "\n".join(part for part in (self.header, self.text, self.footer, *inner) if part)

    def as_json(self) -> dict[str, Any]:
        """Return it as a message keeps it."""
        return asdict(self)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _button(action: Mapping[str, Any]) -> Button:
    kind = _BUTTONS.get(_text(action.get("type") or "QUICK_REPLY").upper(), "other")
    value = action.get("url") or action.get("phone") or action.get("code")
    return Button(kind, _text(action.get("title") or action.get("copy_code_text")), _text(value))


def _media(body: Mapping[str, Any]) -> tuple[str, ...]:
    media = body.get("media")
    return tuple(_text(url) for url in (media if isinstance(media, list) else [media]) if url)


def _of_card(kind: str, body: Mapping[str, Any]) -> Card:
    """Read the two cards (Twilio's has a title and a subtitle, WhatsApp's a header and a footer) and a carousel's."""
    title, text = _text(body.get("title")), _text(body.get("body"))
    return Card(
        kind,
        header=_text(body.get("header_text")) or (title if text else ""),
        media=_media(body),
        text=text or title,
        footer=_text(body.get("footer") or body.get("subtitle")),
        buttons=tuple(map(_button, _objects(body.get("actions")))),
    )


def _of_list(kind: str, body: Mapping[str, Any]) -> Card:
    choices = [Choice(_text(item.get("item")), _text(item.get("description"))) for item in _objects(body.get("items"))]
    return Card(
        kind, text=_text(body.get("body")), buttons=(Button("list", _text(body.get("button"))),), choices=tuple(choices)
    )


def _of_place(kind: str, body: Mapping[str, Any]) -> Card:
    return Card(kind, header=_text(body.get("label")), text=_text(body.get("address")))


def _of_carousel(kind: str, body: Mapping[str, Any]) -> Card:
    cards = tuple(_of_card("twilio/card", item) for item in _objects(body.get("cards")))
    return Card(kind, text=_text(body.get("body")), cards=cards)


_READERS = {"twilio/list-picker": _of_list, "twilio/location": _of_place, "twilio/carousel": _of_carousel}


def card_of(types: Mapping[str, Any]) -> Card:
    """Return what WhatsApp shows of a template with these `types` of Twilio's; of an unknown one, its words."""
    kind = next((kind for kind in _KINDS if kind in types), next(iter(types), ""))
    body = types.get(kind)
    return _READERS.get(kind, _of_card)(kind, body if isinstance(body, dict) else {})


def opens_conversation(types: Mapping[str, Any]) -> bool:
    """Tell whether WhatsApp lets such a template be the first word, after the 24 hours or before any."""
    return card_of(types).kind not in _ONLY_IN_SESSION


def places_of(card: Card) -> list[str]:
    """Return the names of the variables in `card`, each once, in the order in which they are read."""
    return list(dict.fromkeys(name for text in card.texts() for name in PLACE.findall(text)))


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with its variables' values in place; one without a value stays a place."""
    return PLACE.sub(lambda place: values.get(place[1]) or place[0], text)


def fill(card: Card, values: Mapping[str, str]) -> Card:
    """Return `card` with its variables' values in place."""

    def of(text: str) -> str:
        return fill_text(text, values)

    return Card(
        card.kind,
        header=of(card.header),
        media=tuple(map(of, card.media)),
        text=of(card.text),
        footer=of(card.footer),
        buttons=tuple(Button(button.kind, of(button.title), of(button.value)) for button in card.buttons),
        choices=tuple(Choice(of(choice.title), of(choice.description)) for choice in card.choices),
        cards=tuple(fill(inner, values) for inner in card.cards),
    )
