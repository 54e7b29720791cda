"""Passwords are kept as Argon2id hashes, and hashed again when the parameters change."""

from __future__ import annotations

import unicodedata

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import User
from app.auth.passwords import hash_password, needs_rehash, verify_password
from app.extensions import writing
from config import Config
from tests.factories import PASSWORD, Factories


def test_a_hash_tells_its_parameters_and_not_the_password(app: Flask) -> None:
    kept = hash_password("una clave")

    assert kept.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert "una clave" not in kept


def test_two_hashes_of_one_password_differ(app: Flask) -> None:
    assert hash_password("una clave") != hash_password("una clave")


@pytest.mark.parametrize("password", ["una clave", "ñandú 🎉", "x" * 1000, "a\x00b", " "])
def test_only_the_same_password_matches(app: Flask, password: str) -> None:
    kept = hash_password(password)

    assert verify_password(password, kept)
    assert not verify_password(password + "x", kept)
    assert not verify_password("", kept)


@pytest.mark.parametrize("kept", ["", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$x$y", "plain text", "$2b$12$abc"])
def test_a_hash_that_is_none_matches_nothing(app: Flask, kept: str) -> None:
    assert not verify_password("una clave", kept)


def test_nobodys_password_matches_nothing_not_even_the_one_that_is_hashed_for_nobody(app: Flask) -> None:
    assert not verify_password("una clave", None)
    assert not verify_password("no such person", None)


def test_production_asks_more_than_the_minimum_of_owasp() -> None:
    settings = Config(SECRET_KEY="k" * 32)

    # OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB and 2 passes at least.
    assert settings.PASSWORD_MEMORY_KIB >= 19 * 1024
    assert settings.PASSWORD_TIME_COST >= 2


def test_a_hash_of_old_parameters_is_renewed_at_the_next_sign_in(
    app: Flask, nobody: FlaskClient, ana: User, factories: Factories, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = ana.password_hash
    monkeypatch.setitem(app.config, "PASSWORD_TIME_COST", 2)
    assert needs_rehash(old)

    wrong = nobody.post("/login", data={"email": ana.email, "password": "otra"})
    kept_after_wrong = factories.reload(ana).password_hash
    right = nobody.post("/login", data={"email": ana.email, "password": PASSWORD})
    kept = factories.reload(ana).password_hash

    assert (wrong.status_code, kept_after_wrong) == (401, old)
    assert right.status_code == 303
    assert kept.startswith("$argon2id$v=19$m=8,t=2,p=1$")
    assert nobody.post("/login", data={"email": ana.email, "password": PASSWORD}).status_code == 303
    assert factories.reload(ana).password_hash == kept


FORMS = ("NFC", "NFD", "NFKC", "NFKD")
# With letters of which every form is another text: an ñ, a ligature, a full-width letter, a space that breaks nothing.
ACCENTED = "Ñandú ﬁesta Ａ\u00a01"


@pytest.mark.parametrize("kept_as", FORMS)
@pytest.mark.parametrize("typed_as", FORMS)
def test_a_password_is_the_same_in_every_unicode_form(app: Flask, kept_as: str, typed_as: str) -> None:
    kept = hash_password(unicodedata.normalize(kept_as, ACCENTED))

    assert verify_password(unicodedata.normalize(typed_as, ACCENTED), kept)
    assert not verify_password(unicodedata.normalize(typed_as, ACCENTED + "x"), kept)
    assert not needs_rehash(kept, unicodedata.normalize(typed_as, ACCENTED))


@pytest.mark.parametrize("kept_as", ["NFC", "NFD"])
def test_a_hash_of_the_form_that_was_typed_still_counts_and_is_renewed_at_the_next_sign_in(
    nobody: FlaskClient, ana: User, factories: Factories, kept_as: str
) -> None:
    """As they were made before passwords had one form: of whatever the keyboard of then sent."""
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(unicodedata.normalize(kept_as, ACCENTED))
    with writing() as session:
        session.get_one(User, ana.id).password_hash = old
    typed = unicodedata.normalize("NFC", ACCENTED)

    answer = nobody.post("/api/auth/login", json={"email": ana.email, "password": typed})

    assert answer.status_code == 200
    assert factories.reload(ana).password_hash != old
    assert not needs_rehash(ana.password_hash, typed)
