"""`flask users create`."""

from __future__ import annotations

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.auth.models import User
from app.extensions import db
from tests.factories import Factories

PASSWORD = "una clave bien larga"


def create(app: Flask, *arguments: str, typed: str = PASSWORD + "\n") -> Result:
    return app.test_cli_runner().invoke(args=["users", "create", *arguments], input=typed)


def stored() -> list[tuple[str, str, str]]:
    db.session.rollback()
    return [(user.email, user.name, user.role) for user in db.session.scalars(select(User).order_by(User.name))]


def test_a_person_is_made_and_can_sign_in(app: Flask, nobody: FlaskClient) -> None:
    result = create(app, " Dana@Example.com ", "--name", " Dana Paz ", "--role", "admin", "--password-stdin")

    assert result.exit_code == 0, result.output
    assert "Dana Paz <dana@example.com> can sign in now, as admin." in result.output
    assert PASSWORD not in result.output
    assert stored() == [("dana@example.com", "Dana Paz", "admin")]
    assert nobody.post("/login", data={"email": "dana@example.com", "password": PASSWORD}).status_code == 303


def test_a_person_is_staff_unless_said_otherwise(app: Flask) -> None:
    create(app, "dana@example.com", "--name", "Dana", "--password-stdin")

    assert stored() == [("dana@example.com", "Dana", "staff")]


def test_without_password_stdin_the_password_is_asked_for_twice_and_never_shown(app: Flask) -> None:
    result = create(app, "dana@example.com", "--name", "Dana", typed=f"{PASSWORD}\n{PASSWORD}\n")

    assert result.exit_code == 0, result.output
    assert result.output.count("Password") == 1
    assert "Repeat for confirmation" in result.output
    assert PASSWORD not in result.output


@pytest.mark.parametrize("typed", [PASSWORD, PASSWORD + "\n", PASSWORD + "\r\n", PASSWORD + "\nanother line\n"])
def test_a_password_is_the_first_line_without_its_end(app: Flask, nobody: FlaskClient, typed: str) -> None:
    create(app, "dana@example.com", "--name", "Dana", "--password-stdin", typed=typed)

    assert nobody.post("/login", data={"email": "dana@example.com", "password": PASSWORD}).status_code == 303


@pytest.mark.parametrize("email", ["ana@example.com", "ANA@EXAMPLE.COM", " ana@example.com"])
def test_an_email_is_taken_once(app: Flask, ana: User, email: str) -> None:
    result = create(app, email, "--name", "Otra Ana", "--password-stdin")

    assert result.exit_code == 1
    assert "Ya hay una persona con ese correo." in result.output
    assert "Traceback" not in result.output
    assert stored() == [("ana@example.com", "Ana", "staff")]


@pytest.mark.parametrize(
    ("arguments", "typed", "exit_code", "sentence"),
    [
        (["dana@example.com", "--name", "Dana"], "corta12\n", 1, "La contraseña necesita al menos 8 caracteres."),
        (["dana@example.com", "--name", "Dana"], "", 1, "La contraseña necesita al menos 8 caracteres."),
        (["dana", "--name", "Dana"], PASSWORD, 1, "Ese correo no parece válido."),
        (["@", "--name", "Dana"], PASSWORD, 1, "Ese correo no parece válido."),
        (["d" * 250 + "@example.com", "--name", "Dana"], PASSWORD, 1, "Ese correo no parece válido."),
        (["dana@example.com", "--name", "  "], PASSWORD, 1, "Escribí el nombre"),
        (["dana@example.com", "--name", "D" * 121], PASSWORD, 1, "Escribí el nombre"),
        (["dana@example.com", "--name", "Dana", "--role", "boss"], PASSWORD, 2, "'boss' is not one of"),
        (["dana@example.com"], PASSWORD, 2, "--name"),
        (["--name", "Dana"], PASSWORD, 2, "EMAIL"),
    ],
)
def test_what_cannot_be_stored_is_said_in_a_sentence(
    app: Flask, arguments: list[str], typed: str, exit_code: int, sentence: str
) -> None:
    result = create(app, *arguments, "--password-stdin", typed=typed)

    assert result.exit_code == exit_code
    assert sentence in result.output
    assert stored() == []


def test_everything_wrong_is_said_at_once(app: Flask) -> None:
    result = create(app, "dana", "--name", " ", "--password-stdin", typed="x")

    assert "correo" in result.output
    assert "nombre" in result.output
    assert "contraseña" in result.output


def test_the_password_is_kept_only_as_its_hash(app: Flask) -> None:
    create(app, "dana@example.com", "--name", "Dana", "--password-stdin")

    kept = db.session.scalars(select(User.password_hash)).one()

    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


def test_people_are_listed_by_name(factories: Factories) -> None:
    for name in ("Zoe", "Ana", "Mora"):
        factories.user(f"{name.lower()}@example.com", name=name)

    assert [user.name for user in db.session.scalars(select(User).order_by(User.name))] == ["Ana", "Mora", "Zoe"]
