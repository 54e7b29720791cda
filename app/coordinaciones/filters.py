"""What a list of coordinaciones may be narrowed by, read from a query string: the same for pages and for programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _

from app.coordinaciones.dates import Term, find_terms
from app.coordinaciones.models import STATES
from app.formats import fold
from app.phones import parse_possible_phone, parts_of_number, phone_key

WHENS = ("upcoming", "past", "all", "range")
# SQLite refuses patterns of LIKE over 50,000 bytes, and nobody types half as much as this.
LONGEST_SEARCH = 100
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FEWEST_PHONE_DIGITS = 8


def parse_day(text: str) -> date | None:
    """Return the day in `text` (2026-12-12), or None; other forms of ISO 8601 (2026W501) are no days here."""
    if not _ISO_DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which coordinaciones to list, and from which `today`.

    `when` is upcoming (today and later, nearest first, undated ones last), past (newest first), all (newest first,
    undated last) or range (dated ones from `from_on` to `to_on`, both included and either open, nearest first).
    Archived ones are left out unless `archived`. `phone_key` is the number that `q` is, and `phone_parts` are digits
    of which one must be part of a number, where `q` may be some of one.
    """

    today: date
    q: str = ""
    phone_key: str | None = None
    phone_parts: tuple[str, ...] = ()
    state: str | None = None
    when: str = "upcoming"
    from_on: date | None = None
    to_on: date | None = None
    archived: bool = False

    @property
    def terms(self) -> list[Term]:
        """What the search asks for, each of which must be found: words, and dates in words."""
        return find_terms(fold(self.q), self.today)

    @property
    def newest_first(self) -> bool:
        return self.when in ("past", "all")

    @property
    def narrowed(self) -> bool:
        """Tell whether something was asked for beyond what the page shows by itself."""
        return bool(self.query())

    def query(self) -> dict[str, str]:
        """Return the query string's values that lead back to these filters on the page, defaults left out."""
        days = {"from": self.from_on, "to": self.to_on} if self.when == "range" else {}
        values = {
            "q": self.q,
            "when": self.when if self.when != "upcoming" else "",
            "state": self.state or "",
            **{name: day.isoformat() if day else "" for name, day in days.items()},
            "archived": "1" if self.archived else "",
        }
        return {name: value for name, value in values.items() if value}


def _search_phone_key(q: str, region: str) -> str | None:
    # People search a number as they wrote it down (011 15-2345-6789), which shares no word with its E.164 form.
    if sum(letter.isdigit() for letter in q) < _FEWEST_PHONE_DIGITS or any(letter.isalpha() for letter in q):
        return None
    phone = parse_possible_phone(q, region)
    return phone_key(phone) if phone else None


def _choice(args: Mapping[str, str], name: str, choices: tuple[str, ...], errors: dict[str, str]) -> str:
    value = args.get(name, "")
    if value and value not in choices:
        errors[name] = _("Tiene que ser uno de estos: %(choices)s.", choices=", ".join(choices))
        return ""
    return value


def _day(args: Mapping[str, str], name: str, errors: dict[str, str]) -> date | None:
    text = args.get(name, "")
    day = parse_day(text)
    if text and day is None:
        errors[name] = _("Escribí la fecha como año-mes-día, por ejemplo 2026-12-31.")
    return day


def _search(args: Mapping[str, str], errors: dict[str, str]) -> str:
    q = args.get("q", "").replace("\x00", "").strip()
    if len(q) > LONGEST_SEARCH:
        errors["q"] = _("Buscá con menos palabras: hasta %(count)d letras.", count=LONGEST_SEARCH)
    return q[:LONGEST_SEARCH]


def parse_filters(
    args: Mapping[str, str], *, today: date, region: str, when: str = "upcoming"
) -> tuple[Filters, dict[str, str]]:
    """Return the filters in `args`, with `when` where it is not said, and a sentence for each value that is no good.

    A value that is no good counts as absent, so a page can show what it understood; the API refuses instead.
    `from` and `to` count for the range alone, which is also what they mean when `when` is not said.
    """
    errors: dict[str, str] = {}
    from_on, to_on = _day(args, "from", errors), _day(args, "to", errors)
    chosen = _choice(args, "when", WHENS, errors) or ("range" if from_on or to_on else when)
    archived = _choice(args, "archived", ("0", "1", "false", "true"), errors)
    q = _search(args, errors)
    filters = Filters(
        today=today,
        q=q,
        phone_key=_search_phone_key(q, region),
        phone_parts=parts_of_number(q, region),
        state=_choice(args, "state", STATES, errors) or None,
        when=chosen,
        from_on=from_on if chosen == "range" else None,
        to_on=to_on if chosen == "range" else None,
        archived=archived in ("1", "true"),
    )
    return filters, errors
