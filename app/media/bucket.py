"""Files in a bucket that speaks S3's language. The only file that knows obstore, which it loads late."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from app.media.store import StoreError

log = logging.getLogger(__name__)

_PIECE = 1024 * 1024
# Somebody waits for a picture, and a function of Vercel lives for a minute.
_CONNECT, _WHOLE, _TRIES = timedelta(seconds=5), timedelta(seconds=20), 2


@dataclass(frozen=True)
class Bucket:
    """Where a bucket is and its keys. Without an `endpoint` it is Amazon's, of that `region`."""

    name: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str = "us-east-1"
    endpoint: str = ""


@contextmanager
def _failures_told() -> Iterator[None]:
    import obstore

    try:
        yield
    except (obstore.exceptions.BaseError, OSError) as error:  # What is not there is one of Python's own.
        # Its class says what went wrong; its text holds addresses and answers.
        log.warning("File bucket failed", extra={"error": type(error).__name__})
        raise StoreError(f"The bucket failed: {type(error).__name__}.") from error


class BucketStore:
    """Files under their keys, each in one object, sent with one request."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    @cached_property
    def _store(self) -> Any:
        from obstore.store import S3Store

        bucket = self.bucket
        # obstore reads AWS_* from the environment, where a host may have some of its own: each is said here instead.
        return S3Store(
            bucket.name,
            credential_provider=self._keys,
            region=bucket.region,
            aws_endpoint_url_s3=bucket.endpoint or f"https://s3.{bucket.region}.amazonaws.com",
            skip_signature=False,
            # What every service understands, and Amazon's own too.
            virtual_hosted_style_request=False,
            disable_bulk_delete=True,
            client_options={
                "allow_http": bucket.endpoint.startswith("http://"),
                "connect_timeout": _CONNECT,
                "timeout": _WHOLE,
                "user_agent": "Coordina",
            },
            retry_config={"max_retries": _TRIES, "retry_timeout": _WHOLE},
        )

    def _keys(self) -> Any:
        bucket = self.bucket
        keys = {"access_key_id": bucket.access_key_id, "secret_access_key": bucket.secret_access_key}
        return {**keys, "token": None, "expires_at": None}

    def write(self, key: str, data: bytes) -> None:
        """Keep `data`. Raises StoreError."""
        import obstore

        with _failures_told():
            obstore.put(self._store, key, data, use_multipart=False)

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `end`, in pieces of a megabyte or so. Raises StoreError."""
        import obstore

        if start >= end:
            return
        with _failures_told():
            found = obstore.get(self._store, key, options={"range": (start, end)})
            if tuple(found.range) != (start, end):
                raise StoreError("The bucket does not have the whole file.")
            yield from map(bytes, found.stream(min_chunk_size=_PIECE))

    def delete(self, key: str) -> None:
        """Forget what is under `key`, if anything is. Raises StoreError."""
        import obstore

        with _failures_told(), suppress(FileNotFoundError):
            obstore.delete(self._store, key)
