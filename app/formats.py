"""Jinja filters: moments, days, phones and names as people say them, in the language and time zone of the app."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Flask, current_app
from flask_babel import format_date, ngettext
from flask_babel import gettext as _

from app.extensions import utcnow
from app.letters import BLANK, visible
from app.letters import fold as fold
from app.letters import has_ink as has_ink
from app.phones import format_phone


def app_zone() -> ZoneInfo:
    """Return the time zone in which the office lives."""
    return ZoneInfo(current_app.config["APP_TIMEZONE"])


def to_local(moment: datetime) -> datetime:
    """Return an aware `moment` in the office's time zone."""
    return moment.astimezone(app_zone())


def day_start(day: date) -> datetime:
    """Return the moment, in the office's time zone, at which the office's `day` begins: DAY_ENDS_AT by its clock.

    Where the clock skips that hour on that night, the day begins when the skipped hour would have.
    """
    return datetime.combine(day, current_app.config["DAY_ENDS_AT"], app_zone())


def office_day(moment: datetime) -> date:
    """Return the day to which an aware `moment` belongs at the office: a night's small hours are its evening's.

    The one rule for hoy and ayer, for what is upcoming, past or nearest, and for the weeks around an event. Moments
    are compared, not clocks, so a day never comes back when the clock is put back.
    """
    day = to_local(moment).date()
    # In UTC, since two moments of one zone are compared by their clocks alone.
    begun = moment.astimezone(UTC) >= day_start(day).astimezone(UTC)
    return day if begun else day - timedelta(days=1)


def today() -> date:
    """Return the day that it is at the office: until DAY_ENDS_AT, the one that began yesterday."""
    return office_day(utcnow())


def next_day_change(now: datetime) -> datetime:
    """Return the moment after `now`, in UTC, from which `today` is another day."""
    return day_start(office_day(now) + timedelta(days=1)).astimezone(UTC)


def format_clock(moment: datetime | time) -> str:
    """Return 14:32."""
    return (to_local(moment) if isinstance(moment, datetime) else moment).strftime("%H:%M")


def _short(day: date, pattern: str) -> str:
    # Babel writes some abbreviations with a full stop; people do not.
    return str(format_date(day, pattern)).replace(".", "")


def format_day(day: date) -> str:
    """Return `sáb 12 dic`, with the year when it is not this one."""
    return _short(day, "EEE d MMM" if day.year == today().year else "EEE d MMM y")


def format_day_long(day: date) -> str:
    """Return `sábado 12 de diciembre de 2026`."""
    return str(format_date(day, "full"))


def format_thread_day(day: date) -> str:
    """Return a day separator: hoy, ayer, or `lun 16 nov`."""
    ago = (today() - day).days
    if ago in (0, 1):
        return str(_("hoy") if ago == 0 else _("ayer"))
    return format_day(day)


def format_when(moment: datetime) -> str:
    """Return a moment as lists say it: 14:32 today, ayer, lun within the week, then 12 mar, then 12 mar 2025."""
    day = office_day(moment)
    ago = (today() - day).days
    if ago <= 0:
        return format_clock(moment)
    if ago == 1:
        return str(_("ayer"))
    if ago < 7:
        return _short(day, "EEE")
    return _short(day, "d MMM" if day.year == today().year else "d MMM y")


def format_days_away(day: date) -> str:
    """Return how far a day is: hoy, mañana, en 20 días, hace 3 días."""
    away = (day - today()).days
    if away in (-1, 0, 1):
        return str((_("ayer"), _("hoy"), _("mañana"))[away + 1])
    if away > 0:
        return str(ngettext("en %(num)d día", "en %(num)d días", away))
    return str(ngettext("hace %(num)d día", "hace %(num)d días", -away))


def format_remaining(left: timedelta) -> str:
    """Return what is left of a span as a sentence: quedan 22 h, queda 1 h, quedan 40 min."""
    minutes = max(1, int(left.total_seconds() // 60))
    if minutes >= 60:
        return str(ngettext("queda %(num)d h", "quedan %(num)d h", minutes // 60))
    return str(ngettext("queda %(num)d min", "quedan %(num)d min", minutes))


def format_since(since: datetime) -> str:
    """Return how long ago a moment was, in its largest unit: 5 min, 3 h, 2 días."""
    minutes = max(1, int((utcnow() - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return str(_("%(num)d días", num=minutes // (24 * 60)))


def format_waiting(since: datetime) -> str:
    """Return how long somebody has waited, as a sentence: espera hace 3 h."""
    return str(_("espera hace %(time)s", time=format_since(since)))


def format_left(left: timedelta) -> str:
    """Return what is left of a span to the minute, as a clock that runs down says it: 21 h 40 min, 40 min."""
    minutes = max(1, int(left.total_seconds() // 60))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def format_badge(count: int) -> str:
    """Return a count as badges show it: 1 to 99, then 99+."""
    return "99+" if count > 99 else str(count)


def to_timestamp(moment: datetime | None) -> str | None:
    """Return a moment as the API writes it, 2026-12-12T23:30:00.000Z: UTC, RFC 3339, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def initials(name: str) -> str:
    """Return up to two letters for an avatar; names may begin with an emoji or be a phone number."""
    # Blank letters are letters to Unicode, and an avatar of them would be empty.
    words = [word for word in visible(name).translate(dict.fromkeys(map(ord, BLANK), " ")).split() if word[0].isalnum()]
    letters = [word[0].upper()[0] for word in words[:1] + words[1:][-1:]]
    return "".join(letters) or "·"


def init_app(app: Flask) -> None:
    """Give the filters to `app`'s templates."""
    for function in (
        format_clock,
        format_day,
        format_day_long,
        format_left,
        format_badge,
        format_phone,
        initials,
        to_local,
    ):
        app.add_template_filter(function, function.__name__)
    app.jinja_env.globals["utcnow"] = utcnow
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
