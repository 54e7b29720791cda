"""How a value of a column is written as JSON and read back the same, whichever database it came from."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, LargeBinary, Table, TypeDecorator
from sqlalchemy.types import TypeEngine

Form = Callable[[Any], Any]

# What JSON has no word for: how it is written, and how it is read. `None` is never given to either.
_WRITTEN: dict[type, tuple[Form, Form]] = {
    datetime: (datetime.isoformat, datetime.fromisoformat),
    date: (date.isoformat, date.fromisoformat),
    time: (time.isoformat, time.fromisoformat),
    Decimal: (str, Decimal),
    UUID: (str, UUID),
    bytes: (lambda value: b64encode(value).decode(), lambda text: b64decode(text, validate=True)),
}
_PLAIN = (str, int, float, bool)


def is_json(column: Column[Any]) -> bool:
    """Tell whether `column` holds JSON. Its text is carried as it stands: a null of JSON is not SQL's NULL."""
    return isinstance(column.type, JSON)


def kept_columns(table: Table) -> list[Column[Any]]:
    """Return the columns of `table` in their order, but for those that the database computes by itself."""
    return [column for column in table.columns if column.computed is None]


def rows_at_once(table: Table) -> int:
    """Return how many rows of `table` may lie in memory together: few, where one of them may be a whole file."""
    return 8 if any(isinstance(column.type, LargeBinary) for column in table.columns) else 500


def _forms(column: Column[Any]) -> tuple[Form, Form] | None:
    """Return how to write and read the values of `column`, or None where JSON takes them as they are."""
    kind: TypeEngine[Any] = column.type
    while isinstance(kind, TypeDecorator) and kind.python_type is object:  # It does not say what it hands out.
        kind = kind.impl_instance
    if is_json(column) or kind.python_type in _PLAIN:
        return None
    if kind.python_type not in _WRITTEN:
        raise TypeError(f"{column} is a {kind.python_type.__name__}: say in {__name__} how a backup writes one.")
    return _WRITTEN[kind.python_type]


def _mapping(forms: list[Form | None]) -> Callable[[list[Any]], list[Any]]:
    def convert(row: list[Any]) -> list[Any]:
        return [
            form(value) if form is not None and value is not None else value
            for form, value in zip(forms, row, strict=True)
        ]

    return convert


def writer(columns: list[Column[Any]]) -> Callable[[list[Any]], list[Any]]:
    """Return what turns a row of `columns` into values for JSON. Raises TypeError on a type that is new here."""
    forms = [_forms(column) for column in columns]
    return _mapping([form and form[0] for form in forms])


def reader(columns: list[Column[Any]]) -> Callable[[list[Any]], list[Any]]:
    """Return what turns values from JSON back into a row; it raises ValueError or TypeError on what is no such row."""
    forms = [_forms(column) for column in columns]
    return _mapping([form and form[1] for form in forms])
