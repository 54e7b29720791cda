"""A client writes, and the right devices hear of it, once, in words that only they can read."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.auth.models import LoginSession, User
from app.extensions import db, utcnow, writing
from app.formats import to_local
from app.jobs.actions import run_due
from app.jobs.models import Job
from app.push.models import Preference, Subscription
from app.push.quiet import is_quiet
from app.push.webpush import Device, Unusable, is_known, push
from app.whatsapp.changes import current_change
from app.whatsapp.models import Conversation
from tests.factories import Factories
from tests.push.conftest import SUBJECT
from tests.push.receiver import Receiver, check_vapid
from tests.signing import WEBHOOK, inbound_form, post_signed

pytestmark = pytest.mark.enable_socket


def arrives(app: Flask, body: str = "Hola", **changes: Any) -> None:
    answer = post_signed(app.test_client(), WEBHOOK, inbound_form(body, **changes))
    answer.close()  # What is due is done when the server has sent the answer.
    assert answer.status_code == 200


def devices() -> list[Subscription]:
    db.session.rollback()
    return list(db.session.scalars(select(Subscription).execution_options(populate_existing=True)))


def waiting() -> list[Job]:
    db.session.rollback()
    return list(db.session.scalars(select(Job).where(Job.name.like("whatsapp.tell%"))))


def due_again() -> None:
    with writing() as session:
        session.execute(update(Job).values(run_at=utcnow() - timedelta(seconds=1)))
    run_due(timedelta(seconds=5))


def test_a_message_reaches_the_device_before_the_request_is_over(
    app: Flask, service: Receiver, device: Subscription, factories: Factories
) -> None:
    factories.coordinacion(title="Boda de Lucía", client_name="Lucía", phone="+5491155550101")

    arrives(app, "¿A qué hora llegan? " + "x" * 200)

    [(headers, words)] = service.got
    assert words["title"] == "Lucía"
    assert words["body"].startswith("¿A qué hora llegan?")
    assert words["body"].endswith("\nBoda de Lucía")
    assert len(words["body"].split("\n")[0]) == 120
    assert (words["unread"], words["url"][:24]) == (1, "/whatsapp/conversations/")
    assert words["change"] == current_change()
    assert (headers["Urgency"], headers["TTL"], headers["Topic"]) == ("high", "14400", words["tag"])
    check_vapid(headers["Authorization"], service.url, SUBJECT)
    assert waiting() == []
    assert devices()[0].last_used_at is not None


def test_one_notice_stands_for_a_conversation_and_says_how_many_wait(
    app: Flask, service: Receiver, device: Subscription
) -> None:
    for body in ("Hola", "¿Están?", "Ya salí"):
        arrives(app, body)

    words = [words for _headers, words in service.got]
    assert len({one["tag"] for one in words}) == 1
    assert [one["title"] for one in words] == ["Lucía Ferreyra", "Lucía Ferreyra (2)", "Lucía Ferreyra (3)"]
    assert words[-1]["body"] == "Ya salí"


def test_a_reaction_is_no_news_and_does_not_hide_any(app: Flask, service: Receiver, device: Subscription) -> None:
    service.answers = [(503, {})]
    arrives(app, "¿A qué hora?")
    reaction = {"MessageType": "reaction", "OriginalRepliedMessageSid": "SMa" + "0" * 31}
    arrives(app, "👍", **reaction)

    due_again()

    assert [words["body"] for _headers, words in service.got] == ["¿A qué hora?", "¿A qué hora?"]


def test_nothing_is_stored_where_no_key_is_set(app: Flask) -> None:
    arrives(app)

    assert waiting() == []


def test_a_hidden_text_never_leaves_the_office(
    app: Flask, service: Receiver, device: Subscription, factories: Factories
) -> None:
    factories.store(Preference(user_id=device.user_id, hide_text=True))

    arrives(app, "un secreto")

    assert service.got[0][1]["body"] == "Mensaje nuevo"


@pytest.mark.parametrize("status", [404, 410])
def test_a_device_that_is_gone_is_forgotten(app: Flask, service: Receiver, device: Subscription, status: int) -> None:
    service.answers = [(status, {})]

    arrives(app)

    assert (devices(), waiting()) == ([], [])


@pytest.mark.parametrize(
    "keys", [{"auth": "é" * 22}, {"auth": "A"}, {"p256dh": "BA" * 43}, {"p256dh": "é" * 87}, {"p256dh": "B" * 87}]
)
def test_a_device_that_was_kept_with_keys_that_are_none_is_forgotten(
    app: Flask, service: Receiver, factories: Factories, ana: User, keys: dict[str, str]
) -> None:
    factories.device(ana, **service.fields | keys)

    arrives(app)

    assert (service.got, devices(), waiting()) == ([], [], [])


def test_a_device_whose_address_nobody_can_sign_for_is_unusable(app: Flask, service: Receiver) -> None:
    fields, config = service.fields, app.config
    odd = Device("https://fcm.googleapis.com:/x", fields["p256dh"], fields["auth"])

    with pytest.raises(Unusable):
        push(odd, {}, "t", timedelta(hours=1), config["VAPID_PRIVATE_KEY"], config["VAPID_SUBJECT"])


def test_no_device_is_forgotten_for_a_setting_of_ours(
    app: Flask, service: Receiver, device: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "VAPID_SUBJECT", "https://office.example/contact")
    arrives(app)
    assert len(service.got) == 1

    monkeypatch.setitem(app.config, "VAPID_PRIVATE_KEY", "A" * 43)
    arrives(app)
    assert (len(devices()), len(waiting())) == (1, 1)


@pytest.mark.parametrize(("status", "headers"), [(429, {"Retry-After": "120"}), (503, {}), (500, {})])
def test_a_service_that_cannot_now_is_asked_again(
    app: Flask, service: Receiver, device: Subscription, status: int, headers: dict[str, str]
) -> None:
    service.answers = [(status, headers)]

    arrives(app)
    [job], failing = waiting(), devices()[0].failing_since
    wait = job.run_at - utcnow()
    due_again()

    assert timedelta(seconds=100 if headers else 5) < wait <= timedelta(seconds=120)
    assert failing is not None
    assert len(service.got) == 2
    assert (waiting(), devices()[0].failing_since) == ([], None)


def test_a_redirect_is_not_followed(app: Flask, service: Receiver, device: Subscription) -> None:
    service.answers = [(307, {"Location": f"{service.url}/elsewhere"})]

    arrives(app)

    assert (len(service.got), waiting()) == (1, [])


def test_each_person_hears_what_they_asked_for(
    app: Flask, service: Receiver, device: Subscription, factories: Factories, bruno: User
) -> None:
    factories.store(Preference(user_id=device.user_id, scope="mine"))
    factories.coordinacion(phone="+5491155550101", dj_id=bruno.id)
    arrives(app)
    assert service.got == []

    factories.coordinacion(phone="+5491155550102", dj_id=device.user_id)
    arrives(app, phone="+5491155550102")
    assert len(service.got) == 1

    with writing() as session:
        session.execute(update(Conversation).values(assigned_to_id=device.user_id))
    arrives(app, "Ahora es tuya")
    assert len(service.got) == 2


def test_quiet_hours_are_kept(app: Flask, service: Receiver, device: Subscription, factories: Factories) -> None:
    local = to_local(utcnow())
    hours = {"quiet_from": (local - timedelta(hours=1)).time(), "quiet_to": (local + timedelta(hours=1)).time()}
    factories.store(Preference(user_id=device.user_id, **hours))

    arrives(app)

    assert service.got == []


@pytest.mark.parametrize("why", ["signed out", "ran out", "shut out"])
def test_a_device_hears_nothing_once_its_sign_in_has_ended(
    app: Flask, service: Receiver, device: Subscription, why: str
) -> None:
    with writing() as session:
        if why == "shut out":
            session.execute(update(User).values(active=False))
        elif why == "signed out":
            session.execute(update(LoginSession).values(revoked_at=utcnow()))
        else:
            session.execute(update(LoginSession).values(expires_at=utcnow() - timedelta(seconds=1)))

    arrives(app)

    assert service.got == []


def test_quiet_hours_may_reach_over_midnight() -> None:
    start, end = time(22), time(8)

    assert [is_quiet(time(hour, 30), start, end) for hour in (21, 22, 3, 7, 8)] == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("endpoint", "known"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/x", True),
        ("http://fcm.googleapis.com/fcm/send/x", False),
        ("https://fcm.googleapis.com:443/x", True),
        ("https://fcm.googleapis.com:8443/x", False),
        ("https://fcm.googleapis.com:/x", False),
        ("https://fcm.googleapis.com:0443/x", False),
        ("https://fcm.googleapis.com:x/x", False),
        ("https://@fcm.googleapis.com/x", False),
        ("https://a..notify.windows.com/x", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://fcm.googleapis.com@10.0.0.1/x", False),
        ("https://127.0.0.1/x", False),
        ("https://[::1]/x", False),
        ("https://internal.example\\.push.services.mozilla.com/x", False),
        ("https://127.0.0.1\\.notify.windows.com/x", False),
        ("https://evilpush.apple.com.example/x", False),
    ],
)
def test_only_push_services_are_spoken_to(app: Flask, endpoint: str, known: bool) -> None:
    assert is_known(endpoint, app.config["PUSH_SERVICES"]) is known
