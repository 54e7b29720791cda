"""Passwords, hashed with Argon2id; the only file that knows the library."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from argon2 import PasswordHasher


@cache
def _hasher(time_cost: int, memory_kib: int) -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)


def _configured() -> PasswordHasher:
    return _hasher(current_app.config["PASSWORD_TIME_COST"], current_app.config["PASSWORD_MEMORY_KIB"])


@cache
def _hash_of_nobody(hasher: PasswordHasher) -> str:
    return hasher.hash("no such person")


def normal_form(password: str) -> str:
    """Return `password` as it is hashed: one keyboard composes an ñ of two characters, and another of one.

    NFKC, as NIST SP 800-63B asks for; RFC 8265 (OpaqueString) asks for NFC, which leaves two of the four forms apart.
    """
    return unicodedata.normalize("NFKC", password)


def _forms(password: str) -> Iterable[str]:
    """Return the forms in which `password` may have been hashed: today's, and as it was typed before there was one."""
    if password.isascii():
        return (password,)
    older = (unicodedata.normalize(form, password) for form in ("NFC", "NFD"))
    return dict.fromkeys((normal_form(password), password, *older))


def hash_password(password: str) -> str:
    """Return the Argon2id hash of `password`, with its parameters and salt in it."""
    return _configured().hash(normal_form(password))


def _is_hashed(form: str, password_hash: str) -> bool:
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return _configured().verify(password_hash, form)
    except (Argon2Error, InvalidHashError):
        return False


def verify_password(password: str, password_hash: str | None) -> bool:
    """Tell whether `password` is the one hashed, in whatever Unicode form.

    None takes as long as a wrong one, so timing names no accounts.
    """
    kept = password_hash or _hash_of_nobody(_configured())
    return any(_is_hashed(form, kept) for form in _forms(password)) and password_hash is not None


def needs_rehash(password_hash: str, password: str = "") -> bool:
    """Tell whether `password_hash` was made with other parameters than today's, or of another form of `password`."""
    if _configured().check_needs_rehash(password_hash):
        return True
    return not password.isascii() and not _is_hashed(normal_form(password), password_hash)
