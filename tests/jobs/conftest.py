"""Handlers that tests can watch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.jobs.handlers import Handler, all_handlers, register


@pytest.fixture
def own_handlers(app: Flask) -> Iterator[None]:
    """Let a test register handlers that are forgotten afterwards."""
    before = dict(all_handlers())
    yield
    all_handlers().clear()
    all_handlers().update(before)


@pytest.fixture
def done(app: Flask, own_handlers: None) -> list[dict[str, Any]]:
    """The payloads that the handler of "note" was given."""
    seen: list[dict[str, Any]] = []
    register(app, "note", Handler(seen.append))
    return seen
