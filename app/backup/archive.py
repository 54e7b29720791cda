"""The file of a backup: a zip with one member of JSON lines for each table, and a manifest that comes last.

A line is one row, as an array in the order of the manifest's columns. The manifest says how many rows each table has
and the SHA-256 of its lines, so a file that was cut short or changed on its way is known before anything is written.
Everything is streamed: neither writing nor reading holds more than a line.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import IO, Any

FORMAT = "coordina-backup"
VERSION = 1
MANIFEST = "manifest.json"
_CHUNK = 1 << 16
# All that zipfile, zlib and json raise on bytes that changed, a place that no file has included.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    LookupError,
    RuntimeError,
    ValueError,
)


class BackupError(Exception):
    """Why a backup cannot be made or restored, in one sentence that says what to do."""


class NotABackup(BackupError):
    def __init__(self) -> None:
        super().__init__("That is not a backup that `flask backup` made.")


class Damaged(BackupError):
    def __init__(self, what: str = "it cannot be read to its end") -> None:
        super().__init__(f"The backup is damaged or cut short ({what}): use another one, or copy it here again.")


@dataclass(frozen=True)
class Part:
    """One table in a backup; `sha256` is the hexadecimal digest of its lines."""

    name: str
    columns: list[str]
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. `revision` is Alembic's, `created_at` an ISO moment in UTC."""

    format: str = field(default=FORMAT, init=False)
    version: int = field(default=VERSION, init=False)
    revision: str
    created_at: str
    database: str
    tables: list[Part]

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.tables)


def _member(table: str) -> str:
    return f"{table}.jsonl"


class ArchiveWriter:
    """Writes a backup in a `with` block: one table after another, then the manifest. `file` need not seek."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6)

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is not None:
            self._zip.fp = None  # Closing would finish the zip, and half a backup must not look whole.
        self._zip.close()

    def add(self, name: str, columns: list[str], rows: Iterable[list[Any]]) -> Part:
        """Write a table row by row, as `rows` yields them; the values are what JSON can hold."""
        digest, count = sha256(), 0
        with self._zip.open(_member(name), "w", force_zip64=True) as member:
            for row in rows:
                line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                digest.update(line)
                member.write(line)
                count += 1
        return Part(name, columns, count, digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, without which a file is no backup."""
        self._zip.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1) + "\n")


@contextmanager
def _damage_told() -> Iterator[None]:
    """Turn everything that a broken zip or a broken line raises into Damaged."""
    try:
        yield
    except _BROKEN as error:
        raise Damaged from error


def _parse_manifest(text: bytes) -> Manifest:
    """Read a manifest. Raises NotABackup on another program's, BackupError on another format, Damaged on half a one."""
    with _damage_told():
        data = json.loads(text)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise NotABackup
    if data.get("version") != VERSION:
        raise BackupError(
            f"The backup has format {data.get('version')} and this Coordina reads format {VERSION}: "
            "restore it with the Coordina that made it."
        )
    try:
        parts = [Part(**part) for part in data["tables"]]
        return Manifest(str(data["revision"]), data["created_at"], data["database"], parts)
    except (TypeError, KeyError) as error:
        raise Damaged("its manifest is not whole") from error


class ArchiveReader:
    """Reads a backup from `file`, which can seek. Raises NotABackup, Damaged, or BackupError on another format."""

    def __init__(self, file: IO[bytes]) -> None:
        begins_as_zip = file.read(4) == b"PK\x03\x04"
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise (Damaged() if begins_as_zip else NotABackup()) from error
        if MANIFEST not in self._zip.namelist():
            raise NotABackup
        with _damage_told():
            text = self._zip.read(MANIFEST)
        self.manifest = _parse_manifest(text)

    @contextmanager
    def _opened(self, part: Part) -> Iterator[IO[bytes]]:
        with _damage_told():
            if self._zip.getinfo(_member(part.name)).compress_type != zipfile.ZIP_DEFLATED:
                raise Damaged
            with self._zip.open(_member(part.name)) as member:
                yield member

    def check(self, checked: Callable[[Part], None]) -> None:
        """Compare every table with its checksum, and call `checked` after each. Raises Damaged, naming the table."""
        for part in self.manifest.tables:
            digest, lines = sha256(), 0
            with self._opened(part) as member:
                while chunk := member.read(_CHUNK):
                    digest.update(chunk)
                    lines += chunk.count(b"\n")
            if (digest.hexdigest(), lines) != (part.sha256, part.rows):
                raise Damaged(f"the rows of {part.name} are not those that were written")
            checked(part)

    def rows(self, part: Part) -> Iterator[list[Any]]:
        """Yield the rows of a table in the order they were written."""
        with self._opened(part) as member:
            for line in member:
                yield json.loads(line)
