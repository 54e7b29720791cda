"""Who may enter is said by an admin, on a page; the first one makes themself, once; passwords are one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import create_app
from app.auth.actions.people import create_first_admin, reset_password, set_active
from app.auth.actions.sessions import WrongCredentials
from app.auth.actions.sessions import sign_in as sign_in_with
from app.auth.models import User
from app.errors import NotFound
from app.extensions import db
from config import TestConfig
from tests.browser import IsolatedClient, SignedInClient
from tests.factories import PASSWORD, Factories
from tests.threads import in_threads

SignIn = Callable[[User], SignedInClient]
TOKEN = "a setup token for tests"
NEW = "otra clave bien larga"
FORM = {"email": "dana@example.com", "name": "Dana Paz", "password": NEW, "token": TOKEN}
PEOPLE = "/settings/people"


def people() -> list[tuple[str, str, bool]]:
    db.session.rollback()
    db.session.expire_all()
    return [(user.email, user.role, user.active) for user in db.session.scalars(select(User).order_by(User.email))]


def enters(client: FlaskClient, email: str, password: str) -> bool:
    return client.post("/login", data={"email": email, "password": password}).status_code == 303


@pytest.fixture
def unset(app: Flask, config: TestConfig) -> Iterator[FlaskClient]:
    """A browser before a Coordina that was just installed."""
    own = create_app(replace(config, SETUP_TOKEN=TOKEN))
    own.test_client_class = IsolatedClient
    yield own.test_client()
    with own.app_context():
        db.engine.dispose()


def test_the_first_person_makes_themself_an_admin_and_is_in(unset: FlaskClient) -> None:
    assert 'name="token"' in unset.get("/setup").text

    answer = unset.post("/setup", data=FORM)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/coordinaciones")
    assert people() == [("dana@example.com", "admin", True)]
    assert "Dana Paz" in unset.get("/coordinaciones").text


def test_the_setup_shuts_itself_once_somebody_exists(unset: FlaskClient, ana: User) -> None:
    assert unset.get("/setup").status_code == 404
    assert unset.post("/setup", data=FORM).status_code == 404
    assert len(people()) == 1


def test_without_a_token_there_is_no_setup(nobody: FlaskClient) -> None:
    assert nobody.get("/setup").status_code == 404
    for token in ("", TOKEN):
        assert nobody.post("/setup", data=FORM | {"token": token}).status_code == 404
    assert people() == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"token": "a guess of a stranger"}, "Esa no es la clave de instalación."),
        ({"token": ""}, "Esa no es la clave de instalación."),
        ({"token": "ñ 🎉"}, "Esa no es la clave de instalación."),
        ({"email": "dana"}, "Ese correo no parece válido."),
        ({"name": " "}, "Escribí el nombre"),
        ({"name": "\u200b"}, "Escribí el nombre"),
        ({"name": "Dana\x00"}, "Escribí el nombre"),
        ({"email": "dana\x00@example.com"}, "Ese correo no parece válido."),
        ({"password": "corta"}, "La contraseña necesita al menos 8 caracteres."),
        ({"password": "x" * 1001}, "Es demasiado larga: hasta 1000 letras."),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_the_rest_stays(
    unset: FlaskClient, change: dict[str, str], sentence: str
) -> None:
    answer = unset.post("/setup", data=FORM | change)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert NEW not in answer.text
    kept = [FORM[name] for name in ("email", "name") if name not in change]
    assert all(f'value="{value}"' in answer.text for value in kept)
    assert people() == []


def test_two_first_people_at_once_are_one(app: Flask) -> None:
    found = in_threads(
        app,
        lambda: create_first_admin("a@example.com", "A", NEW),
        lambda: create_first_admin("b@example.com", "B", NEW),
    )

    assert {type(outcome) for outcome in found} == {User, NotFound}
    assert len(people()) == 1


def test_an_admin_adds_a_colleague_who_can_enter(sign_in: SignIn, carla: User, nobody: FlaskClient) -> None:
    browser = sign_in(carla)

    form = {"email": "Dana@example.com", "name": "Dana", "role": "staff", "password": NEW, "csrf_token": browser.csrf}
    answer = browser.post(PEOPLE, data=form)

    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"]).text
    assert "dana@example.com" in page
    assert "Ya puede entrar." in page
    assert enters(nobody, "dana@example.com", NEW)


def test_a_refused_colleague_keeps_what_was_typed_but_the_password(sign_in: SignIn, carla: User) -> None:
    browser = sign_in(carla)

    form = {"email": "carla@example.com", "name": "Otra", "role": "admin", "password": NEW, "csrf_token": browser.csrf}
    answer = browser.post(PEOPLE, data=form)

    assert answer.status_code == 422
    assert "Ya hay una persona con ese correo." in answer.text
    assert 'value="Otra"' in answer.text
    assert NEW not in answer.text


def test_staff_see_no_team_and_change_nobody(sign_in: SignIn, ana: User, carla: User) -> None:
    browser = sign_in(ana)

    answers = [browser.get(PEOPLE)]
    for path, form in (
        (PEOPLE, {"email": "x@example.com", "name": "X", "role": "admin", "password": NEW}),
        (f"{PEOPLE}/{carla.id}/password", {"password": NEW}),
        (f"{PEOPLE}/{carla.id}/active", {"active": "0"}),
    ):
        answers.append(browser.post(path, data=form | {"csrf_token": browser.csrf}))

    assert {answer.status_code for answer in answers} == {403}
    assert len(people()) == 2
    assert PEOPLE not in browser.get("/coordinaciones").text
    assert PEOPLE in sign_in(carla).get("/coordinaciones").text


def test_who_is_kept_out_is_out_at_once_and_comes_back_when_let_in(
    sign_in: SignIn, ana: User, carla: User, nobody: FlaskClient
) -> None:
    staff, admin = sign_in(ana), sign_in(carla)

    admin.post(f"{PEOPLE}/{ana.id}/active", data={"active": "0", "csrf_token": admin.csrf})
    assert staff.get("/coordinaciones").status_code == 303
    assert not enters(nobody, ana.email, PASSWORD)

    admin.post(f"{PEOPLE}/{ana.id}/active", data={"active": "1", "csrf_token": admin.csrf})
    assert enters(nobody, ana.email, PASSWORD)
    # The session of before stays ended.
    assert staff.get("/coordinaciones").status_code == 303


def test_the_last_admin_cannot_be_kept_out(sign_in: SignIn, carla: User, factories: Factories) -> None:
    factories.user("gone@example.com", name="Gone", role="admin", active=False)
    browser = sign_in(carla)

    answer = browser.post(f"{PEOPLE}/{carla.id}/active", data={"active": "0", "csrf_token": browser.csrf})

    assert answer.status_code == 409
    assert "Es la única persona que administra" in answer.text
    assert browser.get(PEOPLE).status_code == 200


def test_a_new_password_from_an_admin_signs_out_whoever_knew_the_old_one(
    sign_in: SignIn, ana: User, carla: User, nobody: FlaskClient
) -> None:
    staff, admin = sign_in(ana), sign_in(carla)

    short = admin.post(f"{PEOPLE}/{ana.id}/password", data={"password": "corta", "csrf_token": admin.csrf})
    assert (short.status_code, staff.get("/coordinaciones").status_code) == (422, 200)
    assert "al menos 8 caracteres" in short.text

    admin.post(f"{PEOPLE}/{ana.id}/password", data={"password": NEW, "csrf_token": admin.csrf})

    assert staff.get("/coordinaciones").status_code == 303
    assert not enters(nobody, ana.email, PASSWORD)
    assert enters(nobody, ana.email, NEW)


class ChangedWhileLooking(str):
    """A password that somebody changes while it is looked at, which takes its time."""

    act: Callable[[], object]

    def encode(self, *arguments: str) -> bytes:
        act, self.act = self.act, lambda: None
        act()
        return super().encode(*arguments)


@pytest.mark.parametrize("change", [reset_password, lambda user_id, _password: set_active(user_id, False)])
def test_a_sign_in_that_overlaps_a_change_of_ones_password_opens_nothing(
    app: Flask, ana: User, carla: User, change: Callable[[int, str], object]
) -> None:
    typed = ChangedWhileLooking(PASSWORD)
    typed.act = lambda: change(ana.id, NEW)

    with pytest.raises(WrongCredentials):
        sign_in_with(ana.email, typed)


def test_ones_own_password_is_changed_by_who_knows_it(sign_in: SignIn, ana: User, nobody: FlaskClient) -> None:
    browser, elsewhere = sign_in(ana), sign_in(ana)
    form = {"current": PASSWORD, "password": NEW, "csrf_token": browser.csrf}

    wrong = browser.post("/settings/password", data=form | {"current": "no es"})
    assert (wrong.status_code, "Esa no es tu contraseña de ahora." in wrong.text) == (422, True)
    right = browser.post("/settings/password", data=form)

    assert right.status_code == 303
    assert browser.get(right.headers["Location"]).status_code == 200
    assert elsewhere.get("/coordinaciones").status_code == 303
    assert enters(nobody, ana.email, NEW)


def test_somebody_who_is_not_there_is_not_found(sign_in: SignIn, carla: User) -> None:
    browser = sign_in(carla)

    for user_id in (999, 2**40):
        for what in ("password", "active"):
            form = {"password": NEW, "active": "0", "csrf_token": browser.csrf}
            assert browser.post(f"{PEOPLE}/{user_id}/{what}", data=form).status_code == 404
    assert db.session.scalar(select(func.count()).select_from(User)) == 1
