"""Taking a file in parts from a page, or in one piece from a program."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from app.auth.models import User
from app.extensions import db
from app.media.actions import uploads
from app.media.actions.uploads import UPLOAD_PART
from app.media.models import File, FilePart
from tests.browser import SignedInClient
from tests.media import samples

SignIn = Callable[[User], SignedInClient]


def begin(browser: SignedInClient, filename: str, size: int) -> dict[str, Any]:
    answer = browser.htmx("POST", "/media/uploads", json={"filename": filename, "size": size})
    assert answer.status_code == 201, answer.text
    return dict(answer.json or {})


def upload(browser: SignedInClient, data: bytes, filename: str) -> Any:
    begun = begin(browser, filename, len(data))
    for number, at in enumerate(range(0, len(data), begun["part_bytes"])):
        part = data[at : at + begun["part_bytes"]]
        answer = browser.htmx("PUT", f"/media/uploads/{begun['id']}/parts/{number}", data=part)
        assert answer.status_code == 204, answer.text
    return browser.htmx("POST", f"/media/uploads/{begun['id']}/finish")


def test_a_file_comes_in_parts_and_is_here_whole(ana: User, sign_in: SignIn) -> None:
    browser = sign_in(ana)
    data = samples.PDF + bytes(range(256)) * 30_000

    answer = upload(browser, data, "Lista de temas.pdf")

    assert answer.status_code == 201
    file_id = answer.json["id"]
    assert answer.json == {
        "kind": "document",
        "content_type": "application/pdf",
        "filename": "Lista de temas.pdf",
        "size": len(data),
        "url": f"/media/{file_id}",
        "id": file_id,
    }
    with browser.get(f"/media/{file_id}") as shown:
        assert shown.data == data


def test_what_a_file_is_comes_from_its_bytes_and_not_from_its_name(ana: User, sign_in: SignIn) -> None:
    photo = upload(sign_in(ana), samples.PHOTO, "factura.pdf")
    page = upload(sign_in(ana), samples.HTML, "foto.jpg")

    assert (photo.json["content_type"], photo.json["kind"]) == ("image/jpeg", "image")
    assert (page.status_code, page.mimetype) == (422, "application/problem+json")
    assert page.json["code"] == "unsupported_type"


@pytest.mark.parametrize(
    ("name", "kept"),
    [("", "archivo.png"), ("\u202e\x00", "archivo.png"), ("..", "archivo.png"), ("con", "archivo-con.png")],
)
def test_a_file_without_a_name_is_called_by_what_it_is(ana: User, sign_in: SignIn, name: str, kept: str) -> None:
    browser = sign_in(ana)

    answer = upload(browser, samples.picture(8, 8, "PNG"), name)

    assert answer.json["filename"] == kept
    with browser.get(answer.json["url"]) as shown:
        assert shown.headers["Content-Disposition"] == f'inline; filename="{kept}"'


@pytest.mark.parametrize(("size", "code"), [(0, "invalid"), (-5, "invalid"), (16_000_001, "too_large")])
def test_what_nobody_may_send_is_refused_before_a_byte_of_it_travels(
    ana: User, sign_in: SignIn, size: int, code: str
) -> None:
    answer = sign_in(ana).htmx("POST", "/media/uploads", json={"filename": "x.mp4", "size": size})

    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert db.session.scalar(select(func.count(File.id))) == 0


def test_a_picture_that_is_too_large_for_whatsapp_is_refused_with_the_limit(ana: User, sign_in: SignIn) -> None:
    answer = upload(sign_in(ana), samples.PHOTO + bytes(5_000_000), "foto.jpg")

    assert (answer.status_code, answer.json["code"]) == (422, "too_large")
    assert answer.json["detail"] == "Pesa 5 MB y WhatsApp acepta hasta 5 MB. Achicalo y probá de nuevo."


@pytest.mark.parametrize("given", [None, [], {}, {"filename": 3, "size": "x"}, {"filename": "a", "size": True}])
def test_an_upload_says_name_and_size(ana: User, sign_in: SignIn, given: object) -> None:
    answer = sign_in(ana).htmx("POST", "/media/uploads", json=given)

    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")


def test_a_part_may_come_again_and_must_have_its_length(ana: User, sign_in: SignIn) -> None:
    browser, data = sign_in(ana), samples.PDF + bytes(UPLOAD_PART)
    file_id = begin(browser, "a.pdf", len(data))["id"]
    parts = [data[:UPLOAD_PART], data[UPLOAD_PART:]]

    answers = [
        browser.htmx("PUT", f"/media/uploads/{file_id}/parts/{number}", data=part).status_code
        for number, part in ((1, parts[1]), (0, parts[0]), (0, parts[0]), (1, b"short"), (2, b"x"), (2**31, b"x"))
    ]

    assert answers == [204, 204, 204, 422, 422, 422]
    assert browser.htmx("POST", f"/media/uploads/{file_id}/finish").json["size"] == len(data)


def test_an_upload_with_a_part_missing_is_not_finished(ana: User, sign_in: SignIn) -> None:
    browser = sign_in(ana)
    file_id = begin(browser, "a.pdf", UPLOAD_PART + 5)["id"]
    browser.htmx("PUT", f"/media/uploads/{file_id}/parts/1", data=b"12345")

    answer = browser.htmx("POST", f"/media/uploads/{file_id}/finish")

    assert (answer.status_code, answer.json["code"]) == (409, "incomplete")
    assert browser.get(f"/media/{file_id}").status_code == 404


def test_finishing_again_gives_the_same_file(ana: User, sign_in: SignIn) -> None:
    browser = sign_in(ana)
    first = upload(browser, samples.PDF, "a.pdf")

    again = browser.htmx("POST", f"/media/uploads/{first.json['id']}/finish")
    late = browser.htmx("PUT", f"/media/uploads/{first.json['id']}/parts/0", data=samples.PDF)

    assert (again.status_code, again.json) == (201, first.json)
    assert late.status_code == 404


def test_what_is_put_while_a_file_is_looked_into_is_not_kept_as_what_was_seen(
    app: Flask, ana: User, sign_in: SignIn
) -> None:
    browser, page = sign_in(ana), samples.HTML.ljust(len(samples.PDF))[: len(samples.PDF)]
    file_id, user_id = begin(browser, "a.pdf", len(samples.PDF))["id"], ana.id
    browser.htmx("PUT", f"/media/uploads/{file_id}/parts/0", data=samples.PDF)
    put: list[threading.Thread] = []

    def put_another() -> None:
        with app.app_context():
            uploads.put_part(file_id, user_id, 0, page)

    def when_it_was_read(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT archivos_partes.data") and not put:
            put.append(threading.Thread(target=put_another))
            put[0].start()
            put[0].join(20)

    event.listen(db.engine, "after_cursor_execute", when_it_was_read)
    answer = browser.htmx("POST", f"/media/uploads/{file_id}/finish")
    event.remove(db.engine, "after_cursor_execute", when_it_was_read)

    assert (answer.status_code, answer.json["code"]) == (409, "incomplete")
    assert browser.get(f"/media/{file_id}").status_code == 404
    assert browser.htmx("POST", f"/media/uploads/{file_id}/finish").json["code"] == "unsupported_type"


def test_finishing_twice_at_once_is_one_file(app: Flask, ana: User, sign_in: SignIn) -> None:
    browser, user_id = sign_in(ana), ana.id
    file_id = begin(browser, "a.pdf", len(samples.PDF))["id"]
    browser.htmx("PUT", f"/media/uploads/{file_id}/parts/0", data=samples.PDF)
    done: list[str] = []

    def finish() -> None:
        with app.app_context():
            done.append(uploads.finish(file_id, user_id).sha256)

    both = [threading.Thread(target=finish) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(20)

    assert done == [sha256(samples.PDF).hexdigest()] * 2


def test_nobody_touches_the_upload_of_another(ana: User, bruno: User, sign_in: SignIn) -> None:
    mine, other = sign_in(ana), sign_in(bruno)
    file_id = begin(mine, "a.pdf", len(samples.PDF))["id"]

    answers = [
        other.htmx("PUT", f"/media/uploads/{file_id}/parts/0", data=samples.PDF),
        other.htmx("POST", f"/media/uploads/{file_id}/finish"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert [answer.mimetype for answer in answers] == ["application/problem+json"] * 2
    assert db.session.scalar(select(func.count(FilePart.position))) == 0


def test_without_the_csrf_value_nothing_is_taken(ana: User, sign_in: SignIn) -> None:
    answer = sign_in(ana).post("/media/uploads", json={"filename": "a.pdf", "size": 5})

    assert (answer.status_code, answer.json["code"]) == (403, "csrf_failed")


def test_a_picture_is_kept_with_its_size(ana: User, sign_in: SignIn) -> None:
    answer = upload(sign_in(ana), samples.picture(64, 32, "JPEG", exif=6), "foto.jpg")

    db.session.rollback()
    file = db.session.get_one(File, answer.json["id"])
    assert (file.width, file.height) == (32, 64)


def test_a_program_sends_a_file_in_one_piece_and_reads_it_back(
    app: object, nobody: FlaskClient, ana: User, bearer: Callable[[User], dict[str, str]]
) -> None:
    headers = bearer(ana)
    form = {"file": (io.BytesIO(samples.PDF), "../../etc/lista.pdf", "text/html")}

    answer = nobody.post("/api/media", data=form, headers=headers)

    assert answer.status_code == 201, answer.text
    assert (answer.json["filename"], answer.json["content_type"]) == ("lista.pdf", "application/pdf")
    with nobody.get(answer.json["url"], headers=headers) as shown:
        assert shown.data == samples.PDF
    assert nobody.get(answer.json["url"]).status_code == 401


@pytest.mark.parametrize(
    ("form", "code"),
    [({}, "invalid"), ({"file": "text"}, "invalid"), ({"file": (io.BytesIO(b""), "a.pdf")}, "invalid")],
)
def test_a_program_that_sends_no_file_is_told_so(
    nobody: FlaskClient, ana: User, bearer: Callable[[User], dict[str, str]], form: dict[str, Any], code: str
) -> None:
    answer = nobody.post("/api/media", data=form, headers=bearer(ana), content_type="multipart/form-data")

    assert (answer.status_code, answer.json["code"]) == (422, code)
