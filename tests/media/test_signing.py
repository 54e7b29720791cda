"""The addresses from which Twilio fetches what we send."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from app.media.actions.keep import keep
from app.media.errors import NoPublicAddress
from app.media.models import File
from app.media.signing import GOOD_FOR, outgoing_url
from tests.media import samples


@pytest.fixture
def playlist(app: Flask) -> File:
    return keep(samples.PDF, "Lista de la novia ♥ versión final.pdf")


def path_of(file: File) -> str:
    return urlsplit(outgoing_url(file)).path


def test_twilio_fetches_what_it_needs_to_know(nobody: FlaskClient, playlist: File) -> None:
    head, answer = nobody.head(path_of(playlist)), nobody.get(path_of(playlist))

    assert outgoing_url(playlist).startswith("https://coordina.example/media/out/")
    for one, body in ((head, b""), (answer, samples.PDF)):
        assert (one.status_code, one.data, one.content_length) == (200, body, len(samples.PDF))
        assert one.headers["Content-Type"] == "application/pdf"
        assert one.headers["Content-Disposition"] == 'inline; filename="Lista-de-la-novi.pdf"'
    assert path_of(playlist).endswith("/Lista-de-la-novi.pdf")


def test_an_address_is_good_for_a_few_hours_and_no_longer(
    app: Flask, nobody: FlaskClient, playlist: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path_of(playlist)
    later = TimestampSigner("x").get_timestamp() + int(GOOD_FOR.total_seconds())
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: later - 5)
    assert nobody.get(path).status_code == 200

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: later + 5)

    assert nobody.get(path).status_code == 404


@pytest.mark.parametrize(("seconds", "status"), [(-8, 200), (-60, 404)])
def test_an_address_of_a_server_whose_clock_is_some_seconds_ahead_is_good(
    nobody: FlaskClient, playlist: File, monkeypatch: pytest.MonkeyPatch, seconds: int, status: int
) -> None:
    path, now = path_of(playlist), TimestampSigner("x").get_timestamp()

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: now + seconds)

    assert nobody.get(path).status_code == status


def test_an_address_that_we_did_not_write_leads_nowhere(app: Flask, nobody: FlaskClient, playlist: File) -> None:
    token = path_of(playlist).split("/")[3]
    body, signature = token.rsplit(".", 1)
    # Of the last letter some bits count for nothing, of the first one all do.
    bent = f"{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    other = keep(samples.PHOTO, "otra.jpg")
    forged = URLSafeTimedSerializer("another key", salt="media.out").dumps(other.id)
    elsewhere = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="password").dumps(other.id)
    tokens = [forged, elsewhere, token[:-1], bent, "x", str(other.id)]
    tokens.append(path_of(other).split("/")[3].split(".")[0] + "." + ".".join(token.split(".")[1:]))

    answers = {nobody.get(f"/media/out/{one}/a.pdf").status_code for one in tokens}

    assert answers == {404}
    assert nobody.get(f"/media/{playlist.id}").status_code == 303


def test_a_file_that_is_gone_is_gone_for_twilio_too(app: Flask, nobody: FlaskClient) -> None:
    missing = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="media.out")

    tokens = [missing.dumps(value) for value in (999, -1, 2**70, "1", None, [1])]

    assert {nobody.get(f"/media/out/{token}/a.pdf").status_code for token in tokens} == {404}


def test_without_a_public_address_nothing_can_be_fetched(app: Flask, playlist: File) -> None:
    public, app.config["TWILIO_WEBHOOK_URL"] = app.config["TWILIO_WEBHOOK_URL"], ""
    try:
        with pytest.raises(NoPublicAddress):
            outgoing_url(playlist)
    finally:
        app.config["TWILIO_WEBHOOK_URL"] = public
