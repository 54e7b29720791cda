"""What a place for bytes can do. There are two: the database, and a bucket that speaks S3's language."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Protocol

from flask_babel import lazy_gettext as _l

from app.errors import DomainError


class StoreError(DomainError):
    """The place where the bytes are cannot be reached, or does not have them; `why` is for whoever runs it."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "store_unavailable"
    detail = _l("No pudimos abrir el archivo. Probá de nuevo en un momento.")

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


class Store(Protocol):
    """Bytes under keys. A key is written once and never changed."""

    def write(self, key: str, data: bytes) -> None:
        """Keep `data`. Raises StoreError."""

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `end`, in pieces of a megabyte or so. Raises StoreError."""

    def delete(self, key: str) -> None:
        """Forget what is under `key`, if anything is. Raises StoreError."""
