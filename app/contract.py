"""What the JSON API promises: docs/openapi.yaml, served as it is, and JSON that is refused everywhere alike."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, request
from flask.json.provider import DefaultJSONProvider

from app.auth.guard import public

_DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "openapi.yaml"

bp = Blueprint("contract", __name__, url_prefix="/api")
# Open: whoever writes a program against the API reads this first, and it says nothing of any office.
bp.before_request(public)


@cache
def _document() -> bytes:
    return _DOCUMENT.read_bytes()


@bp.get("/openapi.yaml")
def read() -> Response:
    """Serve the description of the API; the media type is RFC 9512's."""
    response = Response(_document(), content_type="application/yaml")
    response.add_etag()
    response.make_conditional(request)
    return response


class _JSON(DefaultJSONProvider):
    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError as error:  # Thousands of brackets within brackets are no JSON that anybody means.
            raise ValueError("This JSON is nested too deeply.") from error


def init_app(app: Flask) -> None:
    """Serve the document, and read JSON with its faults answered as 400."""
    app.json = _JSON(app)
    app.register_blueprint(bp)
