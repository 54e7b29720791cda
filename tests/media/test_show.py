"""Looking at a file: ranges, headers, and nothing in it that runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from app.media.actions.keep import keep
from app.media.serve import LONGEST_RANGE
from tests.browser import SignedInClient
from tests.media import samples

SignIn = Callable[[User], SignedInClient]
LONG = samples.PDF + bytes(range(256)) * 20_000


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=262140-262150", 262140, 262151),
        ("bytes=1000-", 1000, 1000 + LONGEST_RANGE),
        ("bytes=0-99999999", 0, LONGEST_RANGE),
        ("bytes=-10", len(LONG) - 10, len(LONG)),
    ],
)
def test_a_range_is_answered_and_never_a_large_one(
    ana: User, sign_in: SignIn, asked: str, first: int, end: int
) -> None:
    answer = sign_in(ana).get(f"/media/{keep(LONG, 'a.pdf').id}", headers={"Range": asked})

    assert (answer.status_code, answer.data) == (206, LONG[first:end])
    assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(LONG)}"


def test_a_range_beyond_the_end_is_refused(ana: User, sign_in: SignIn) -> None:
    answer = sign_in(ana).get(f"/media/{keep(samples.PDF).id}", headers={"Range": "bytes=99999999-"})

    assert answer.status_code == 416


@pytest.mark.parametrize("headers", [{"Range": "bytes=0-1,4-5"}, {"Range": "lines=1-2"}, {"Range": "x"}, {}])
def test_whatever_else_is_asked_for_gets_the_whole_file(ana: User, sign_in: SignIn, headers: dict[str, str]) -> None:
    with sign_in(ana).get(f"/media/{keep(LONG, 'a.pdf').id}", headers=headers) as answer:
        assert (answer.status_code, answer.data == LONG, answer.content_length) == (200, True, len(LONG))


def test_a_browser_keeps_a_file_and_asks_whether_it_may_show_it(ana: User, sign_in: SignIn) -> None:
    browser, url = sign_in(ana), f"/media/{keep(samples.PHOTO).id}"
    with browser.get(url) as first:
        etag = first.headers["ETag"]
        assert first.headers["Cache-Control"] == "private, no-cache"

    again = browser.get(url, headers={"If-None-Match": etag})
    signed_out = browser.application.test_client().get(url, headers={"If-None-Match": etag})
    changed = browser.get(url, headers={"If-Range": '"another"', "Range": "bytes=0-1"})

    assert (again.status_code, again.data) == (304, b"")
    assert signed_out.status_code == 303
    assert (changed.status_code, changed.data) == (200, samples.PHOTO)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (samples.SVG, "image/svg+xml"),
        (samples.HTML, "text/html"),
        (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "image/png"),
        (samples.zipped("evil.exe"), "image/jpeg"),
        (bytes(2000), "video/mp4"),
        (b"MZ" + bytes(200), "application/pdf"),
        (b"alert(1)", "application/javascript"),
    ],
)
def test_what_could_run_is_only_ever_saved(ana: User, sign_in: SignIn, data: bytes, said: str) -> None:
    with sign_in(ana).get(f"/media/{keep(data, 'foto.jpg', said).id}") as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.mimetype not in ("text/html", "image/svg+xml", "application/xhtml+xml", said)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (samples.GIF_AND_SCRIPT, "image/gif"),
        (samples.PDF_AND_HTML, "application/pdf"),
        (samples.JPEG_AND_ZIP, "image/jpeg"),
    ],
)
def test_a_file_that_is_two_things_is_shown_as_the_harmless_one(
    ana: User, sign_in: SignIn, data: bytes, content_type: str
) -> None:
    with sign_in(ana).get(f"/media/{keep(data, 'a.html', 'text/html').id}") as answer:
        assert answer.headers["Content-Type"] == content_type
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_file_can_be_saved(ana: User, sign_in: SignIn) -> None:
    url = f"/media/{keep(samples.PHOTO, 'Ñandú ♥.jpg').id}"

    with sign_in(ana).get(f"{url}?download=1") as answer:
        assert answer.headers["Content-Disposition"] == (
            "attachment; filename=\"Nandu .jpg\"; filename*=UTF-8''%C3%91and%C3%BA%20%E2%99%A5.jpg"
        )


def test_who_is_not_signed_in_sees_no_file(nobody: FlaskClient) -> None:
    answer = nobody.get(f"/media/{keep(samples.PHOTO).id}")

    assert (answer.status_code, samples.PHOTO in answer.data) == (303, False)


@pytest.mark.parametrize("file_id", [0, 999, 2**63, 2**90])
def test_a_file_that_is_not_here_is_not_found(ana: User, sign_in: SignIn, file_id: int) -> None:
    assert sign_in(ana).get(f"/media/{file_id}").status_code == 404
