"""What only shows when many ask at once, and when the power goes out."""

from __future__ import annotations

import random
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.whatsapp.models import Conversation, Message
from simulator.running import RunningSimulator
from tests.live_server import LiveServer
from tests.signing import WEBHOOK, inbound_form, sign

pytestmark = pytest.mark.enable_socket


def post(server: LiveServer, form: dict[str, str]) -> int:
    request = urllib.request.Request(
        server.url + WEBHOOK,
        data=urllib.parse.urlencode(form).encode(),
        headers={"X-Twilio-Signature": sign(WEBHOOK, form, base_url=server.url)},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(answer.status)


def stored_sids() -> list[str]:
    db.session.rollback()
    return [sid for sid in db.session.scalars(select(Message.message_sid)) if sid]


def test_a_hundred_first_messages_at_once_make_one_conversation(servers: list[LiveServer]) -> None:
    forms = [inbound_form(f"mensaje {number}", phone="+5491155550199") for number in range(100)]
    twice = forms + forms
    random.shuffle(twice)

    with ThreadPoolExecutor(16) as threads:
        statuses = list(threads.map(lambda form: post(random.choice(servers), form), twice))

    assert set(statuses) == {200}
    assert sorted(stored_sids()) == sorted(form["MessageSid"] for form in forms)
    conversations = db.session.scalars(select(Conversation)).all()
    assert [(conversation.phone_number, conversation.unread_count) for conversation in conversations] == [
        ("+5491155550199", 100)
    ]


def test_a_user_id_and_a_number_that_meet_at_once_become_one_conversation(servers: list[LiveServer]) -> None:
    user, phone = "whatsapp:AR.9988776655443322", "+5491155550166"
    alone = [inbound_form(f"id {number}", From=user, WaId=None, ExternalUserId=user) for number in range(20)]
    by_number = [inbound_form(f"número {number}", phone=phone) for number in range(20)]
    both = [inbound_form(f"los dos {number}", phone=phone, ExternalUserId=user) for number in range(20)]
    forms = alone + by_number + both
    random.shuffle(forms)

    with ThreadPoolExecutor(16) as threads:
        statuses = list(threads.map(lambda form: post(random.choice(servers), form), forms))

    assert set(statuses) == {200}
    assert sorted(stored_sids()) == sorted(form["MessageSid"] for form in forms)
    rows = db.session.scalars(select(Conversation).where(Conversation.joined_to_id.is_(None))).all()
    assert [(row.phone_number, row.contact.user_id, row.unread_count) for row in rows] == [(phone, user[9:], 60)]
    assert set(db.session.scalars(select(Message.conversation_id))) == {rows[0].id}


def test_changes_are_numbered_without_gaps_or_doubles_under_load(servers: list[LiveServer]) -> None:
    forms = [inbound_form(f"mensaje {number}", phone=f"+54911555502{number % 10:02}") for number in range(60)]

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda form: post(random.choice(servers), form), forms))

    db.session.rollback()
    assert sorted(db.session.scalars(select(Message.change))) == list(range(1, 61))


def test_nothing_acknowledged_is_lost_when_a_server_is_killed(servers: list[LiveServer]) -> None:
    phone = "+5491155550188"
    forms = [inbound_form(f"mensaje {number}", phone=phone) for number in range(150)]
    acknowledged: list[str] = []

    def deliver(form: dict[str, str]) -> None:
        try:
            if post(random.choice(servers), form) == 200:
                acknowledged.append(form["MessageSid"])
        except (urllib.error.URLError, OSError):
            return  # The server is gone: Twilio would have this one, and we might not.
        if len(acknowledged) == 40:
            servers[0].kill()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(deliver, forms))

    assert len(acknowledged) >= 40
    assert set(acknowledged) <= set(stored_sids())


def test_a_sync_brings_in_what_no_webhook_could(server: LiveServer, simulator: RunningSimulator) -> None:
    world = simulator.world
    client = world.add_client("Cliente de muestra", "+5491155550177", None, True)
    server.kill()
    sids = [say(simulator, client.key, f"sin servidor {number}") for number in range(5)]
    idle(simulator)
    server.start()

    first, second = server.flask("whatsapp", "sync"), server.flask("whatsapp", "sync")

    assert first.returncode == 0, first.stderr
    assert "added 5" in first.stdout
    assert "added 0" in second.stdout
    assert sorted(stored_sids()) == sorted(sids)
    assert db.session.scalars(select(func.sum(Conversation.unread_count))).one() == 5


def say(simulator: RunningSimulator, phone: str, body: str) -> str:
    """Write as a client on the simulated phone; return the message's sid."""
    answer = simulator.app.test_client().post(f"/control/clients/{phone}/messages", json={"body": body})
    assert answer.status_code == 201, answer.text
    return str(answer.json["sid"])


def idle(simulator: RunningSimulator) -> None:
    """Wait until the simulator has posted all that it owes."""
    assert simulator.app.test_client().get("/control/idle?timeout=20").status_code == 200
