"""Fills every table with values that are hard to carry: what a backup must bring from one database to another."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Connection, Table, TypeDecorator, delete, insert

from app.extensions import Base

TEXT = "¿Llegás? 👩🏽‍🚀🎉 שלום مرحبا \u202etrun\u202c \"'\\ \t\r\n\u2028 %s %(a)s :x {{ }} <b> é e\u0301 $1 --"
ODD = "\x01\x1f\x7f\x85\ufeff\uffff\U0010ffff "
# Three rows of each table. In the second one all that may be missing is missing.
VALUES: dict[type, tuple[Any, Any, Any]] = {
    str: (TEXT, "", ODD),
    bool: (True, False, True),
    int: (2**31 - 1, 0, 7),
    float: (0.1, -1e300, 5e-324),
    Decimal: (Decimal("1234.56"), Decimal(0), Decimal("-0.01")),
    bytes: (bytes(range(256)), b"", b"\x00"),
    date: (date(9999, 12, 31), date(1, 1, 1), date(2024, 2, 29)),
    time: (time(23, 59, 59, 999999), time(0), time(21, 30)),
    datetime: (
        datetime(2026, 3, 1, 3, 0, 0, 1, UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
        datetime(9999, 12, 31, 12, tzinfo=UTC),
    ),
}
BIG = (2**63 - 1, 0, 2**53 + 1)
DOCUMENT = {"nada": None, "é 👋": [1, 2.5, 1e300, 2**70, True, {}], "\x00": "\ud83d \u2028 </script>", "": ""}
JSONS = (DOCUMENT, {}, JSON.NULL)
# Where the checks of a table ask for more than the types say.
CHOSEN: dict[str, tuple[dict[str, Any], ...]] = {
    "cambios": ({"id": 1, "value": 2**62},),
    "whatsapp_averias": ({"id": 1},),
    "whatsapp_rondas_de_precios": ({"id": 1},),
    "whatsapp_contactos": (
        {"user_id": None},
        {"phone_number": None, "phone_key": None, "user_id": "AR.1"},
        {"phone_number": "+5491155550102", "phone_key": "+541155550102", "user_id": None},
    ),
}


def _allowed(table: Table) -> dict[str, list[str]]:
    """Return the words that a column may hold, by the names of the columns whose checks list them."""
    checks = [str(check.sqltext) for check in table.constraints if isinstance(check, CheckConstraint)]
    lists = [found for check in checks if (found := re.fullmatch(r"(\w+) IN \((.*)\)", check))]
    return {found[1]: re.findall(r"'([^']*)'", found[2]) for found in lists}


def _value(column: Column[Any], row: int, words: list[str] | None) -> Any:
    kind = column.type
    while isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    if column.foreign_keys:
        parent = next(iter(column.foreign_keys)).column
        return None if column.nullable and row == 1 else _rows(parent.table)[row][parent.name]
    if column.primary_key and kind.python_type is int:
        return (1, 70, 2**40 if isinstance(kind, BigInteger) else 2**30)[row]
    if column.nullable and row == 1:
        return None
    if isinstance(kind, JSON):
        return JSONS[row] if column.nullable or row < 2 else DOCUMENT
    if words:
        return words[row % len(words)]
    if isinstance(kind, BigInteger):
        return BIG[row]
    value = VALUES[kind.python_type][row]
    if kind.python_type is not str:
        return value
    return (f"{row}{value}" if column.unique or column.primary_key else value)[: getattr(kind, "length", None)]


def _rows(table: Table) -> list[dict[str, Any]]:
    words = _allowed(table)
    chosen = CHOSEN.get(table.name, ({}, {}, {}))
    return [
        {column.name: _value(column, row, words.get(column.name)) for column in table.columns} | own
        for row, own in enumerate(chosen)
    ]


def fill(connection: Connection) -> None:
    """Put the rows in the place of whatever is there."""
    for table in reversed(Base.metadata.sorted_tables):
        connection.execute(delete(table))
    for table in Base.metadata.sorted_tables:
        for row in _rows(table):
            connection.execute(insert(table).values(row))
