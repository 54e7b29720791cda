"""Paths decoded, for the one server that leaves them as they came: Vercel's hands PATH_INFO on percent-encoded.

Source: handle_request in vercel_runtime/vc_init.py, release 0.23.2; PEP 3333 takes PATH_INFO to be decoded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class DecodedPaths:
    """WSGI middleware that decodes PATH_INFO, and keeps what came over the wire in REQUEST_URI.

    Should Vercel begin to decode by itself, phones in paths still work: only what is left to decode is, and a `+` never
    becomes a space. A path with an encoded percent sign would be decoded twice; ci/vercel has a test for that day.
    """

    def __init__(self, wsgi_app: WSGIApplication) -> None:
        self.wsgi_app = wsgi_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
        # Twilio signs the address as it came, and twilio.signature looks for it here.
        environ["REQUEST_URI"] = environ.get("SCRIPT_NAME", "") + path + (f"?{query}" if query else "")
        environ["PATH_INFO"] = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")
        return self.wsgi_app(environ, start_response)


def init_app(app: Flask) -> None:
    """Decode the paths of `app` where the server does not."""
    if app.config["PATHS_ARRIVE_ENCODED"]:
        app.wsgi_app = DecodedPaths(app.wsgi_app)  # type: ignore[method-assign]
