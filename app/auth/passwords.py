"""Passwords, hashed with Argon2id; the only file that knows the library."""

from __future__ import annotations

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


def hash_password(password: str) -> str:
    """Return the Argon2id hash of `password`, with its parameters and salt in it."""
    return _configured().hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Tell whether `password` is the one hashed. None takes as long as a wrong one, so timing names no accounts."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    hasher = _configured()
    try:
        hasher.verify(password_hash or _hash_of_nobody(hasher), password)
    except (Argon2Error, InvalidHashError):
        return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Tell whether `password_hash` was made with other parameters than today's."""
    return _configured().check_needs_rehash(password_hash)
