"""What is read of coordinaciones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time
from typing import Any

from sqlalchemy import ColumnElement, and_, case, extract, func, or_, select, tuple_
from sqlalchemy.orm import joinedload

from app.auth.models import User
from app.coordinaciones.dates import Days
from app.coordinaciones.filters import Filters
from app.coordinaciones.models import Coordinacion
from app.cursors import Page, Place, page_of, parse_cursor
from app.errors import NotFound
from app.extensions import LARGEST_INT, db
from app.formats import fold, today


def get_coordinacion(coordinacion_id: int) -> Coordinacion:
    """Return the coordinación with its DJ, archived or not. Raises NotFound."""
    if not 0 < coordinacion_id <= LARGEST_INT:
        raise NotFound
    statement = select(Coordinacion).options(joinedload(Coordinacion.dj)).where(Coordinacion.id == coordinacion_id)
    coordinacion = db.session.scalar(statement)
    if coordinacion is None:
        raise NotFound
    return coordinacion


def get_locked(coordinacion_id: int) -> Coordinacion:
    """Return the coordinación, locked until the transaction ends. Raises NotFound."""
    if not 0 < coordinacion_id <= LARGEST_INT:
        raise NotFound
    coordinacion = db.session.get(Coordinacion, coordinacion_id, with_for_update=True)
    if coordinacion is None:
        raise NotFound
    return coordinacion


def find_coordinacion_by_ref(ref: str, *, lock: bool = False) -> Coordinacion | None:
    """Return the coordinación that another program knows as `ref`; with `lock`, locked until the transaction ends."""
    statement = select(Coordinacion).where(Coordinacion.external_ref == ref)
    if lock:
        statement = statement.with_for_update()
    return db.session.scalar(statement)


def list_djs(keep: int | None = None) -> list[User]:
    """Return who may be put in charge of an event, by name: everybody active, and `keep`, who is in charge already."""
    allowed = or_(User.active.is_(True), User.id == keep) if keep is not None else User.active.is_(True)
    return list(db.session.scalars(select(User).where(allowed).order_by(User.name, User.id)))


def _order(filters: Filters) -> tuple[ColumnElement[date], ColumnElement[time], Any]:
    # What has no day or no hour takes the furthest one of the order, so that it comes last and can still be compared.
    day, hour = (date.min, time.min) if filters.newest_first else (date.max, time.max)
    return func.coalesce(Coordinacion.event_on, day), func.coalesce(Coordinacion.start_time, hour), Coordinacion.id


def _place_of(coordinacion: Coordinacion, filters: Filters) -> Place:
    day, hour = (date.min, time.min) if filters.newest_first else (date.max, time.max)
    return coordinacion.event_on or day, coordinacion.start_time or hour, coordinacion.id


def _forms(word: str) -> tuple[str, ...]:
    """Return the forms of a folded word of which one must be found: 2345-6789 is also 23456789."""
    digits = re.sub(r"[^0-9]", "", word)
    is_number = digits and digits != word and not any(letter.isalpha() for letter in word)
    return (word, digits) if is_number else (word,)


def _on(days: Days) -> ColumnElement[bool]:
    """Return the condition that an event is on one of `days`; both databases count weekdays from Sunday on."""
    day, weekday = Coordinacion.event_on, None if days.weekday is None else (days.weekday + 1) % 7
    parts = {"day": days.day, "month": days.month, "year": days.year, "dow": weekday}
    return and_(*(extract(name, day) == value for name, value in parts.items() if value is not None))


def _matches_search(filters: Filters) -> ColumnElement[bool]:
    """Return the condition that a coordinación is what is searched: by its texts, its DJ, its day or its number."""
    djs = [(row_id, fold(name)) for row_id, name in db.session.execute(select(User.id, User.name))]

    def says(word: str) -> ColumnElement[bool]:
        named = [row_id for row_id, name in djs if word in name]
        texts = (Coordinacion.search_text.contains(form, autoescape=True) for form in _forms(word))
        return or_(*texts, *([Coordinacion.dj_id.in_(named)] if named else []))

    terms = (or_(and_(*map(says, term.words)), *map(_on, term.days)) for term in filters.terms)
    numbers = [Coordinacion.phone.contains(digits) for digits in filters.phone_parts]
    whole = [Coordinacion.phone_key == filters.phone_key] if filters.phone_key else []
    return or_(and_(*terms), *numbers, *whole)


def _conditions(filters: Filters) -> Iterator[ColumnElement[bool]]:
    day = Coordinacion.event_on
    if filters.terms:
        yield _matches_search(filters)
    if filters.state:
        yield Coordinacion.state == filters.state
    if not filters.archived:
        yield Coordinacion.archived_at.is_(None)
    if filters.when == "upcoming":
        yield or_(day >= filters.today, day.is_(None))
    elif filters.when == "past":
        yield day < filters.today
    elif filters.when == "range":
        yield day.is_not(None)
        yield from [day >= filters.from_on] if filters.from_on else []
        yield from [day <= filters.to_on] if filters.to_on else []


def find_place(cursor: str) -> Place | None:
    """Return the place in a list that `cursor` tells, or None where it is of no such list."""
    return parse_cursor(cursor, date, time, int, largest_id=LARGEST_INT)


def list_coordinaciones(
    filters: Filters, *, limit: int, offset: int = 0, after: Place | None = None
) -> Page[Coordinacion]:
    """Return up to `limit` coordinaciones with their DJs, in one statement, in the order that `filters` says.

    `after` goes on from the place where another page ended, and misses or repeats nothing when rows come and go;
    `offset` skips as many rows, for pages with numbers.
    """
    order = _order(filters)
    statement = select(Coordinacion).options(joinedload(Coordinacion.dj)).where(*_conditions(filters))
    if after is not None:
        place, here = tuple_(*order), tuple_(*after, types=[column.type for column in order])
        statement = statement.where(place < here if filters.newest_first else place > here)
    statement = statement.order_by(*(column.desc() if filters.newest_first else column.asc() for column in order))
    rows = db.session.scalars(statement.offset(offset).limit(limit + 1)).all()
    return page_of(rows, limit, lambda coordinacion: _place_of(coordinacion, filters))


def _nearest_first(on: date) -> tuple[ColumnElement[Any], ...]:
    day, cancelled = Coordinacion.event_on, Coordinacion.state == "cancelled"
    return (
        case((cancelled, 3), (day >= on, 0), (day < on, 1), else_=2),
        # Days to come go up and past ones go down: here those to come are sorted, and all others are alike.
        case((day >= on, day), else_=None).asc().nulls_last(),
        day.desc().nulls_last(),
        Coordinacion.start_time.asc().nulls_last(),
        Coordinacion.id.desc(),
    )


def list_by_phone_key(phone_key: str, on: date | None = None) -> list[Coordinacion]:
    """Return the coordinaciones of one client that are not archived, nearest first, as seen from the day `on` (today).

    First what is to come, the soonest first; then what is past, the latest first; then what has no day yet; and
    cancelled ones at the very end.
    """
    statement = (
        select(Coordinacion)
        .where(Coordinacion.phone_key == phone_key, Coordinacion.archived_at.is_(None))
        .order_by(*_nearest_first(on or today()))
    )
    return list(db.session.scalars(statement))


def find_nearest(phone_key: str, on: date) -> Coordinacion | None:
    """Return the coordinación that a message of this client most likely is about, the first of list_by_phone_key."""
    statement = (
        select(Coordinacion)
        .where(Coordinacion.phone_key == phone_key, Coordinacion.archived_at.is_(None))
        .order_by(*_nearest_first(on))
        .limit(1)
    )
    return db.session.scalar(statement)
