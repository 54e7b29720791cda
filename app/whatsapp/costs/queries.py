"""What messages cost: summed by month, category and coordinación, never two currencies in one sum.

Sums are made of the decimals that the database keeps. SQLite keeps them as floating point, so every sum is rounded to
the six places of the column before it is anybody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, case, func, or_, select

from app.coordinaciones.models import Coordinacion
from app.extensions import db
from app.phones import country_of
from app.whatsapp.costs.models import PriceRound, Rate
from app.whatsapp.costs.months import Month, Sum
from app.whatsapp.delivery import FAILED
from app.whatsapp.models import Conversation, Message

_PLACES = Decimal("0.000001")
HISTORY = timedelta(days=90)
# Since then Meta charges utility templates within the 24 hours too: what was paid before tells nothing of today.
CHARGED_ALIKE_SINCE = datetime(2026, 10, 1, tzinfo=UTC)
_ENOUGH = 200
# Twilio tells a price within hours; one that has none after this long never gets one.
UNPRICED_FOR = timedelta(days=3)


@dataclass(frozen=True)
class Total:
    """What `count` messages cost together."""

    currency: str
    amount: Decimal
    count: int


@dataclass(frozen=True)
class EventTotal:
    """What the messages of one coordinación cost; `coordinacion_id` is None for those of none."""

    coordinacion_id: int | None
    title: str
    total: Total


@dataclass(frozen=True)
class Estimate:
    """What a message will probably cost; `learned` when it was learned from what others like it cost."""

    amount: Decimal
    currency: str
    learned: bool


def _exact(amount: object) -> Decimal:
    return Decimal(str(amount)).quantize(_PLACES)


def category_of() -> ColumnElement[str]:
    """Return what a message is paid for, as an expression."""
    return case(
        (Message.direction == "inbound", "inbound"),
        (Message.category != "", func.lower(Message.category)),
        (Message.type == "template", "unknown"),
        else_="service",
    )


def list_sums(months: Sequence[Month]) -> list[Sum]:
    """Return what the messages of each of `months`, which follow one another, cost by category and currency."""
    starts = [(Message.sent_at >= month.start, number) for number, month in reversed(list(enumerate(months)))]
    number, category = case(*starts, else_=0), category_of()
    statement = (
        select(number, category, Message.price_unit, func.sum(Message.price), func.count(Message.id))
        .where(
            Message.price.is_not(None),
            Message.sent_at >= months[0].start,
            Message.sent_at < months[-1].after(1).start,
        )
        .group_by(number, category, Message.price_unit)
    )
    return [
        Sum(months[int(at)], str(kind), str(unit), _exact(amount), int(count))
        for at, kind, unit, amount, count in db.session.execute(statement)
    ]


def list_event_totals(months: Sequence[Month], limit: int, offset: int) -> list[EventTotal]:
    """Return what each coordinación cost within `months`, dearest first within its currency."""
    amount = func.sum(Message.price)
    statement = (
        select(Message.coordinacion_id, Coordinacion.title, Message.price_unit, amount, func.count(Message.id))
        .outerjoin(Coordinacion, Coordinacion.id == Message.coordinacion_id)
        .where(
            Message.price.is_not(None),
            Message.sent_at >= months[0].start,
            Message.sent_at < months[-1].after(1).start,
        )
        .group_by(Message.coordinacion_id, Coordinacion.title, Message.price_unit)
        .order_by(Message.price_unit, amount.desc(), Message.coordinacion_id)
    )
    return [
        EventTotal(event_id, title or "", Total(str(unit), _exact(cost), int(count)))
        for event_id, title, unit, cost, count in db.session.execute(statement.limit(limit).offset(offset))
    ]


def list_totals_of(coordinacion_id: int) -> list[Total]:
    """Return what the messages of a coordinación cost so far, in each currency."""
    statement = (
        select(Message.price_unit, func.sum(Message.price), func.count(Message.id))
        .where(Message.coordinacion_id == coordinacion_id, Message.price.is_not(None))
        .group_by(Message.price_unit)
        .order_by(Message.price_unit)
    )
    return [Total(str(unit), _exact(cost), int(count)) for unit, cost, count in db.session.execute(statement)]


def _unpriced() -> tuple[ColumnElement[bool], ...]:
    return Message.price.is_(None), Message.message_sid.is_not(None), Message.status.not_in(FAILED)


def count_unpriced_of(coordinacion_id: int) -> int:
    """Return how many messages of a coordinación have no price."""
    statement = select(func.count(Message.id)).where(Message.coordinacion_id == coordinacion_id, *_unpriced())
    return db.session.scalars(statement).one()


def count_unpriced(months: Sequence[Month]) -> int:
    """Return how many messages of `months` have no price, whether Twilio has yet to tell it or never will."""
    statement = select(func.count(Message.id)).where(
        Message.sent_at >= months[0].start, Message.sent_at < months[-1].after(1).start, *_unpriced()
    )
    return db.session.scalars(statement).one()


def first_id_since(moment: datetime) -> int:
    """Return an id below which every message is older than `moment`; ids are given in the order of time."""
    older = select(Message.id).where(Message.created_at < moment).order_by(Message.id.desc()).limit(1)
    return (db.session.scalar(older) or 0) + 1


def find_last_asked() -> int:
    """Return the id of the message that the last round of asking for prices ended with, 0 to begin anew."""
    return db.session.scalar(select(PriceRound.message_id).where(PriceRound.id == 1)) or 0


def list_unpriced(now: datetime, after: int, limit: int) -> list[tuple[int, str]]:
    """Return id and sid of messages that have come to rest and whose price may be known by now, from `after` on."""
    first = max(first_id_since(now - UNPRICED_FOR), after + 1)
    statement = select(Message.id, Message.message_sid).where(
        Message.id >= first, Message.status.in_(("received", "sent", "delivered", "read")), *_unpriced()
    )
    rows = db.session.execute(statement.order_by(Message.id).limit(limit))
    return [(message_id, sid) for message_id, sid in rows if sid]


def _to_country(conversation: Conversation) -> ColumnElement[bool] | None:
    code, region = country_of(conversation.address)
    reached = [Message.to_number.startswith(f"whatsapp:+{code}")] if code else []
    reached += [Message.to_number.startswith(f"whatsapp:{region}.")] if region else []
    return or_(*reached) if reached else None


def find_estimate(category: str, conversation: Conversation, now: datetime) -> Estimate | None:
    """Return what a message of `category` to `conversation` will probably cost, or None when nobody can say.

    What the office paid in the middle for the same category to the same country within 90 days, under the rules that
    Meta charges by today, in the currency of the last; else the rate that an admin wrote down.
    """
    category, reached = category.lower(), _to_country(conversation)
    paid: list[tuple[Decimal, str]] = []
    if reached is not None:
        statement = select(Message.price, Message.price_unit).where(
            Message.id >= first_id_since(now - HISTORY),
            Message.sent_at >= max(now - HISTORY, CHARGED_ALIKE_SINCE),
            Message.direction == "outbound",
            Message.price.is_not(None),
            category_of() == category,
            reached,
        )
        rows = db.session.execute(statement.order_by(Message.id.desc()).limit(_ENOUGH))
        paid = [(price, unit) for price, unit in rows if price is not None]
    if paid:
        currency = paid[0][1]
        prices = sorted(price for price, unit in paid if unit == currency)
        return Estimate(prices[(len(prices) - 1) // 2], currency, learned=True)
    rate = db.session.get(Rate, category)
    return Estimate(rate.price, rate.currency, learned=False) if rate else None


def list_rates() -> dict[str, Rate]:
    """Return the rates that admins wrote down, by category."""
    return {rate.category: rate for rate in db.session.scalars(select(Rate))}
