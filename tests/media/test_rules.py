"""What WhatsApp takes, said before anything is sent."""

from __future__ import annotations

import pytest
from flask import Flask

from app.media.rules import LARGEST, WHATSAPP_TYPES, kind_of, refusal_of


@pytest.mark.parametrize("content_type", WHATSAPP_TYPES)
def test_each_type_is_taken_up_to_its_limit(app: Flask, content_type: str) -> None:
    largest = WHATSAPP_TYPES[content_type].largest

    assert refusal_of(content_type, 1) is None
    assert refusal_of(content_type, largest) is None
    assert "Achicalo" in (refusal_of(content_type, largest + 1) or "")
    assert "vacío" in (refusal_of(content_type, 0) or "")


@pytest.mark.parametrize("content_type", ["image/svg+xml", "text/html", "image/heic", "application/zip", "x"])
def test_other_types_are_refused_with_what_to_send_instead(app: Flask, content_type: str) -> None:
    assert "Mandá una foto JPG o PNG" in (refusal_of(content_type, 5) or "")


def test_a_limit_is_said_as_people_read_numbers(app: Flask) -> None:
    assert refusal_of("image/webp", 1_250_000) == (
        "Pesa 1,2 MB y WhatsApp acepta hasta 0,5 MB. Achicalo y probá de nuevo."
    )
    assert refusal_of("", LARGEST) is None


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/jpeg", "image"),
        ("image/gif", "image"),
        ("image/webp", "sticker"),
        ("video/webm", "video"),
        ("audio/ogg", "audio"),
        ("text/vcard", "contact"),
        ("application/pdf", "document"),
        ("text/html", "document"),
        ("application/octet-stream", "document"),
    ],
)
def test_what_a_file_becomes_in_a_chat(content_type: str, kind: str) -> None:
    assert kind_of(content_type) == kind
