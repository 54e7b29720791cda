"""The admin's page: the same lines on screen, for admins alone, and the one thing that it can mend."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import User
from app.extensions import limiter
from app.jobs.actions import beat
from app.twilio.client import NotReached, Refused
from app.twilio.console import SANDBOX, Reception
from tests.browser import SignedInClient
from tests.doctor.conftest import MakeApp
from tests.factories import Factories
from tests.fakes import FakeConsole

PAGE = "/settings/diagnosis"
PIECE = f"{PAGE}/twilio"
SignIn = Callable[[User], SignedInClient]
BUTTON = "Que Twilio avise acá"


@pytest.fixture
def console(app: Flask) -> FakeConsole:
    found = app.extensions["twilio_console"]
    assert isinstance(found, FakeConsole)
    return found


@pytest.fixture
def admin(carla: User, sign_in: SignIn) -> SignedInClient:
    return sign_in(carla)


def elsewhere(console: FakeConsole) -> None:
    console.reception = replace(console.reception, url="https://otra.example/hook")


def lines(page: str) -> dict[str, tuple[str, str]]:
    """Return state word and text of each line by its name, as somebody reads them."""
    found = {}
    for item in re.findall(r'<li class="check-line.*?</li>', page, re.S):
        bare = [unescape(text).strip() for text in re.sub(r"<[^>]+>", "\n", item).split("\n") if text.strip()]
        found[bare[1]] = (bare[0], " ".join(bare[2:]))
    return found


def test_an_admin_sees_how_it_is_in_words_and_shapes(
    admin: SignedInClient, factories: Factories, console: FakeConsole
) -> None:
    factories.message(factories.conversation(), payload={"SmsStatus": "received"})
    beat("cron")

    page = admin.get(PAGE).text
    said = lines(page)

    assert {said[name][0] for name in ("Base de datos", "Guardado", "Personas", "Tareas", "Conexión")} == {"Bien"}
    assert said["Ajustes"] == (
        "Atención",
        "RATELIMIT_ENABLED está en 0: nadie frena a quien prueba contraseñas. "
        "Qué hacer: Sacá RATELIMIT_ENABLED, o ponelo en 1, y reiniciá.",
    )
    assert page.count('href="#i-check"') >= 5
    assert "El último mensaje llegó hace" in said["Avisos de Twilio"][1]
    assert "El cron pasó hace" in said["Tareas"][1]


def test_the_addresses_stand_there_to_be_copied(admin: SignedInClient) -> None:
    page = admin.get(PAGE).text

    assert '<code class="address">https://coordina.example/api/whatsapp/webhook</code>' in page
    assert '<code class="address">https://coordina.example/api/whatsapp/status</code>' in page


def test_without_an_address_the_one_that_was_asked_is_suggested(carla: User, make_app: MakeApp) -> None:
    page = SignedInClient.of(make_app(TWILIO_WEBHOOK_URL=""), carla).get(PAGE).text

    assert "TWILIO_WEBHOOK_URL=https://localhost/api/whatsapp/webhook" in lines(page)["Dirección pública"][1]


def test_the_page_waits_for_nobody_and_asks_twilio_afterwards(admin: SignedInClient, console: FakeConsole) -> None:
    console.failure = NotReached()  # Asking would show it.

    page = admin.get(PAGE).text

    assert "Cuenta" not in lines(page)
    assert f'hx-get="{PIECE}" hx-trigger="load"' in page
    assert lines(admin.htmx("GET", PIECE).text)["Cuenta"][0] == "Mal"


def test_without_scripts_the_page_asks_twilio_itself(admin: SignedInClient) -> None:
    link = re.search(r'class="link" href="([^"]+)"', admin.get(PAGE).text)
    assert link is not None

    said = lines(admin.get(unescape(link[1])).text)

    assert said["Cuenta"] == ("Bien", "Twilio acepta la clave.")
    assert said["Quién recibe"][0] == "Bien"


def test_without_an_account_nobody_is_asked(carla: User, make_app: MakeApp) -> None:
    page = SignedInClient.of(make_app(TWILIO_AUTH_TOKEN=""), carla).get(PAGE).text

    assert PIECE not in page
    assert lines(page)["Conexión"][0] == "Mal"


def test_an_admin_lets_twilio_post_here(admin: SignedInClient, console: FakeConsole) -> None:
    elsewhere(console)
    piece = admin.htmx("GET", PIECE).text
    assert BUTTON in piece
    assert "https://otra.example/hook" in lines(piece)["Quién recibe"][1]

    plain = admin.post(PIECE, data={"csrf_token": admin.csrf})

    assert (plain.status_code, plain.headers["Location"]) == (303, PAGE)
    assert console.told == [
        ("https://coordina.example/api/whatsapp/webhook", "https://coordina.example/api/whatsapp/status")
    ]
    assert BUTTON not in admin.htmx("GET", PIECE).text
    elsewhere(console)
    assert admin.htmx("POST", PIECE).headers["HX-Redirect"] == PAGE


def test_what_is_right_or_out_of_reach_has_no_button(admin: SignedInClient, console: FakeConsole, app: Flask) -> None:
    assert BUTTON not in admin.htmx("GET", PIECE).text

    console.reception = Reception(SANDBOX)
    assert BUTTON not in admin.htmx("GET", PIECE).text
    answer = admin.htmx("POST", PIECE)

    assert answer.status_code == 409
    assert "Eso no se puede cambiar desde acá" in answer.text


def test_a_twilio_that_does_not_take_it_is_told_on_the_page(admin: SignedInClient, console: FakeConsole) -> None:
    elsewhere(console)
    console.failure = Refused(20001, "no", 400)

    answer = admin.htmx("POST", PIECE)

    assert (answer.status_code, answer.headers["HX-Retarget"]) == (502, "#alerts")
    assert "Twilio no lo tomó" in answer.text
    assert console.told == []


def test_staff_are_shown_neither_the_page_nor_the_way_to_it(
    ana: User, sign_in: SignIn, console: FakeConsole, admin: SignedInClient
) -> None:
    staff = sign_in(ana)
    elsewhere(console)

    assert staff.get(PAGE).status_code == 403
    assert staff.htmx("GET", PIECE).status_code == 403
    assert staff.htmx("POST", PIECE).status_code == 403
    assert console.told == []
    assert PAGE not in staff.get("/coordinaciones").text
    assert f'href="{PAGE}"' in admin.get("/coordinaciones").text


def test_nobody_is_sent_to_sign_in(nobody: FlaskClient) -> None:
    answer = nobody.get(PAGE)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=%2Fsettings%2Fdiagnosis")


@pytest.mark.parametrize(("headers", "told"), [({}, "Bien"), ({"X-Forwarded-For": "203.0.113.7"}, "Mal")])
def test_a_proxy_that_nobody_told_us_of_is_named(admin: SignedInClient, headers: dict[str, str], told: str) -> None:
    line = lines(admin.get(PAGE, headers=headers).text)["Proxies"]

    assert line[0] == told
    assert ("TRUSTED_PROXIES=1" in line[1]) is (told == "Mal")


def test_no_secret_is_on_the_page(app: Flask, admin: SignedInClient) -> None:
    answers = (admin.get(PAGE), admin.htmx("GET", PIECE))
    page = "".join(answer.text for answer in answers)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert app.config["TWILIO_AUTH_TOKEN"] not in page
    assert app.config["SECRET_KEY"] not in page


def test_twilio_is_not_asked_without_end(carla: User, make_app: MakeApp) -> None:
    client = SignedInClient.of(make_app(), carla)
    limiter.reset()

    statuses = [client.htmx("GET", PIECE).status_code for _ in range(31)]

    limiter.reset()
    assert statuses == [200] * 30 + [429]
