"""Words that depend on now, each with the moment until which it holds: no open page goes on saying "hoy" tomorrow.

Templates say such words through these filters alone. The mark around them (`data-holds-until`, seconds since 1970) is
what static/js/pieces.js reads: when it has passed and somebody looks, the piece of the page around it is asked for
again. Words of one day hold until the office's day changes; those that count hours and minutes until the next hour, or
the next full minute of the clock, so that a page asks once a minute for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, timedelta

from flask import Flask
from markupsafe import Markup, escape

from app import formats
from app.extensions import utcnow

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# After this lists say the day of a month, which is the same tomorrow.
_WEEK = timedelta(days=7)


def hold(words: str, until: datetime | None) -> Markup:
    """Return `words` as HTML that says until when they hold; None: they do not grow old."""
    if until is None:
        return escape(words)
    return Markup('<span data-holds-until="{}">{}</span>').format(math.ceil(until.timestamp()), words)


def until_tomorrow() -> datetime:
    """Return the moment at which hoy, ayer and the like are others."""
    return formats.next_day_change(utcnow())


def _full_minute(moment: datetime) -> datetime:
    return moment + (-timedelta(seconds=moment.second, microseconds=moment.microsecond) % _MINUTE)


def hold_thread_day(day: date) -> Markup:
    """Return a day separator; only hoy and ayer grow old."""
    recent = (formats.today() - day) < timedelta(days=2)
    return hold(formats.format_thread_day(day), until_tomorrow() if recent else None)


def hold_when(moment: datetime) -> Markup:
    """Return a moment as lists say it; what is further back than a week stays as it is."""
    recent = utcnow() - moment < _WEEK + _DAY
    return hold(formats.format_when(moment), until_tomorrow() if recent else None)


def hold_days_away(day: date) -> Markup:
    """Return how far a day is, until tomorrow."""
    return hold(formats.format_days_away(day), until_tomorrow())


def hold_remaining(ends_at: datetime) -> Markup:
    """Return what is left until a moment in its largest unit, until that is one less.

    Reckoned from that moment, so that two answers which say the same are the same.
    """
    left = ends_at - utcnow()
    unit = _HOUR if left >= _HOUR else _MINUTE
    return hold(formats.format_remaining(left), ends_at - left // unit * unit)


def _until_more(since: datetime) -> datetime:
    gone = max(utcnow() - since, timedelta())
    unit = _MINUTE if gone < _HOUR else _HOUR if gone < 2 * _DAY else _DAY
    return _full_minute(since + (gone // unit + 1) * unit)


def hold_since(since: datetime) -> Markup:
    """Return how long ago a moment was, until that is one more."""
    return hold(formats.format_since(since), _until_more(since))


def hold_waiting(since: datetime) -> Markup:
    """Return how long somebody has waited, as a sentence, until that is one more."""
    return hold(formats.format_waiting(since), _until_more(since))


def init_app(app: Flask) -> None:
    """Give these to `app`'s templates under the names that the plain words have."""
    filters: dict[str, Callable[..., Markup]] = {
        "format_thread_day": hold_thread_day,
        "format_when": hold_when,
        "format_days_away": hold_days_away,
        "format_remaining": hold_remaining,
        "format_since": hold_since,
        "format_waiting": hold_waiting,
    }
    for name, function in filters.items():
        app.add_template_filter(function, name)
