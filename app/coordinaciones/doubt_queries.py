"""What staff are asked about before a coordinación is saved: it may be right, and more often it is a slip.

Programs cannot answer questions: what they send is kept, and the answer names the same doubts as warnings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from app.coordinaciones.forms import Values
from app.coordinaciones.models import Coordinacion
from app.extensions import db
from app.formats import fold
from app.phones import format_phone, is_known_phone, phone_key

# An evening with the way there, the setting up and the way back. What begins further apart, one DJ can do both of.
_ONE_EVENING = timedelta(hours=8)
_SHOWN = 3


@dataclass(frozen=True)
class Doubt:
    """One question: `code` is its kind for programs, `sentence` says it, `others` are the events that it is about.

    `key` stands for exactly this: who says yes to it has not said yes to the same of another day or number.
    """

    code: str
    key: str
    sentence: str
    others: tuple[Coordinacion, ...] = ()


def _starts_at(day: date, start: time | None) -> datetime | None:
    return datetime.combine(day, start) if start is not None else None


def _at_once(day: date, start: time | None, booked: Coordinacion) -> bool:
    """Tell whether an event of this day and hour and another one fall into one evening, as far as hours are known."""
    starts_at, booked_at = _starts_at(day, start), _starts_at(cast(date, booked.event_on), booked.start_time)
    return abs(starts_at - booked_at) < _ONE_EVENING if starts_at and booked_at else day == booked.event_on


def _others(own_id: int | None, *conditions: ColumnElement[bool]) -> list[Coordinacion]:
    """Return the events beside one's own that take place and hold `conditions`."""
    stands = (Coordinacion.archived_at.is_(None), Coordinacion.state != "cancelled", Coordinacion.id != (own_id or 0))
    statement = select(Coordinacion).where(*stands, *conditions)
    return list(db.session.scalars(statement.order_by(Coordinacion.start_time, Coordinacion.id)))


def _booked(new: Mapping[str, Any], own_id: int | None) -> list[Coordinacion]:
    day, start = new["event_on"], new["start_time"]
    near = Coordinacion.event_on.between(day - timedelta(days=1), day + timedelta(days=1))
    return [event for event in _others(own_id, Coordinacion.dj_id == new["dj_id"], near) if _at_once(day, start, event)]


def _same(new: Mapping[str, Any], own_id: int | None) -> list[Coordinacion]:
    key, name = phone_key(new["phone"]) if new["phone"] else None, fold(new["client_name"]).split()
    day, kind = Coordinacion.event_on == new["event_on"], Coordinacion.event_kind == new["event_kind"]

    def is_client(event: Coordinacion) -> bool:
        return key == event.phone_key if key and event.phone_key else name == fold(event.client_name).split()

    return [event for event in _others(own_id, day, kind) if is_client(event)]


def _about(
    code: str, new: Mapping[str, Any], names: tuple[str, ...], sentence: str, others: list[Coordinacion]
) -> Doubt:
    values = ":".join(str(new[name]).replace(" ", "_") for name in names)
    return Doubt(
        code, f"{code}:{values}:{'.'.join(str(event.id) for event in others)}", sentence, tuple(others[:_SHOWN])
    )


# What each question follows from: who changes none of it is not asked.
_OF_BOOKED = ("dj_id", "event_on", "start_time")
_OF_SAME = ("phone", "client_name", "event_on", "event_kind")


def find_doubts(values: Values, coordinacion: Coordinacion | None = None) -> list[Doubt]:
    """Return what there is to ask about `values`: of a new coordinación, or changes of one that exists.

    A phone that the tables do not know; a DJ who has another event in that evening; the same client, day and kind a
    second time. Events that are cancelled or archived are in nobody's way.
    """
    old = {name: getattr(coordinacion, name) for name in Values.__annotations__} if coordinacion else {}
    new: dict[str, Any] = {**old, **values}
    changed = {name for name in new if coordinacion is None or new[name] != old[name]}
    own_id, doubts = coordinacion.id if coordinacion else None, []
    if new["phone"] and "phone" in changed and not is_known_phone(new["phone"]):
        shown = format_phone(new["phone"])
        sentence = _("¿Está bien el teléfono %(phone)s? No conocemos números que sean así.", phone=shown)
        doubts.append(_about("phone_unknown", new, ("phone",), sentence, []))
    if new["event_on"] is None or new["state"] == "cancelled" or (coordinacion and coordinacion.archived_at):
        return doubts
    if new["dj_id"] is not None and changed & {*_OF_BOOKED, "state"} and (found := _booked(new, own_id)):
        doubts.append(_about("dj_booked", new, _OF_BOOKED, _("Ese DJ ya tiene otro evento a esa altura:"), found))
    if changed & {*_OF_SAME, "state"} and (found := _same(new, own_id)):
        sentence = _("Ya hay una coordinación de ese cliente, con la misma fecha y el mismo tipo:")
        doubts.append(_about("same_event", new, _OF_SAME, sentence, found))
    return doubts


def unanswered(doubts: list[Doubt], confirmed: str) -> list[Doubt]:
    """Return `doubts` if any of them is not among the keys that a person said yes to; else nothing."""
    return doubts if {doubt.key for doubt in doubts} - set(confirmed.split()) else []
