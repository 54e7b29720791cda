"""States only go forward, whatever the order in which Twilio tells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.whatsapp.delivery import ARRIVED, FAILED, RANK, UNSETTLED, advances, tick

# Every word of Twilio's own list (twilio-oai, message_enum_status) that an outbound message can have.
TWILIOS = ["accepted", "scheduled", "queued", "sending", "sent", "delivered", "partially_delivered", "undelivered"]
TWILIOS += ["failed", "canceled", "read"]


@pytest.mark.parametrize("status", TWILIOS)
def test_every_state_of_twilios_has_its_place(status: str) -> None:
    assert status in RANK
    assert not advances(status, status)


@pytest.mark.parametrize(
    ("current", "news", "moves"),
    [
        ("queued", "sent", True),
        ("queued", "read", True),
        ("unconfirmed", "queued", True),
        ("unconfirmed", "failed", True),
        ("sent", "queued", False),
        ("sent", "failed", True),
        ("sent", "undelivered", True),
        ("failed", "sent", False),
        ("failed", "undelivered", False),
        ("failed", "delivered", True),
        ("undelivered", "read", True),
        ("delivered", "failed", False),
        ("delivered", "read", True),
        ("scheduled", "canceled", True),
        ("scheduled", "queued", True),
        ("accepted", "scheduled", False),
        ("sent", "canceled", True),
        ("canceled", "sent", False),
        ("canceled", "failed", False),
        ("canceled", "delivered", True),
        ("read", "canceled", False),
        ("sent", "partially_delivered", True),
        ("partially_delivered", "delivered", True),
        ("partially_delivered", "failed", False),
        ("delivered", "partially_delivered", False),
        ("read", "partially_delivered", False),
        ("queued", "receiving", False),
        ("unconfirmed", "receiving", False),
        ("queued", "received", False),
        ("read", "delivered", False),
        ("queued", "", False),
        ("queued", "unheard-of", False),
        ("unheard-of", "sent", True),
        ("received", "unheard-of", False),
    ],
)
def test_news_move_a_message_on_or_not_at_all(current: str, news: str, moves: bool) -> None:
    assert advances(current, news) is moves


@given(st.lists(st.sampled_from(TWILIOS), max_size=12))
def test_no_order_of_news_takes_back_an_arrival_or_a_reading(news: list[str]) -> None:
    status, highest = "queued", 1
    for word in news:
        status = word if advances(status, word) else status
        assert RANK[status] >= highest
        highest = RANK[status]

    assert highest == max([1, *(RANK[word] for word in news)])


@pytest.mark.parametrize(
    ("status", "mark"),
    [
        ("queued", "clock"),
        ("accepted", "clock"),
        ("sending", "clock"),
        ("unconfirmed", "unknown"),
        ("sent", "check"),
        ("partially_delivered", "checks"),
        ("delivered", "checks"),
        ("read", "read"),
        ("failed", "failed"),
        ("undelivered", "failed"),
        ("canceled", "failed"),
        ("received", "clock"),
    ],
)
def test_each_state_has_its_mark(status: str, mark: str) -> None:
    assert tick(status) == mark


def test_every_state_is_settled_or_may_still_change() -> None:
    assert set(RANK) == {*UNSETTLED, *FAILED, *ARRIVED}
    assert not {*UNSETTLED} & {*FAILED, *ARRIVED}
