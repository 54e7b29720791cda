"""Learning what messages cost, and keeping the rates that admins write down."""

from __future__ import annotations

import time

from sqlalchemy.orm import Session

from app.extensions import db, utcnow, writing
from app.twilio import gateway
from app.twilio.client import Refused, RemoteMessage
from app.whatsapp.changes import changing, lock_changes
from app.whatsapp.costs import queries
from app.whatsapp.costs.forms import NewRate
from app.whatsapp.costs.models import PriceRound, Rate
from app.whatsapp.models import Message

PRICES = "whatsapp.prices"  # The job that asks for them.
ASKED_AT_ONCE = 200
BUDGET_SECONDS = 20.0


def record_price(message: Message, remote: RemoteMessage) -> bool:
    """Write what `remote` says a message took; return whether that is new. A price that is known stays."""
    if remote.price is None or message.price is not None:
        return False
    message.price, message.price_unit = remote.price, remote.price_unit
    return True


def _ask(waiting: list[tuple[int, str]]) -> tuple[dict[int, RemoteMessage], int]:
    """Ask for each message until time is over; return those whose price is known, and the last one asked for."""
    known: dict[int, RemoteMessage] = {}
    ends, last = time.monotonic() + BUDGET_SECONDS, 0
    for message_id, sid in waiting:
        if time.monotonic() > ends:
            break
        try:
            remote = gateway().fetch(sid)
        except Refused as refused:
            if refused.http_status != 404:
                raise
        else:
            if remote.price is not None:
                known[message_id] = remote
        last = message_id
    return known, last


def learn_prices() -> int:
    """Ask Twilio for the prices of messages of the last days that have none, and return how many were learned.

    At most so many at once, going on where the last run ended, so that those without a price keep nobody waiting.
    Raises TwilioError.
    """
    waiting = queries.list_unpriced(utcnow(), queries.find_last_asked(), ASKED_AT_ONCE)
    whole = len(waiting) < ASKED_AT_ONCE
    db.session.commit()  # Nothing stays open while Twilio answers.
    known, last = _ask(waiting)
    if known:
        with changing() as (session, _change):
            learned = sum(_write(session, message_id, remote) for message_id, remote in known.items())
    else:
        learned = 0
    _end_round(0 if whole and (not waiting or last == waiting[-1][0]) else last)
    return learned


def _end_round(message_id: int) -> None:
    """Write down that the next round begins behind `message_id`."""
    with writing() as session:
        lock_changes(session)  # So that of two rounds at once the second finds the first one's row.
        session.merge(PriceRound(id=1, ended_at=utcnow(), message_id=message_id))


def _write(session: Session, message_id: int, remote: RemoteMessage) -> bool:
    message = session.get(Message, message_id)
    return message is not None and record_price(message, remote)


def keep_rates(rates: list[NewRate], gone: list[str]) -> None:
    """Keep what an admin wrote down, and forget the rates of the categories in `gone`."""
    now = utcnow()
    with writing() as session:
        for new in rates:
            session.merge(Rate(category=new.category, price=new.price, currency=new.currency, updated_at=now))
        for category in gone:
            rate = session.get(Rate, category)
            if rate is not None:
                session.delete(rate)
