"""What the app knows of htmx: was this asked by it, and the answers that only it understands."""

from __future__ import annotations

from flask import Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse


def is_htmx() -> bool:
    """Tell whether htmx asked, so that a fragment is wanted and not a page."""
    return request.headers.get("HX-Request") == "true"


def see_other(url: str) -> BaseResponse:
    """Send the browser to `url` with a GET: by htmx's own header when htmx asked, by 303 otherwise."""
    if not is_htmx():
        return redirect(url, 303)
    response = Response(status=204)
    response.headers["HX-Redirect"] = url
    return response
