"""The file of a backup: streamed, checked, and never taken for what it is not."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Computed,
    Date,
    Float,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    Time,
    Uuid,
)

from app.backup.archive import ArchiveReader, ArchiveWriter, BackupError, Damaged, Manifest, Part
from app.backup.queries import kept_tables
from app.backup.values import kept_columns, reader, rows_at_once, writer
from app.extensions import Base, UTCDateTime

COLUMNS = ["id", "body"]


def noise(number: int) -> str:
    """A kilobyte that no compression makes much smaller."""
    return random.Random(number).randbytes(512).hex()


def archive_of(rows: Iterator[list[Any]], file: Any) -> Part:
    with ArchiveWriter(file) as archive:
        part = archive.add("palabras", COLUMNS, rows)
        archive.finish(Manifest("0001", "2026-11-22T10:00:00+00:00", "sqlite", [part]))
    return part


class Pipe(io.RawIOBase):
    """Bytes that go one way."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += data
        return len(data)


class CountingFile(io.BytesIO):
    """Knows how much was read from it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def test_rows_are_written_as_they_come() -> None:
    pipe, sizes = Pipe(), []

    def rows() -> Iterator[list[Any]]:
        for number in range(1000):
            sizes.append(len(pipe.written))
            yield [number, noise(number)]

    archive_of(rows(), pipe)

    # At every moment all but the last few rows, half a kilobyte each when packed, had left for the file.
    assert all(size >= number * 500 - 100_000 for number, size in enumerate(sizes))


def test_rows_are_read_as_they_are_asked_for() -> None:
    file = CountingFile()
    archive_of(([number, noise(number)] for number in range(2000)), file)
    total = len(file.getvalue())
    archive = ArchiveReader(file)
    file.count = 0

    rows = archive.rows(archive.manifest.tables[0])
    first = next(rows)

    assert first == [0, noise(0)]
    assert file.count < total / 10
    assert sum(1 for _row in rows) == 1999


def test_what_cannot_seek_takes_the_same_backup() -> None:
    pipe = Pipe()

    part = archive_of(iter([[1, "Hola 👋"], [2, None]]), pipe)
    archive = ArchiveReader(io.BytesIO(bytes(pipe.written)))

    assert archive.manifest.tables == [part]
    assert list(archive.rows(part)) == [[1, "Hola 👋"], [2, None]]


def test_a_backup_can_be_looked_into_with_any_tool() -> None:
    file = io.BytesIO()
    archive_of(iter([[1, "línea\nuna\u2028línea"]]), file)

    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["palabras.jsonl", "manifest.json"]
        assert archive.read("palabras.jsonl").decode() == '[1,"línea\\nuna\u2028línea"]\n'


def test_what_was_broken_off_does_not_look_whole() -> None:
    pipe = Pipe()

    def rows() -> Iterator[list[Any]]:
        yield [1, "Hola"]
        raise LookupError

    with pytest.raises(LookupError):
        archive_of(rows(), pipe)

    with pytest.raises(Damaged, match="cut short"):
        ArchiveReader(io.BytesIO(bytes(pipe.written)))


def test_a_byte_that_changed_on_its_way_is_noticed_or_does_no_harm(tmp_path: Path) -> None:
    rows = [[1, noise(1)[:100]], [2, None]]
    whole, noticed = io.BytesIO(), 0
    part = archive_of(iter(rows), whole)
    path = tmp_path / "changed.zip"

    for place in range(len(whole.getvalue())):
        changed = bytearray(whole.getvalue())
        changed[place] ^= 0x80 >> place % 8
        path.write_bytes(changed)
        with path.open("rb") as file:
            try:
                archive = ArchiveReader(file)
                archive.check(lambda _part: None)
            except BackupError:
                noticed += 1
                continue
            assert list(archive.rows(part)) == rows

    assert noticed > len(changed) / 2  # The rest are dates and other fields that nothing here reads.


def test_what_is_read_is_what_was_checked() -> None:
    file = io.BytesIO()
    part = archive_of(iter([[1, "Hola"]]), file)
    archive = ArchiveReader(file)
    checked: list[Part] = []

    archive.check(checked.append)

    assert checked == [part]


def test_a_table_is_damaged_where_rows_are_missing() -> None:
    file = io.BytesIO()
    with ArchiveWriter(file) as writing:
        part = writing.add("palabras", COLUMNS, iter([[1, "Hola"]]))
        wrong = Part(part.name, part.columns, 2, part.sha256)
        writing.finish(Manifest("0001", "2026-11-22T10:00:00+00:00", "sqlite", [wrong]))

    with pytest.raises(Damaged, match="palabras"):
        ArchiveReader(file).check(lambda _part: None)


# Values


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Integer, 2**63 - 1),
        (Text, "\u202e👩🏽‍🚀\n"),
        (Boolean, False),
        (Float, 5e-324),
        (Numeric, Decimal("-0.010")),
        (LargeBinary, bytes(range(256))),
        (Uuid, UUID(int=7)),
        (Date, date(1, 1, 1)),
        (Time, time(23, 59, 59, 1)),
        (UTCDateTime, datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
        (JSON, '{"as": "it stands"}'),
    ],
)
@pytest.mark.parametrize("missing", [False, True])
def test_every_kind_of_value_comes_back(kind: Any, value: Any, missing: bool) -> None:
    columns = [Column("id", Integer), Column("value", kind)]
    row = [1, None if missing else value]
    file = io.BytesIO()

    part = archive_of(iter([writer(columns)(row)]), file)
    found = [reader(columns)(line) for line in ArchiveReader(file).rows(part)]

    assert found == [row]
    assert type(found[0][1]) is type(row[1])


def test_a_kind_that_nobody_thought_of_is_found_before_anything_is_written() -> None:
    table = Table("t", MetaData(), Column("age", Interval))

    with pytest.raises(TypeError, match=r"t\.age is a timedelta"):
        writer(kept_columns(table))


def test_what_the_database_computes_is_not_kept() -> None:
    table = Table("t", MetaData(), Column("body", Text), Column("folded", Text, Computed("lower(body)")))

    assert [column.name for column in kept_columns(table)] == ["body"]


def test_few_rows_lie_in_memory_where_one_may_be_a_whole_file() -> None:
    table = Table("t", MetaData(), Column("content", LargeBinary))

    assert rows_at_once(table) < 10


@pytest.mark.parametrize("line", [[1], [1, 2, 3], [1, "ayer"], [1, 5], 5])
def test_a_line_that_is_no_row_is_refused(line: Any) -> None:
    columns = [Column("id", Integer), Column("on", Date)]

    with pytest.raises((TypeError, ValueError)):
        reader(columns)(line)


# The models


def test_every_column_of_every_model_has_its_form() -> None:
    for table in Base.metadata.sorted_tables:
        writer(kept_columns(table))


def test_what_a_table_says_of_itself_is_understood() -> None:
    assert {table.info.get("backup") for table in Base.metadata.sorted_tables} <= {None, "left out", "seeded"}


def test_nothing_that_is_kept_points_at_what_is_left_out_or_at_itself() -> None:
    kept = set(kept_tables())

    for table in kept:
        parents = {key.column.table for key in table.foreign_keys}
        assert parents <= kept - {table}, table.name


def test_the_room_knows_no_table_by_name() -> None:
    names = set(Base.metadata.tables)

    for path in (Path(__file__).parents[2] / "app" / "backup").glob("*.py"):
        assert not [name for name in names if f'"{name}"' in path.read_text()], path.name
