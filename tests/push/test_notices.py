"""The page Avisos: a person's own devices and wishes, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.auth.models import User
from app.extensions import db, utcnow
from app.push.devices import describe
from app.push.models import Preference, Subscription
from app.push.webpush import public_key
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.push.receiver import Receiver

pytestmark = pytest.mark.enable_socket
PAGE = "/settings/notifications"
CHROME = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"
)
SignIn = Callable[[User], SignedInClient]


def kept() -> list[Subscription]:
    db.session.rollback()
    return list(db.session.scalars(select(Subscription).order_by(Subscription.id)))


def wanted_by(user: User) -> Preference | None:
    db.session.rollback()
    return db.session.get(Preference, user.id, populate_existing=True)


def as_browser(fields: dict[str, str], **changes: Any) -> dict[str, Any]:
    """What PushSubscription.toJSON() says."""
    keys = {"p256dh": fields["p256dh"], "auth": fields["auth"]}
    return {"endpoint": fields["endpoint"], "expirationTime": None, "keys": keys} | changes


def subscribe(client: SignedInClient, body: Any) -> Any:
    headers = {"X-CSRF-TOKEN": client.csrf, "User-Agent": CHROME}
    return client.post(f"{PAGE}/devices", json=body, headers=headers)


def post(client: SignedInClient, path: str = "", **form: str) -> Any:
    return client.post(PAGE + path, data={"csrf_token": client.csrf, **form})


def test_a_browser_becomes_a_device_with_a_name(service: Receiver, ana: User, sign_in: SignIn) -> None:
    client = sign_in(ana)

    first = subscribe(client, as_browser(service.fields))
    again = subscribe(client, as_browser(service.fields))

    [device] = kept()
    assert (first.status_code, first.json, again.json) == (201, {"id": device.id}, {"id": device.id})
    assert (device.user_id, device.name) == (ana.id, "Chrome · Android")
    page = client.get(PAGE).text
    assert "Chrome · Android" in page
    assert "Todavía no recibió ninguno" in page


def test_a_renewed_subscription_keeps_its_name_and_place(
    service: Receiver, device: Subscription, ana: User, sign_in: SignIn
) -> None:
    renewed = as_browser(service.fields, endpoint=f"{service.url}/device/2", replaces=device.endpoint)

    answer = subscribe(sign_in(ana), renewed)

    assert answer.json == {"id": device.id}
    assert [(one.endpoint, one.name) for one in kept()] == [(f"{service.url}/device/2", "Teléfono de Ana")]


def test_nobody_takes_over_a_device_by_naming_it_as_the_one_before(
    service: Receiver, device: Subscription, bruno: User, sign_in: SignIn
) -> None:
    subscribe(sign_in(bruno), as_browser(service.fields, endpoint=f"{service.url}/device/2", replaces=device.endpoint))

    assert [one.user_id for one in kept()] == [device.user_id, bruno.id]


def test_who_signs_in_on_a_colleagues_browser_makes_it_theirs(
    service: Receiver, device: Subscription, bruno: User, sign_in: SignIn
) -> None:
    subscribe(sign_in(bruno), as_browser(service.fields))

    assert [(one.user_id, one.name) for one in kept()] == [(bruno.id, "Chrome · Android")]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"endpoint": "https://fcm.googleapis.com/x"},
        {"endpoint": "https://fcm.googleapis.com/x", "keys": []},
        {"endpoint": "https://10.0.0.1/x", "keys": {"p256dh": "B" * 87, "auth": "A" * 22}},
        {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": "ñ" * 87, "auth": "A" * 22}},
        {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": 7, "auth": None}},
    ],
)
def test_what_is_no_subscription_is_refused(service: Receiver, ana: User, sign_in: SignIn, body: Any) -> None:
    assert subscribe(sign_in(ana), body).status_code == 422
    assert kept() == []


@pytest.mark.parametrize(
    "keys",
    [
        {"auth": "é" * 22},
        {"auth": "A" * 21},
        {"auth": "A" * 20 + "+/"},
        {"auth": "AAECAwQFBgcICQoLDA0ODw=="},
        {"p256dh": "BA" * 43},
        {"p256dh": "é" * 87},
        {"p256dh": "A" * 87},
        {"p256dh": "B" * 87},
        {"p256dh": "BA" + "A" * 85},
    ],
)
def test_keys_that_nothing_can_be_encrypted_for_are_refused(
    service: Receiver, ana: User, sign_in: SignIn, keys: dict[str, str]
) -> None:
    assert subscribe(sign_in(ana), as_browser(service.fields | keys)).status_code == 422
    assert kept() == []


def test_a_device_is_renamed_tried_and_forgotten_by_its_owner_alone(
    service: Receiver, device: Subscription, ana: User, bruno: User, sign_in: SignIn
) -> None:
    stranger, owner, place = sign_in(bruno), sign_in(ana), f"/devices/{device.id}"
    assert {post(stranger, place + verb, name="Mío").status_code for verb in ("/name", "/test", "/forget")} == {404}
    assert service.got == []

    renamed, tried = post(owner, f"{place}/name", name="  El   celu "), post(owner, f"{place}/test")

    assert (renamed.status_code, tried.status_code) == (303, 303)
    assert kept()[0].name == "El celu"
    assert service.got[0][1]["title"] == "Aviso de prueba"
    assert post(owner, f"{place}/forget").status_code == 303
    assert kept() == []


@pytest.mark.parametrize("number", [0, 2**63 - 1, 2**63, 10**30])
def test_a_device_that_no_number_has_is_not_there(service: Receiver, ana: User, sign_in: SignIn, number: int) -> None:
    client = sign_in(ana)

    answers = [post(client, f"/devices/{number}{verb}", name="Mío") for verb in ("/name", "/test", "/forget")]

    assert [answer.status_code for answer in answers] == [404] * 3


@pytest.mark.parametrize(
    ("status", "said"), [(410, "ya no recibe avisos"), (403, "contestó 403"), (503, "contestó 503")]
)
def test_a_trial_that_fails_says_what_to_do(
    service: Receiver, device: Subscription, ana: User, sign_in: SignIn, status: int, said: str
) -> None:
    service.answers = [(status, {})]

    answer = post(sign_in(ana), f"/devices/{device.id}/test")

    assert said in answer.text


def test_a_device_that_fails_for_a_week_is_shown_as_silent(
    service: Receiver, ana: User, sign_in: SignIn, factories: Factories
) -> None:
    factories.device(ana, "https://fcm.googleapis.com/a", name="Viejo", failing_since=utcnow() - timedelta(days=8))
    factories.device(ana, "https://fcm.googleapis.com/b", name="Nuevo", failing_since=utcnow() - timedelta(days=6))

    page = sign_in(ana).get(PAGE).text

    assert page.count("Silencioso") == 1
    assert page.index("Nuevo") < page.index("Viejo") < page.index("Silencioso")


def test_wishes_are_kept(service: Receiver, ana: User, sign_in: SignIn) -> None:
    client = sign_in(ana)

    answer = post(client, scope="mine", quiet_from="22:30", quiet_to="08:00", hide_text="1")

    assert answer.status_code == 303
    wanted = wanted_by(ana)
    assert wanted is not None
    assert (wanted.scope, f"{wanted.quiet_from}", f"{wanted.quiet_to}", wanted.hide_text) == (
        "mine",
        "22:30:00",
        "08:00:00",
        True,
    )
    page = client.get(PAGE).text
    assert 'value="mine" checked' in page
    assert 'value="22:30"' in page
    assert post(client, scope="all").status_code == 303
    assert 'value="22:30"' not in client.get(PAGE).text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"scope": "some"},
        {"scope": "all", "quiet_from": "22:00"},
        {"scope": "all", "quiet_from": "tarde", "quiet_to": "08:00"},
    ],
)
def test_wishes_that_make_no_sense_are_given_back(
    service: Receiver, ana: User, sign_in: SignIn, form: dict[str, str]
) -> None:
    answer = post(sign_in(ana), **form)

    assert answer.status_code == 422
    assert 'class="error"' in answer.text
    assert wanted_by(ana) is None


def test_the_key_is_for_who_is_signed_in_and_comes_with_their_csrf_value(
    app: Flask, service: Receiver, ana: User, sign_in: SignIn
) -> None:
    client = sign_in(ana)

    answer = client.get(f"{PAGE}/key")

    assert answer.json == {"key": public_key(app.config["VAPID_PRIVATE_KEY"]), "csrf": client.csrf}
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_office_without_keys_says_so_and_asks_for_nothing(ana: User, carla: User, sign_in: SignIn) -> None:
    page, admins = sign_in(ana).get(PAGE).text, sign_in(carla).get(PAGE).text

    assert "todavía no manda avisos" in page
    assert "flask push keys" not in page
    assert "flask push keys" in admins
    assert "data-subscribe" not in page
    assert sign_in(ana).get(f"{PAGE}/key").status_code == 404


def test_the_admin_is_told_when_nobody_can_be_reached(
    service: Receiver, ana: User, carla: User, sign_in: SignIn, factories: Factories
) -> None:
    factories.store(Preference(user_id=ana.id, scope="none"))
    factories.device(ana, "https://fcm.googleapis.com/a")
    factories.device(carla, "https://fcm.googleapis.com/b", failing_since=utcnow() - timedelta(days=8))
    alone, anywhere = sign_in(carla).get(PAGE).text, sign_in(carla).get("/coordinaciones").text
    staff = sign_in(ana).get("/coordinaciones").text
    factories.device(carla, "https://fcm.googleapis.com/c")

    words = "Nadie tiene un dispositivo que reciba avisos."
    assert (alone.count(words), anywhere.count(words), staff.count(words)) == (1, 1, 0)
    assert words not in sign_in(carla).get("/coordinaciones").text
    assert 'id="nobody"' in alone
    assert 'id="nobody"' not in sign_in(ana).get(PAGE).text
    assert 'id="nobody"' not in sign_in(carla).get(PAGE).text


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (CHROME, "Chrome · Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari · iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", "Firefox · Linux"),
        ("curl/8", ""),
    ],
)
def test_a_device_is_called_what_its_browser_says_that_it_is(user_agent: str, name: str) -> None:
    assert describe(user_agent) == name
