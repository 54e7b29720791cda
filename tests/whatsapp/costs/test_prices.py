"""What each message cost comes from Twilio, once it is known, and is asked for no oftener than it helps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from app.extensions import db, utcnow, writing
from app.jobs.actions import enqueue, run_due
from app.twilio.client import NoAnswer, RemoteMessage
from app.whatsapp import queries
from app.whatsapp.changes import current_change
from app.whatsapp.costs import actions
from app.whatsapp.costs.actions import PRICES, learn_prices
from app.whatsapp.messaging.actions.sync import sync
from app.whatsapp.models import Conversation, Message
from tests.factories import Factories
from tests.fakes import FakeTwilio


@pytest.fixture
def conversation(factories: Factories) -> Conversation:
    return factories.conversation()


@pytest.fixture
def asked(twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sids that Twilio was asked for, in order."""
    sids: list[str] = []
    fetch = twilio.fetch

    def remember(sid: str) -> RemoteMessage:
        sids.append(sid)
        return fetch(sid)

    monkeypatch.setattr(twilio, "fetch", remember)
    return sids


def sent(factories: Factories, twilio: FakeTwilio, conversation: Conversation, **fields: Any) -> Message:
    """A message that both sides have; `price` is what Twilio says of it."""
    price, unit = fields.pop("price", None), fields.pop("unit", "USD")
    direction = fields.pop("direction", "outbound")
    sid = twilio.add(direction=direction, price=price, price_unit=unit if price else "")
    status = "delivered" if direction == "outbound" else "received"
    return factories.message(conversation, direction=direction, message_sid=sid, **({"status": status} | fields))


def price_of(message: Message) -> tuple[Decimal | None, str]:
    db.session.rollback()
    found = queries.get_message(message.id)
    return found.price, found.price_unit


def test_a_price_is_kept_as_soon_as_it_is_known_and_never_asked_for_again(
    factories: Factories, twilio: FakeTwilio, conversation: Conversation, asked: list[str]
) -> None:
    out = sent(factories, twilio, conversation, price=Decimal("0.031"))
    came = sent(factories, twilio, conversation, price=Decimal("0.005"), direction="inbound")

    assert learn_prices() == 2
    assert learn_prices() == 0

    assert price_of(out) == (Decimal("0.031"), "USD")
    assert price_of(came) == (Decimal("0.005"), "USD")
    assert len(asked) == 2


def test_a_price_that_is_not_known_yet_is_asked_for_another_time(
    factories: Factories, twilio: FakeTwilio, conversation: Conversation, asked: list[str]
) -> None:
    message = sent(factories, twilio, conversation)
    before = current_change()

    assert (learn_prices(), price_of(message)) == (0, (None, ""))
    assert current_change() == before
    twilio.messages[asked[0]] = replace(twilio.messages[asked[0]], price=Decimal("0.005"), price_unit="USD")

    assert (learn_prices(), price_of(message)) == (1, (Decimal("0.005"), "USD"))


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "failed"},
        {"status": "undelivered"},
        {"status": "queued"},
        {"status": "unconfirmed"},
        {"created_at": utcnow() - timedelta(days=4)},
    ],
)
def test_what_costs_nothing_is_under_way_or_is_long_past_is_not_asked_for(
    fields: dict[str, Any], factories: Factories, twilio: FakeTwilio, conversation: Conversation, asked: list[str]
) -> None:
    sent(factories, twilio, conversation, price=Decimal("0.005"), **fields)

    assert learn_prices() == 0
    assert asked == []


def test_one_that_twilio_does_not_have_keeps_nobody_waiting(
    factories: Factories, twilio: FakeTwilio, conversation: Conversation
) -> None:
    factories.message(conversation, direction="outbound", status="delivered")
    known = sent(factories, twilio, conversation, price=Decimal("0.005"))

    assert learn_prices() == 1
    assert price_of(known) == (Decimal("0.005"), "USD")


def test_each_run_asks_for_some_and_the_next_goes_on_where_it_ended(
    factories: Factories,
    twilio: FakeTwilio,
    conversation: Conversation,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(actions, "ASKED_AT_ONCE", 2)
    messages = [sent(factories, twilio, conversation) for _number in range(5)]

    for _run in range(4):
        learn_prices()

    sids = [message.message_sid for message in messages]
    assert asked == [*sids, *sids[:2]]


def test_a_silent_twilio_is_asked_again_by_the_job(
    factories: Factories, twilio: FakeTwilio, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_sid: str) -> RemoteMessage:
        raise NoAnswer

    monkeypatch.setattr(twilio, "fetch", silent)
    sent(factories, twilio, conversation, price=Decimal("0.005"))

    with pytest.raises(NoAnswer):
        learn_prices()


def test_the_sync_keeps_the_prices_that_it_sees(
    factories: Factories, twilio: FakeTwilio, conversation: Conversation
) -> None:
    known = sent(factories, twilio, conversation, price=Decimal("0.031"))
    new = twilio.add("Nuevo", price=Decimal("0.005"), price_unit="USD")
    other = twilio.add("De otro programa", direction="outbound", price=Decimal("0.06"), price_unit="USD")

    sync(lambda _report: None)

    assert price_of(known) == (Decimal("0.031"), "USD")
    for sid, price in ((new, "0.005"), (other, "0.06")):
        message = queries.find_message_by_sid(sid)
        assert message is not None
        assert (message.price, message.price_unit) == (Decimal(price), "USD")


def test_a_price_that_is_known_stays_whatever_is_listed_later(
    factories: Factories, twilio: FakeTwilio, conversation: Conversation
) -> None:
    message = sent(factories, twilio, conversation, price=Decimal("0.9"), status="sent")
    with writing() as session:
        known = session.get_one(Message, message.id)
        known.price, known.price_unit = Decimal("0.031"), "USD"
    sid = message.message_sid or ""
    twilio.messages[sid] = replace(twilio.messages[sid], status="delivered")

    sync(lambda _report: None)

    assert price_of(message) == (Decimal("0.031"), "USD")
    assert queries.get_message(message.id).status == "delivered"


def test_the_job_comes_every_hour(
    app: Flask, factories: Factories, twilio: FakeTwilio, conversation: Conversation
) -> None:
    message = sent(factories, twilio, conversation, price=Decimal("0.031"))
    with writing() as session:
        enqueue(session, PRICES, key=PRICES)

    run_due(timedelta(seconds=5))

    assert price_of(message) == (Decimal("0.031"), "USD")
