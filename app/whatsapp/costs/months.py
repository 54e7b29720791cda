"""Months of the calendar, as bills count them: each begins at midnight of the office's time zone.

Not at DAY_ENDS_AT, as the office's days do: what the calendar puts into a month is what Twilio's bill has in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from app.extensions import utcnow
from app.formats import app_zone, to_local


@dataclass(frozen=True, order=True)
class Month:
    """A month of the office's calendar."""

    year: int
    number: int

    @property
    def first(self) -> date:
        """Return its first day."""
        return date(self.year, self.number, 1)

    @property
    def start(self) -> datetime:
        """Return when it begins, aware, in the office's time zone."""
        return datetime.combine(self.first, time.min, app_zone())

    def after(self, count: int) -> Month:
        """Return the month `count` months later, or earlier where that is below zero."""
        months = self.year * 12 + self.number - 1 + count
        return Month(months // 12, months % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def month_of(moment: datetime) -> Month:
    """Return the month of an aware `moment`, by the office's calendar."""
    day = to_local(moment)
    return Month(day.year, day.month)


def this_month() -> Month:
    """Return the month that it is at the office, by its calendar."""
    return month_of(utcnow())


def last_months(count: int) -> list[Month]:
    """Return the last `count` months, oldest first, this one included."""
    return [this_month().after(number - count + 1) for number in range(count)]


@dataclass(frozen=True)
class Sum:
    """What `count` messages of one category cost in one month."""

    month: Month
    category: str
    currency: str
    amount: Decimal
    count: int
