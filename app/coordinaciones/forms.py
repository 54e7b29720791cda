"""What a coordinación may hold, read from a form or from JSON: the same rules and the same sentences for both."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, time
from typing import TypedDict, cast

from flask_babel import gettext as _

from app.coordinaciones.filters import parse_day
from app.coordinaciones.models import EVENT_KINDS, STATES, Coordinacion
from app.errors import Invalid
from app.formats import has_ink
from app.phones import format_phone, parse_possible_phone

_HOUR = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
# A date field hands over 0026-12-12 when somebody types the year in two digits.
_YEARS = range(2000, 2100)
LONGEST_LINE, LONGEST_NOTES, LONGEST_REF = 200, 10_000, 120


class Values(TypedDict, total=False):
    """The columns of a coordinación that a caller may write; the absent ones were not mentioned."""

    title: str
    client_name: str
    phone: str | None
    event_kind: str
    event_on: date | None
    start_time: time | None
    place: str
    dj_id: int | None
    state: str
    notes: str
    external_ref: str | None


FIELDS = tuple(Values.__annotations__)
REQUIRED = ("title", "client_name")
NULLABLE = ("phone", "event_on", "start_time", "dj_id", "external_ref")
DEFAULTS: Values = {
    "phone": None,
    "event_kind": "other",
    "event_on": None,
    "start_time": None,
    "place": "",
    "dj_id": None,
    "state": "quote",
    "notes": "",
    "external_ref": None,
}


class _Refused(Exception):
    """A value cannot be taken; the text tells a person what to do."""


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise _Refused(_("Tiene que ser un texto."))
    text = value.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > longest:
        raise _Refused(_("Es demasiado largo: hasta %(count)d letras.", count=longest))
    if any("\ud800" <= letter <= "\udfff" for letter in text):  # Half a character, which no database can keep.
        raise _Refused(_("Tiene letras que no se pueden guardar. Escribilo de nuevo."))
    return text


def _line(value: object, missing: str = "", longest: int = LONGEST_LINE) -> str:
    line = " ".join(_text(value, longest).split())
    if missing and not has_ink(line):
        raise _Refused(missing)
    return line


def _phone(value: object, region: str) -> str:
    # What the tables merely do not know yet is asked about (doubt_queries.py), and what can be no number is refused.
    phone = parse_possible_phone(_line(value), region)
    if phone is None:
        raise _Refused(_("Ese teléfono no parece válido. Escribilo con código de área, por ejemplo 11 2345-6789."))
    return phone


def _event_on(value: object) -> date:
    day = parse_day(_text(value, LONGEST_LINE))
    if day is None:
        raise _Refused(_("Esa fecha no existe. Revisala."))
    if day.year not in _YEARS:
        raise _Refused(_("Revisá el año: tiene que estar entre 2000 y 2099."))
    return day


def _start_time(value: object) -> time:
    match = _HOUR.fullmatch(_text(value, LONGEST_LINE))
    if match is None:
        raise _Refused(_("Escribí la hora con dos números, por ejemplo 21:30."))
    return time(int(match[1]), int(match[2]))


def _choice(value: object, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise _Refused(_("Elegí una de las opciones."))
    return value


def _dj(value: object, dj_ids: Collection[int]) -> int:
    if type(value) is not int or value not in dj_ids:  # True is an int too, and nobody's id.
        raise _Refused(_("Esa persona no existe, o ya no trabaja acá. Elegí otra."))
    return value


def _parsers(region: str, dj_ids: Collection[int]) -> dict[str, Callable[[object], object]]:
    return {
        "title": lambda value: _line(value, _("Escribí un nombre para el evento.")),
        "client_name": lambda value: _line(value, _("Escribí el nombre del cliente.")),
        "phone": lambda value: _phone(value, region),
        "event_kind": lambda value: _choice(value, EVENT_KINDS),
        "event_on": _event_on,
        "start_time": _start_time,
        "place": _line,
        "dj_id": lambda value: _dj(value, dj_ids),
        "state": lambda value: _choice(value, STATES),
        "notes": lambda value: _text(value, LONGEST_NOTES),
        "external_ref": lambda value: _line(value, _("Escribí la referencia, o dejala afuera."), LONGEST_REF),
    }


def parse_changes(data: Mapping[str, object], *, region: str, dj_ids: Collection[int]) -> Values:
    """Return the values in `data`; a field that is absent stays absent, and null empties one that may be empty.

    Phones without a country code are of `region`, and `dj_ids` are the people who may be put in charge. Raises Invalid
    with a sentence per field; a name that is no field is one of them, so that a misspelt one is never lost in silence.
    """
    # Names come from outside and go back in the answer, so they are kept short and few.
    unknown = [name[:LONGEST_LINE] for name in data if name not in FIELDS][:20]
    errors = {name: _("Ese campo no existe, o no se puede escribir.") for name in unknown}
    values: dict[str, object] = {}
    for name, parse in _parsers(region, dj_ids).items():
        if name not in data:
            continue
        try:
            values[name] = None if data[name] is None and name in NULLABLE else parse(data[name])
        except _Refused as refused:
            errors[name] = str(refused)
    if errors:
        raise Invalid(fields=errors)
    return cast(Values, values)


def parse_new(data: Mapping[str, object], *, region: str, dj_ids: Collection[int]) -> Values:
    """Return every value of a new coordinación: those in `data`, and the defaults of the others. Raises Invalid."""
    missing = dict.fromkeys(REQUIRED, "")
    values = parse_changes({**missing, **data}, region=region, dj_ids=dj_ids)
    return cast(Values, {**DEFAULTS, **values})


def parse_ref(ref: str) -> str:
    """Return another program's reference as it is kept. Raises Invalid."""
    return cast(str, parse_changes({"external_ref": ref}, region="", dj_ids=())["external_ref"])


def read_form(form: Mapping[str, str]) -> dict[str, object]:
    """Return the fields of an HTML form as JSON would say them: what was left blank is null, and ids are numbers."""
    data: dict[str, object] = {}
    for name in FIELDS:
        if name not in form:
            continue
        text = form[name].strip()
        data[name] = None if not text and name in NULLABLE else text
        if name == "dj_id" and re.fullmatch(r"[0-9]{1,10}", text):
            data[name] = int(text)
    return data


def parse_seen(text: str) -> dict[str, str]:
    """Return the values that a form was filled with when it was opened, as it brings them back; none if it does not."""
    try:
        seen = json.loads(text)
    except (ValueError, RecursionError):  # The second for what is nested deeper than anybody reads.
        return {}
    return {name: value for name, value in seen.items() if isinstance(value, str)} if isinstance(seen, dict) else {}


def changed_fields(form: Mapping[str, str], seen: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of `form` that differ from what the person had `seen`; all of them when nobody knows."""
    typed = {name: form[name].replace("\r\n", "\n") for name in FIELDS if name in form}
    return {name: value for name, value in typed.items() if value.strip() != seen.get(name, "\x00").strip()}


def fill_form(coordinacion: Coordinacion) -> dict[str, str]:
    """Return the values of `coordinacion` as its HTML form shows them."""
    start = coordinacion.start_time
    return {name: str(getattr(coordinacion, name) or "") for name in FIELDS} | {
        "phone": format_phone(coordinacion.phone) if coordinacion.phone else "",
        "start_time": start.strftime("%H:%M") if start is not None else "",
    }
