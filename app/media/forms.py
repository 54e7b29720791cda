"""What is asked of media, checked; and files as JSON shows them."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.errors import Invalid
from app.extensions import LARGEST_INT
from app.media.models import File
from app.media.rules import kind_of

_LONGEST_NAME = 1000


def parse_upload(given: Any) -> tuple[str, int]:
    """Return name and size in bytes of a file that is going to be uploaded. Raises Invalid."""
    filename = given.get("filename") if isinstance(given, dict) else None
    size = given.get("size") if isinstance(given, dict) else None
    wrong = {}
    if not isinstance(filename, str):
        wrong["filename"] = _("Falta el nombre del archivo.")
    if not isinstance(size, int) or isinstance(size, bool):
        wrong["size"] = _("Falta el tamaño del archivo, en bytes.")
    if wrong or not isinstance(filename, str) or not isinstance(size, int):
        raise Invalid(fields=wrong)
    return filename[-_LONGEST_NAME:], min(size, LARGEST_INT)


def serialize_file(file: File, url: str) -> dict[str, Any]:
    """Return a file as JSON shows it, at the `url` where whoever asks may have it."""
    return {
        "id": file.id,
        "kind": kind_of(file.content_type),
        "content_type": file.content_type,
        "filename": file.filename,
        "size": file.size,
        "url": url,
    }
