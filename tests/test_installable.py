"""What a browser needs to make an app of Coordina, and that none of it is anybody's."""

from __future__ import annotations

import json
import re
import struct

import pytest
from flask import Flask
from flask.testing import FlaskClient


def test_the_manifest_installs_an_app_that_begins_with_the_conversations(nobody: FlaskClient) -> None:
    answer = nobody.get("/manifest.webmanifest")
    said = json.loads(answer.text)

    assert answer.mimetype == "application/manifest+json"
    assert (said["start_url"], said["scope"], said["display"]) == ("/whatsapp/", "/", "standalone")
    assert {icon["purpose"] for icon in said["icons"]} == {"any", "maskable"}
    [files] = said["share_target"]["params"]["files"]
    assert files["name"] == "files"
    assert {"image/*", "video/*", "audio/*", "application/pdf", "text/vcard"} < set(files["accept"])
    assert "image/jpeg" not in files["accept"]


@pytest.mark.parametrize("page", ["/login", "/offline"])
def test_its_icons_are_there_in_the_size_that_they_say(nobody: FlaskClient, page: str) -> None:
    icons = [(icon["src"], icon["sizes"]) for icon in json.loads(nobody.get("/manifest.webmanifest").text)["icons"]]
    [apple] = re.findall(r'rel="apple-touch-icon" href="([^"]+)"', nobody.get(page).text)

    for url, sizes in [*icons, (apple, "180x180")]:
        with nobody.get(url) as answer:
            width, height = struct.unpack(">II", answer.data[16:24])  # Of a PNG's first chunk, IHDR.
            assert f"{width}x{height}" == sizes


def test_the_service_worker_stands_before_every_page_and_is_asked_for_anew(nobody: FlaskClient) -> None:
    answer = nobody.get("/sw.js")
    again = nobody.get("/sw.js", headers={"If-None-Match": answer.headers["ETag"]})

    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("text/javascript", "no-cache")
    assert again.status_code == 304


def test_the_service_worker_keeps_one_page_and_what_that_needs(app: Flask, nobody: FlaskClient) -> None:
    told = json.loads(nobody.get("/sw.js").text.split("\n")[0].removeprefix("const COORDINA = ").rstrip(";"))

    page = nobody.get(told["page"])
    assert page.status_code == 200
    assert "Sin conexión" in page.text
    assert len(re.findall("<script", page.text)) == 1  # The one that brings the page back with the network.
    assert set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|svg|js)[^"]*)"', page.text)) == set(told["kept"][1:])
    for url in told["kept"]:
        with nobody.get(url) as answer:
            assert answer.status_code == 200


def test_what_reaches_the_server_instead_of_the_service_worker_is_said_to_be_lost(nobody: FlaskClient) -> None:
    answer = nobody.post("/share", data={"text": "hola"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/whatsapp/share?lost=1")
