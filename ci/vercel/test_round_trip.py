"""The round trip through Vercel's own runtime: what it does otherwise than gunicorn must not be seen."""

from __future__ import annotations

import base64
import errno
import json
import os
import re
import socket
import time
import uuid
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

import pytest

from ci.vercel.browser import FORM, Browser
from ci.vercel.function import HOST, Answer, DidNotStart, Function, running
from ci.vercel.settings import SECRETS
from simulator.inbound import inbound_parameters
from simulator.running import RunningSimulator
from tests.media import samples
from tests.signing import inbound_form, sign, status_form

WEBHOOK, STATUS = "/api/whatsapp/webhook", "/api/whatsapp/status"
needs_seal = pytest.mark.skipif("CI_VERCEL_SEALED" not in os.environ, reason="this system permits no namespaces")


def a_phone() -> str:
    """Return the phone of somebody who has not written yet."""
    return f"+549115{uuid.uuid4().int % 10**7:07d}"


def post(function: Function, token: str, target: str, form: dict[str, str], signature: str | None = None) -> Answer:
    """Post as Twilio does, signed for `target` as it goes over the wire."""
    signed = sign(target, form, token, f"https://{HOST}")
    headers = {**FORM, "x-twilio-signature": signed if signature is None else signature}
    return function.request("POST", target, urlencode(form).encode(), headers)


@pytest.fixture
def token(settings: dict[str, str]) -> str:
    return settings["TWILIO_AUTH_TOKEN"]


def messages(function: Function, bearer: dict[str, str], phone: str) -> list[str]:
    answer = function.request("GET", f"/api/whatsapp/conversations/{phone}/messages", headers=bearer)
    assert answer.status == 200, answer.text
    return [message["body"] for message in answer.json["items"]]


# Where it runs


@needs_seal
def test_its_files_cannot_be_written_to(folder: Path) -> None:
    with pytest.raises(OSError, match=r"Read-only file system") as refusal:
        (folder / "written").write_text("x")

    assert refusal.value.errno == errno.EROFS


@needs_seal
def test_it_reaches_no_network_but_its_own_loopback() -> None:
    with socket.socket() as outward, pytest.raises(OSError, match="unreachable"):
        outward.connect(("192.0.2.1", 443))

    assert [name for _number, name in socket.if_nameindex()] == ["lo"]


# Twilio writes


@pytest.mark.parametrize(
    "target",
    [
        WEBHOOK,
        f"{WEBHOOK}?from=twilio",
        f"{WEBHOOK}?a=%2F&b=%27&c=%40&d=a+b&e=a%20b&f=Espa%C3%B1a&g=%2B549&h=%FF&i=",
        "/api/whatsapp/web%68ook",
        "/api%2Fwhatsapp/webhook?x=%2F",
    ],
)
def test_a_signed_webhook_is_taken_whatever_its_address_escapes(
    function: Function, bearer: dict[str, str], token: str, target: str
) -> None:
    phone = a_phone()

    answer = post(function, token, target, inbound_form("Hola, ¿cómo va? a+b & c=d %2F 🎉", phone))

    assert (answer.status, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert messages(function, bearer, phone) == ["Hola, ¿cómo va? a+b & c=d %2F 🎉"]


@pytest.mark.parametrize("signature", ["", "no", "wrong"])
def test_what_twilio_did_not_sign_is_refused_and_told_in_the_log(
    function: Function, bearer: dict[str, str], token: str, signature: str
) -> None:
    phone, form = a_phone(), inbound_form()
    other = sign(WEBHOOK, form, "another token", f"https://{HOST}") if signature == "wrong" else signature

    answer = post(function, token, WEBHOOK, form | {"From": f"whatsapp:{phone}"}, other)

    assert answer.status == 403
    assert function.request("GET", f"/api/whatsapp/conversations/{phone}/messages", headers=bearer).status == 404
    assert any("Webhook refused" in line for line in function.logs())


def test_a_line_of_the_log_is_one_object_at_its_own_level_and_names_its_request(function: Function, token: str) -> None:
    answer = post(function, token, WEBHOOK, inbound_form("el secreto"), "wrong")

    told = [(base64.b64decode(said["message"]).decode(), said) for said in function.announcements.of("log")]
    line, said = [(line, said) for line, said in told if "Webhook refused" in line][-1]
    assert (said["level"], json.loads(line)["reason"]) == ("warn", "wrong signature")
    # The platform's own id of the request, which its log shows too.
    assert json.loads(line)["request_id"] == answer.headers["x-request-id"] == "iad1::ci-1"
    assert "el secreto" not in "".join(function.logs())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_clients_picture_is_fetched_and_measured_after_the_answer(
    function: Function, bearer: dict[str, str], browser: Browser, simulator: RunningSimulator, token: str, kind: str
) -> None:
    phone, control, world = a_phone(), simulator.app.test_client(), simulator.world
    picture = base64.b64encode(samples.picture(1600, 1200, kind)).decode()
    control.post("/control/clients", json={"name": "Lucía", "phone": phone})
    said = {"type": "image", "data": picture, "content_type": f"image/{kind.lower()}", "webhook": False}
    sent, client = control.post(f"/control/clients/{phone}/messages", json=said), world.find_client(phone)
    assert sent.json is not None
    assert client is not None
    sid = sent.json["sid"]

    answer = post(function, token, WEBHOOK, dict(inbound_parameters(world, world.messages[sid], client)))

    assert answer.status == 200
    deadline = time.monotonic() + 20
    while True:
        shown = function.request("GET", f"/api/whatsapp/conversations/{phone}/messages", headers=bearer).json["items"]
        if shown[0]["media"][0]["state"] == "stored" or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert shown[0]["media"][0]["state"] == "stored"
    page = browser.request("GET", f"/whatsapp/conversations/{shown[0]['conversation_id']}")
    assert 'width="300" height="225"' in page.text


@pytest.mark.parametrize("written", ["+{}", "%2B{}", "{}"])
def test_a_phone_in_a_path_is_found_however_its_plus_is_written(
    function: Function, bearer: dict[str, str], token: str, written: str
) -> None:
    phone = a_phone()
    post(function, token, WEBHOOK, inbound_form("Hola", phone))

    assert messages(function, bearer, written.format(phone.lstrip("+"))) == ["Hola"]


def test_a_path_is_decoded_once_and_not_twice(function: Function, bearer: dict[str, str]) -> None:
    # On the day that Vercel decodes paths before its runtime hands them on, this one comes out as `100%`.
    body = json.dumps({"title": "Fiesta", "client_name": "Lucía"}).encode()

    answer = function.request("PUT", "/api/coordinaciones/external/100%2525", body, bearer)

    assert (answer.status, answer.json["external_ref"]) == (201, "100%25")


# Staff read and answer


def test_a_browser_signs_in_and_polls(function: Function, browser: Browser, token: str) -> None:
    first = browser.request("GET", "/whatsapp/unread", hx_request="true")
    mark = first.headers["hx-ptag"]
    unchanged = browser.request("GET", "/whatsapp/unread", hx_request="true", hx_ptag=mark)
    post(function, token, WEBHOOK, inbound_form("Hola", a_phone()))
    changed = browser.request("GET", "/whatsapp/unread", hx_request="true", hx_ptag=mark)

    assert (first.status, unchanged.status, unchanged.body, changed.status) == (200, 304, b"", 200)
    assert changed.headers["hx-trigger"] == "whatsapp-changed"
    assert int(changed.headers["hx-ptag"]) > int(mark)


def test_without_signing_in_the_poll_shows_nothing(function: Function) -> None:
    assert function.request("GET", "/whatsapp/unread", headers={"hx-request": "true"}).status == 401


def test_a_message_leaves_by_the_sdk_and_its_callback_moves_it_on(
    function: Function, bearer: dict[str, str], simulator: RunningSimulator, token: str
) -> None:
    phone = a_phone()
    control = simulator.app.test_client()
    assert control.post("/control/clients", json={"name": "Lucía", "phone": phone}).status_code == 201
    assert control.post(f"/control/clients/{phone}/messages", json={"body": "Hola"}).status_code == 201
    post(function, token, WEBHOOK, inbound_form("Hola", phone))

    sent = function.request(
        "POST",
        "/api/whatsapp/send",
        json.dumps({"to": phone, "body": "¡Hola, Lucía! 🎉"}).encode(),
        {**bearer, "idempotency-key": str(uuid.uuid4())},
    )
    callback = post(
        function,
        token,
        f"{STATUS}?message={sent.json['id']}&name=a%2Fb",
        status_form(sent.json["message_sid"], "delivered", phone),
    )
    listed = function.request("GET", f"/api/whatsapp/conversations/{phone}/messages", headers=bearer).json["items"]
    arrived = control.get(f"/control/clients/{phone}/messages").get_data(as_text=True)

    assert (sent.status, callback.status) == (201, 204)
    assert (listed[0]["body"], listed[0]["status"]) == ("¡Hola, Lucía! 🎉", "delivered")
    assert "¡Hola, Lucía!" in json.dumps(json.loads(arrived), ensure_ascii=False)


def test_a_phone_as_people_write_it_is_understood(function: Function, bearer: dict[str, str]) -> None:
    body = json.dumps({"title": "Boda", "client_name": "Ema", "phone": "011 15-5555-0199"}).encode()

    answer = function.request("POST", "/api/coordinaciones", body, bearer)

    assert (answer.status, answer.json["phone"]) == (201, "+5491155550199")


# The cron


def test_the_cron_of_vercel_json_is_let_in_and_nobody_else(function: Function, output: Path) -> None:
    path = json.loads((output / "config.json").read_text())["crons"][0]["path"]
    headers = {"user-agent": "vercel-cron/1.0", "authorization": f"Bearer {SECRETS['CRON_SECRET']}"}

    assert function.request("GET", path, headers=headers).status == 200
    assert function.request("GET", path, headers=headers | {"authorization": "Bearer guessed"}).status == 403
    assert function.request("GET", path).status == 403


# Files, and what was cut from the packages


def test_every_file_a_page_asks_for_is_on_the_cdn_under_its_own_version(browser: Browser, output: Path) -> None:
    page = browser.request("GET", "/coordinaciones").text
    asked = re.findall(r'"/static/([^"?]+)\?v=([0-9a-f]{12})"', page)
    modules = re.findall(r'"/static/[0-9a-f]{12}/(js/[^"?]+)"', page)

    assert {name.rpartition(".")[2] for name, _version in asked} >= {"css", "js", "svg"}
    for name, version in asked:
        assert sha256((output / "static" / "static" / name).read_bytes()).hexdigest().startswith(version)
    assert "js/start.js" in modules
    assert [name for name in modules if not (output / "static" / "static" / name).is_file()] == []


def test_the_document_of_the_api_is_served(function: Function) -> None:
    assert function.request("GET", "/api/openapi.yaml").body.startswith(b"openapi: 3")


@pytest.mark.parametrize(
    ("language", "day", "word"), [("es_AR", "vie 12 dic 2031", "Buscar"), ("en", "Fri 12 Dec 2031", "Search")]
)
def test_both_languages_have_their_words_and_days(
    folder: Path,
    python: str,
    settings: dict[str, str],
    ana: str,
    function: Function,
    bearer: dict[str, str],
    language: str,
    day: str,
    word: str,
) -> None:
    event = {"title": "Casamiento", "client_name": "Ana", "event_on": "2031-12-12"}
    function.request("PUT", "/api/coordinaciones/external/boda", json.dumps(event).encode(), bearer)

    with running(folder, python, settings | {"APP_LANGUAGE": language}) as other:
        browser = Browser(other)
        browser.sign_in()
        page = browser.request("GET", "/coordinaciones?when=all").text

    assert day in page
    assert word in page


# Settings


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"DATABASE_URL": "sqlite:////tmp/coordina.db"}, "DATABASE_URL must be PostgreSQL on Vercel"),
        ({"DATABASE_URL": ""}, "DATABASE_URL must be PostgreSQL on Vercel"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"CRON_SECRET": ""}, "CRON_SECRET is not set"),
    ],
)
def test_without_what_it_needs_it_refuses_to_start_and_says_why(
    folder: Path, python: str, settings: dict[str, str], change: dict[str, str], sentence: str
) -> None:
    with pytest.raises(DidNotStart) as refusal, running(folder, python, settings | change):
        pass

    assert str(refusal.value).strip().splitlines()[-1].startswith(f"environment.ConfigError: {sentence}")
