"""A push service that the app knows, keys to sign with, and a device that reads what it gets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.auth.models import User
from app.push.models import Subscription
from app.push.webpush import make_keys
from tests.factories import Factories
from tests.push.receiver import Receiver, running_receiver

SUBJECT = "mailto:office@coordina.example"


@pytest.fixture
def service(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with running_receiver() as receiver:
        settings = {"VAPID_PRIVATE_KEY": make_keys()[0], "VAPID_SUBJECT": SUBJECT, "PUSH_SERVICES": (receiver.url,)}
        for name, value in settings.items():
            monkeypatch.setitem(app.config, name, value)
        yield receiver


@pytest.fixture
def device(service: Receiver, factories: Factories, ana: User) -> Subscription:
    return factories.device(ana, name="Teléfono de Ana", **service.fields)
