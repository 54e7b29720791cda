"""Answering with a file: whole in pieces, or a range of it, under headers that let nothing in it run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from app.media.actions import stores
from app.media.models import File
from app.media.names import disposition
from app.media.rules import SHOWN

# What Vercel does not stream may have 4.5 MB. RFC 9110, 14.2: a server may answer with less than was asked for.
LONGEST_RANGE = 3 * 1024 * 1024
_PIECE = 1024 * 1024
# Whatever a file holds, it is shown as if it came from nowhere, and loads nothing.
_SANDBOX = "sandbox; default-src 'none'"
# Chromium's own viewer does not open in a sandbox, and asks for styles and an <embed> of the document's own.
_PDF = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'"


def _asked_range(file: File) -> tuple[int, int] | None:
    """Return the bytes that are asked for, from and up to, or None for all. Raises RequestedRangeNotSatisfiable."""
    requested = request.range if request.method == "GET" else None
    if requested is None or requested.units != "bytes" or len(requested.ranges) != 1:
        return None
    condition = request.if_range
    if (condition.etag or condition.date) and condition.etag != file.sha256:
        return None
    span = requested.range_for_length(file.size)
    if span is None:
        raise RequestedRangeNotSatisfiable(file.size)
    return span[0], min(span[1], span[0] + LONGEST_RANGE)


def _pieces(app: Flask, file: File) -> Iterator[bytes]:
    """Yield a file in pieces, each read by itself: nothing of the database is held while somebody's line is slow."""
    for start in range(0, file.size, _PIECE):
        with app.app_context():
            piece = b"".join(stores.read(file, start, min(start + _PIECE, file.size)))
        yield piece


def _whole(file: File) -> Response:
    """Return all of `file`; its first piece is read at once, so that a store that is away is an answer of its own."""
    response = Response()
    if request.method != "HEAD":
        pieces = _pieces(current_app._get_current_object(), file)  # type: ignore[attr-defined]
        response.response = chain((next(pieces, b""),), pieces)
    response.content_length = file.size
    return response


def _body(file: File) -> Response:
    span = _asked_range(file)
    if span is None:
        return _whole(file)
    start, end = span
    response = Response(b"".join(stores.read(file, start, end)), 206)
    response.content_range.set(start, end, file.size)
    return response


def _not_modified(file: File) -> bool:
    return bool(file.sha256) and request.if_none_match.contains(file.sha256)


def answer(file: File, name: str = "", *, download: bool = False, cache: str = "private, no-cache") -> Response:
    """Answer the request with `file`, under `name` or its own. Raises RequestedRangeNotSatisfiable.

    A browser may keep it, and asks each time whether it still may show it: whoever signed out may not.
    """
    shown = file.content_type in SHOWN and not download
    response = Response(status=304) if _not_modified(file) else _body(file)
    headers = response.headers
    if response.status_code != 304:
        headers["Content-Type"] = file.content_type
        headers["Content-Disposition"] = disposition("inline" if shown else "attachment", name or file.filename)
    headers["Accept-Ranges"] = "bytes"
    headers["Cache-Control"] = cache
    headers["Content-Security-Policy"] = _PDF if file.content_type == "application/pdf" and shown else _SANDBOX
    headers["X-Content-Type-Options"] = "nosniff"
    if file.sha256:
        response.set_etag(file.sha256)
    return response
