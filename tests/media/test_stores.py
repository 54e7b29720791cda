"""The two places for bytes do the same, and files come and go the same way in either."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import create_app
from app.auth.models import User
from app.extensions import db, writing
from app.media.actions import stores, uploads
from app.media.actions.keep import keep
from app.media.models import File, FilePart
from app.media.signing import outgoing_url
from app.media.store import Store, StoreError
from config import TestConfig
from tests.media import s3, samples
from tests.media.test_uploads import SignIn, upload

pytestmark = pytest.mark.enable_socket
DATA = bytes(range(256)) * 12_000  # Some three megabytes, and no two parts of it alike where they meet.


@pytest.fixture
def service() -> Iterator[s3.Service]:
    with s3.running() as running:
        yield running


@pytest.fixture
def bucket(app: Flask, service: s3.Service) -> Iterator[s3.Service]:
    """A service whose bucket is where new files go."""
    app.extensions["media_bucket"] = service.store()
    yield service
    app.extensions["media_bucket"] = None


@pytest.fixture(params=["database", "bucket"])
def store(request: pytest.FixtureRequest, app: Flask) -> Store:
    if request.param == "bucket":
        return request.getfixturevalue("service").store()
    return stores.DatabaseStore()


@pytest.fixture
def key(app: Flask) -> str:
    """A key for either: the id of a file."""
    with writing() as session:
        file = File()
        session.add(file)
    return str(file.id)


@pytest.mark.parametrize(
    ("start", "end"), [(0, len(DATA)), (0, 1), (262_143, 262_145), (1_000_000, 2_100_000), (len(DATA) - 1, len(DATA))]
)
def test_what_was_written_is_read_whole_or_in_part(store: Store, key: str, start: int, end: int) -> None:
    store.write(key, DATA)

    assert b"".join(store.read(key, start, end)) == DATA[start:end]


def test_nothing_of_a_file_is_nothing(store: Store, key: str) -> None:
    store.write(key, DATA)

    assert b"".join(store.read(key, 5, 5)) == b""


def test_what_is_written_again_takes_the_place_of_what_was_there(store: Store, key: str) -> None:
    store.write(key, DATA)
    store.write(key, b"corto")

    assert b"".join(store.read(key, 0, 5)) == b"corto"


def test_what_is_deleted_is_gone_and_may_be_deleted_again(store: Store, key: str) -> None:
    store.write(key, DATA)
    assert b"".join(store.read(key, 0, 10)) == DATA[:10]

    store.delete(key)
    store.delete(key)

    with pytest.raises(StoreError):
        list(store.read(key, 0, 10))


def test_a_file_that_ends_too_soon_is_not_taken_for_whole(store: Store, key: str) -> None:
    store.write(key, DATA[:100])

    with pytest.raises(StoreError):
        list(store.read(key, 0, 200))


@pytest.mark.parametrize("kind", ["database", "bucket"])
def test_a_file_comes_in_parts_and_is_served_from_either(
    request: pytest.FixtureRequest, app: Flask, ana: User, sign_in: SignIn, nobody: FlaskClient, kind: str
) -> None:
    service = request.getfixturevalue("bucket") if kind == "bucket" else None
    browser, data = sign_in(ana), samples.PDF + DATA * 2

    file_id = upload(browser, data, "lista.pdf").json["id"]

    db.session.rollback()
    file = db.session.get_one(File, file_id)
    with browser.get(f"/media/{file_id}") as whole:
        assert whole.data == data
    part = browser.get(f"/media/{file_id}", headers={"Range": "bytes=1000000-2000000"})
    assert (part.status_code, part.data) == (206, data[1_000_000:2_000_001])
    with nobody.get(outgoing_url(file).removeprefix("https://coordina.example")) as fetched:
        assert fetched.data == data
    parts = db.session.scalar(select(func.count()).select_from(FilePart))
    if service is None:
        assert (file.store, file.storage_key, (parts or 0) > 0) == ("database", "", True)
    else:
        assert (file.store, parts, service.objects) == ("s3", 0, {file.storage_key: data})
        assert len(file.storage_key) > 32  # Nobody guesses it, should the bucket be open by mistake.


def test_an_upload_that_the_bucket_did_not_take_can_be_finished_again(
    bucket: s3.Service, ana: User, sign_in: SignIn
) -> None:
    browser = sign_in(ana)
    bucket.failing = True

    answer = upload(browser, samples.PDF, "lista.pdf")

    assert (answer.status_code, answer.json["code"]) == (503, "store_unavailable")
    assert "Probá de nuevo" in answer.json["detail"]
    db.session.rollback()
    file = db.session.scalars(select(File)).one()
    bucket.failing = False
    assert browser.htmx("POST", f"/media/uploads/{file.id}/finish").status_code == 201
    assert list(bucket.objects.values()) == [samples.PDF]


def test_a_bucket_that_is_away_is_told_and_not_half_a_file(
    bucket: s3.Service, ana: User, sign_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    browser, file = sign_in(ana), keep(samples.PHOTO)
    bucket.failing = True

    with caplog.at_level(logging.WARNING):
        whole = browser.get(f"/media/{file.id}")
    part = browser.get(f"/media/{file.id}", headers={"Range": "bytes=0-1"})

    assert (whole.status_code, part.status_code) == (503, 503)
    assert "No pudimos abrir el archivo" in whole.text
    assert file.storage_key not in caplog.text


def test_a_head_request_reads_nothing_of_the_bucket(bucket: s3.Service, nobody: FlaskClient) -> None:
    file = keep(samples.PDF, "lista.pdf")
    bucket.seen.clear()

    head = nobody.head(outgoing_url(file).removeprefix("https://coordina.example"))

    assert (head.status_code, head.content_length, bucket.seen) == (200, len(samples.PDF), [])


def test_files_stay_where_they_are_when_the_settings_change(
    app: Flask, service: s3.Service, ana: User, sign_in: SignIn
) -> None:
    before = keep(samples.PDF)
    app.extensions["media_bucket"] = service.store()
    after, browser = keep(samples.PHOTO), sign_in(ana)
    with browser.get(f"/media/{before.id}") as one, browser.get(f"/media/{after.id}") as other:
        assert (one.data, other.data) == (samples.PDF, samples.PHOTO)

    app.extensions["media_bucket"] = None

    assert browser.get(f"/media/{after.id}").status_code == 503
    with browser.get(f"/media/{before.id}") as one:
        assert one.data == samples.PDF


def test_a_bucket_that_refuses_our_keys_is_an_error_that_names_no_secret(service: s3.Service) -> None:
    store = service.store(secret_access_key="another-secret")

    with pytest.raises(StoreError) as caught:
        store.write("1-a", b"x")

    assert "another-secret" not in f"{caught.value.why} {store.bucket!r} {store!r}"
    assert service.objects == {}


def test_what_the_host_says_of_its_own_buckets_is_not_ours(
    service: s3.Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKOTHER",
        "AWS_SECRET_ACCESS_KEY": "another-secret",
        "AWS_SESSION_TOKEN": "a-token",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_REGION": "eu-west-1",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
    }.items():
        monkeypatch.setenv(name, value)

    service.store().write("1-a", b"x")

    assert service.objects == {"1-a": b"x"}
    assert "x-amz-security-token" not in service.headers[0]


def test_the_settings_name_the_bucket() -> None:
    app = create_app(
        TestConfig(
            SQLALCHEMY_DATABASE_URI="sqlite:////dev/null",
            MEDIA_S3_BUCKET="coordina-media",
            MEDIA_S3_ENDPOINT="https://account.example",
            MEDIA_S3_REGION="auto",
            MEDIA_S3_ACCESS_KEY_ID="AKEXAMPLE",
            MEDIA_S3_SECRET_ACCESS_KEY="a-secret",
        )
    )

    bucket = app.extensions["media_bucket"].bucket

    assert (bucket.name, bucket.endpoint, bucket.region) == ("coordina-media", "https://account.example", "auto")
    assert (bucket.access_key_id, bucket.secret_access_key) == ("AKEXAMPLE", "a-secret")


def test_a_second_try_of_an_upload_goes_to_the_same_place(bucket: s3.Service, ana: User, sign_in: SignIn) -> None:
    file_id = upload(sign_in(ana), samples.PDF, "a.pdf").json["id"]

    db.session.rollback()
    again = uploads.finish(file_id, ana.id)

    assert list(bucket.objects) == [again.storage_key]
