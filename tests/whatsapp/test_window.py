"""The 24 hours, to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.whatsapp.models import Conversation
from app.whatsapp.window import later, window_after

NOON = datetime(2026, 12, 12, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "is_open"),
    [
        (timedelta(0), True),
        (timedelta(hours=23, minutes=59, seconds=59), True),
        (timedelta(hours=24), False),
        (timedelta(days=30), False),
    ],
)
def test_the_window_is_open_for_a_day_after_the_client_wrote(after: timedelta, is_open: bool) -> None:
    conversation = Conversation(window_expires_at=window_after(NOON))

    assert conversation.window_open(NOON + after) is is_open


def test_who_never_wrote_has_no_window() -> None:
    assert not Conversation(window_expires_at=None).window_open(NOON)


def test_an_old_message_that_comes_late_does_not_shorten_the_window() -> None:
    assert later(None, NOON) == NOON
    assert later(NOON, NOON - timedelta(hours=1)) == NOON
    assert later(NOON, NOON + timedelta(hours=1)) == NOON + timedelta(hours=1)
