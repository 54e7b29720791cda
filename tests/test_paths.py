"""Paths that arrive percent-encoded, as Vercel's server hands them on; ci/vercel plays the same through that server."""

from __future__ import annotations

import pytest
from flask import Flask, request
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import create_app
from app.twilio.signature import raw_target
from config import TestConfig


def echo(encoded: bool) -> Flask:
    app = create_app(TestConfig(SQLALCHEMY_DATABASE_URI="sqlite://", PATHS_ARRIVE_ENCODED=encoded))
    app.add_url_rule("/x/<path:rest>", "echo", lambda rest: {"rest": rest, "wire": raw_target(request.environ)})
    return app


def ask(app: Flask, path: str, query: str = "") -> dict[str, str]:
    environ = EnvironBuilder(query_string=query).get_environ()
    environ.pop("REQUEST_URI")
    environ.pop("RAW_URI")
    environ["PATH_INFO"] = path
    body, _status, _headers = run_wsgi_app(app, environ, buffered=True)
    answer = app.json.loads(b"".join(body))
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize(
    ("wire", "meant"),
    [
        ("%2B5491155550101", "+5491155550101"),
        ("+5491155550101", "+5491155550101"),
        ("caf%C3%A9", "café"),
        ("caf\xc3\xa9", "café"),
        ("a%2Fb%20c", "a/b c"),
        ("100%2525", "100%25"),
        ("100%", "100%"),
        ("%F0%9F%8E%89", "🎉"),
    ],
)
def test_a_path_is_decoded_once_and_kept_as_it_came(wire: str, meant: str) -> None:
    answer = ask(echo(encoded=True), f"/x/{wire}", "q=%2B1&r=a+b")

    assert answer == {"rest": meant, "wire": f"/x/{wire}?q=%2B1&r=a+b"}


def test_where_the_server_decodes_it_is_left_alone() -> None:
    assert ask(echo(encoded=False), "/x/100%25")["rest"] == "100%25"
