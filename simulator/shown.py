"""What a template looks like on the client's phone, with its places filled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.records import Template
from simulator.rules import fill_text

Json = dict[str, object]


def shown(template: Template, variables: Mapping[str, str]) -> Json:
    """Return the parts of a message made from `template`, as the phone draws them."""
    return _card(template.given, {**template.variables, **variables})


def _card(given: Mapping[str, Any], values: Mapping[str, str]) -> Json:
    def of(value: object) -> str:
        return fill_text(str(value or ""), values)

    body, title = given.get("body"), given.get("title") or given.get("label")
    items, cards = given.get("items") or [], given.get("cards") or []
    return {
        "header": of(given.get("header_text") or (title if body else "")),
        "text": of(body or title or given.get("address")),
        "footer": of(given.get("footer") or given.get("subtitle")),
        "media": [of(url).rsplit("/", 1)[-1] for url in given.get("media") or []],
        "links": [
            {"title": of(action.get("title")), "value": of(action.get("url") or action.get("phone"))}
            for action in given.get("actions") or []
            if action.get("type", "QUICK_REPLY") != "QUICK_REPLY"
        ],
        "items": [{"title": of(item.get("item")), "text": of(item.get("description"))} for item in items],
        "cards": [_card(card, values) for card in cards],
    }
