"""Whoever is given a conversation hears of it on their devices, and nobody else does."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from flask import Flask

from app.auth.models import User
from app.extensions import utcnow
from app.formats import to_local
from app.jobs.actions import run_due
from app.push.models import Preference, Subscription
from app.whatsapp.inbox.actions.assignment import hand_to, mark_assignments_seen
from app.whatsapp.models import Conversation
from tests.factories import Factories
from tests.push.receiver import Receiver

pytestmark = pytest.mark.enable_socket


def chat_of_lucia(factories: Factories) -> Conversation:
    chat = factories.conversation(profile_name="Lucía Ferreyra")
    factories.message(chat, "¿A qué hora llegan?")
    return chat


def test_the_persons_own_devices_hear_of_it(
    app: Flask, service: Receiver, device: Subscription, factories: Factories, ana: User, bruno: User
) -> None:
    factories.device(bruno, f"{service.url}/somebody-else")
    factories.store(Preference(user_id=ana.id, scope="mine"))
    chat = chat_of_lucia(factories)

    hand_to(chat.id, ana.id, by_id=bruno.id)
    run_due(timedelta(seconds=5))

    [(_headers, words)] = service.got
    assert words["title"] == "Bruno te pasó la conversación con Lucía Ferreyra"
    assert words["body"] == "¿A qué hora llegan?"
    assert words["url"] == f"/whatsapp/conversations/{chat.id}"


def test_who_has_seen_it_wants_nothing_or_is_asleep_is_not_called(
    app: Flask, service: Receiver, device: Subscription, factories: Factories, ana: User, bruno: User
) -> None:
    chat = chat_of_lucia(factories)
    hand_to(chat.id, ana.id, by_id=bruno.id)
    mark_assignments_seen(ana.id, [chat.id])
    run_due(timedelta(seconds=5))

    hour = to_local(utcnow()).hour
    factories.store(
        Preference(user_id=ana.id, scope="all", quiet_from=time((hour - 1) % 24), quiet_to=time((hour + 2) % 24))
    )
    hand_to(chat.id, None)
    hand_to(chat.id, ana.id, by_id=bruno.id)
    run_due(timedelta(seconds=5))

    assert service.got == []


def test_who_takes_a_conversation_is_not_told_of_it(
    app: Flask, service: Receiver, device: Subscription, factories: Factories, ana: User
) -> None:
    hand_to(chat_of_lucia(factories).id, ana.id, by_id=ana.id)
    run_due(timedelta(seconds=5))

    assert service.got == []
