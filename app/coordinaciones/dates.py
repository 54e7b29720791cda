"""Dates in the words of a search: 20/12, 20 de diciembre, sábado 12, diciembre, mañana."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = (
    "enero january",
    "febrero february",
    "marzo march",
    "abril april",
    "mayo may",
    "junio june",
    "julio july",
    "agosto august",
    "septiembre setiembre september sept",
    "octubre october",
    "noviembre november",
    "diciembre december",
)
_WEEKDAYS = (
    "lunes monday",
    "martes tuesday",
    "miercoles wednesday",
    "jueves thursday",
    "viernes friday",
    "sabado saturday",
    "domingo sunday",
)
_RELATIVE = {"hoy": 0, "today": 0, "manana": 1, "tomorrow": 1, "ayer": -1, "yesterday": -1}


def _numbered(names: tuple[str, ...], first: int, *, short: bool) -> dict[str, int]:
    """Return the number of each name of `names`, with `short` of their first three letters as well."""
    numbers = {name: number for number, line in enumerate(names, first) for name in line.split()}
    return numbers | ({name[:3]: number for name, number in numbers.items()} if short else {})


_MONTH, _WEEKDAY = _numbered(_MONTHS, 1, short=True), _numbered(_WEEKDAYS, 0, short=True)


def _any(names: dict[str, int]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_DAY = r"(?P<day>0?[1-9]|[12][0-9]|3[01])"
_IN_MONTH = rf"(?P<month>{_any(_MONTH)})\.?"
_ON = rf"(?P<weekday>{_any(_WEEKDAY)})[.,]?"
_OF_YEAR = r"(?:,?(?: del?| of)? (?P<year>20[0-9]{2}))?"
# A short name alone is no date ("mar", "sol"): beside a day it is one. Of what fits, the longest counts.
_FORMS = tuple(
    re.compile(rf"(?:{form})[.,;]?(?!\S)")
    for form in (
        rf"(?:{_ON} )?{_DAY}[/.-](?P<month>1[0-2]|0?[1-9])(?:[/.-](?P<year>20[0-9]{{2}}|[0-9]{{2}}))?",
        rf"(?P<year>20[0-9]{{2}})-(?P<month>1[0-2]|0?[1-9])-{_DAY}",
        r"(?P<month>1[0-2]|0?[1-9])/(?P<year>20[0-9]{2})",
        rf"(?:{_ON} )?(?:el )?{_DAY}(?:°|o|ro|st|nd|rd|th)?(?: de| of)? {_IN_MONTH}{_OF_YEAR}",
        rf"{_IN_MONTH} {_DAY}{_OF_YEAR}",
        rf"(?P<month>{_any(_numbered(_MONTHS, 1, short=False))}){_OF_YEAR}",
        rf"{_ON} {_DAY}",
        rf"(?P<weekday>{_any(_numbered(_WEEKDAYS, 0, short=False))})",
    )
)


@dataclass(frozen=True, kw_only=True)
class Days:
    """Days by those of their parts that are known; a part that is None may be any. Monday is weekday 0."""

    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None


@dataclass(frozen=True)
class Term:
    """Some `words` of a search that belong together, and the `days` of which they may be the name."""

    words: tuple[str, ...]
    days: tuple[Days, ...] = ()


def _days_of(found: re.Match[str]) -> Days:
    parts = found.groupdict()
    day, year = parts.get("day"), parts.get("year")
    month, weekday = parts.get("month") or "", parts.get("weekday") or ""
    return Days(
        day=int(day) if day else None,
        month=int(month) if month.isdigit() else _MONTH.get(month),
        year=int(year) % 100 + 2000 if year else None,
        weekday=_WEEKDAY.get(weekday),
    )


def _term_at(text: str, at: int, today: date) -> Term:
    """Return what the words of `text` from `at` on begin with: a date, or one word."""
    matches = [found for form in _FORMS if (found := form.match(text, at))]
    end = max((found.end() for found in matches), default=0)
    if matches:
        days = tuple(dict.fromkeys(_days_of(found) for found in matches if found.end() == end))
        return Term(tuple(text[at:end].split()), days)
    word = text[at:].split(maxsplit=1)[0]
    if (away := _RELATIVE.get(word)) is None:
        return Term((word,))
    there = today + timedelta(days=away)
    return Term((word,), (Days(day=there.day, month=there.month, year=there.year),))


def find_terms(folded: str, today: date) -> list[Term]:
    """Return what a folded search asks for, each of which must be found; words of a date are also words of a text.

    `today` is the office's day, from which hoy, mañana and ayer are counted.
    """
    text, at, terms = " ".join(folded.split()), 0, []
    while at < len(text):
        term = _term_at(text, at, today)
        terms.append(term)
        at += len(" ".join(term.words)) + 1
    return list(dict.fromkeys(terms))
