"""The file on the disk, or the pipe, that a backup goes to or comes from."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO

from app.backup.archive import BackupError


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _settle(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk, where the system can say so."""
    with suppress(PermissionError):  # Windows opens no folders.
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _new_file(path: Path, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """Yield a file that only its owner may read, and that takes the name `path` once it is whole and on the disk.

    Until then it lies beside it under a name of its own; on any error it goes away, and what was at `path` stays.
    Raises BackupError where `path` is taken and `overwrite` is not given, and where the disk refuses.
    """
    if path.is_dir():
        raise BackupError(f"{path} is a folder: say the name of a file.")
    if path.exists() and not overwrite:
        raise BackupError(f"{path} exists already: choose another name, or say --force to replace it.")
    try:
        # mkstemp makes it readable by its owner alone: it will hold what clients wrote.
        descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
            with open(partial, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
        _settle(path.parent)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {_why(error)}.") from error


@contextmanager
def _piped(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yield standard output. Raises BackupError where a person would see bytes on a screen, and where it is shut."""
    if stream.isatty():
        raise BackupError("A backup is no text for a screen: send it into a file or to a program.")
    try:
        yield stream
    except OSError as error:
        raise BackupError(f"Standard output cannot be written: {_why(error)}.") from error


@contextmanager
def _existing_file(path: Path) -> Iterator[IO[bytes]]:
    """Yield the file at `path`. Raises BackupError where there is none, or it may not be read."""
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {path}.") from error
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {_why(error)}.") from error
    with file:
        yield file


@contextmanager
def _spooled(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yield all of `stream` as a nameless file that can seek: a backup is read twice, to check it and to restore it."""
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file)
        file.seek(0)
        yield file


def target(name: str, *, overwrite: bool) -> AbstractContextManager[IO[bytes]]:
    """Return where a backup goes: a new file that appears under `name` once it is whole, or standard output for `-`."""
    if name == "-":
        return _piped(sys.stdout.buffer)
    return _new_file(Path(name), overwrite=overwrite)


def source(name: str) -> AbstractContextManager[IO[bytes]]:
    """Return where a backup comes from, as a file that can seek: the one called `name`, or standard input for `-`."""
    if name == "-":
        return _spooled(sys.stdin.buffer)
    return _existing_file(Path(name))
