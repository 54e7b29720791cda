"""Nobody answered in the week of the event: everybody is told again, then the admins by mail, and nobody is flooded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.auth.models import User
from app.coordinaciones.models import Coordinacion
from app.extensions import db, utcnow, writing
from app.formats import to_local, today
from app.jobs.actions import MOST_ATTEMPTS, enqueue, pause_after, run_due
from app.jobs.models import Job
from app.push.actions import TTL
from app.push.models import Preference, Subscription
from app.whatsapp.alerts.actions.closing_windows import tell_closing
from app.whatsapp.alerts.actions.push_alerts import AGAIN, CLOSING, DEVICE, MAIL, TELL, UNANSWERED, WATCH
from app.whatsapp.jobs import HANDLERS
from app.whatsapp.models import Conversation, Message
from tests.factories import Factories
from tests.night import move_office
from tests.push.mailbox import Mailbox, running_mailbox
from tests.push.receiver import Receiver
from tests.push.test_telling import arrives, due_again, waiting
from tests.signing import STATUS, post_signed, status_form

pytestmark = pytest.mark.enable_socket
PHONE = "+5491155550101"


@pytest.fixture
def event(factories: Factories) -> Coordinacion:
    return factories.coordinacion(
        title="Boda de Lucía", client_name="Lucía", phone=PHONE, event_on=today() + timedelta(days=3)
    )


@pytest.fixture
def mailbox(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with running_mailbox() as running:
        monkeypatch.setitem(app.config, "SMTP_URL", running.url)
        monkeypatch.setitem(app.config, "MAIL_FROM", "coordina@example.com")
        yield running


def later(minutes: int) -> None:
    """Let so many minutes go by: whatever is stored is as much older, and what is due by then is done."""
    by = timedelta(minutes=minutes)
    with writing() as session:
        for column in (Job.run_at, Message.sent_at, Conversation.waiting_since, Conversation.unanswered_told_at):
            rows = session.execute(select(column.class_.id, column).where(column.is_not(None))).all()
            for row_id, moment in rows:
                aged = update(column.class_).where(column.class_.id == row_id).values({column.key: moment - by})
                session.execute(aged)
    run_due(timedelta(seconds=20))


def look() -> None:
    """Let the watch do what it does every five minutes."""
    with writing() as session:
        enqueue(session, WATCH, key=WATCH)
    run_due(timedelta(seconds=20))


def titles(service: Receiver) -> list[str]:
    return [words["title"] for _headers, words in service.got]


def waits(name: str) -> list[datetime]:
    db.session.rollback()
    return list(db.session.scalars(select(Job.run_at).where(Job.name == name)))


def answer(factories: Factories) -> None:
    conversation = db.session.scalars(select(Conversation)).one()
    factories.message(conversation, "A las 18", direction="outbound")


def test_everybody_is_told_again_once_of_the_first_message_that_waits(
    app: Flask, service: Receiver, device: Subscription, event: Coordinacion, factories: Factories
) -> None:
    factories.store(Preference(user_id=device.user_id, scope="mine"))
    arrives(app, "¿A qué hora llegan?")
    arrives(app, "¿Hola?")
    assert service.got == []  # It is somebody else's event.

    later(31)

    assert titles(service) == ["Lucía espera respuesta hace 31 min"]
    assert service.got[0][1]["body"] == "¿A qué hora llegan?\nBoda de Lucía"
    later(31)
    assert len(service.got) == 1
    assert waits(AGAIN) == []


@pytest.mark.parametrize("why", ["answered", "another week", "no event", "opted out", "wants none"])
def test_nobody_is_told_again_where_nothing_has_to_be_answered_now(
    app: Flask, service: Receiver, device: Subscription, event: Coordinacion, factories: Factories, why: str
) -> None:
    arrives(app, "¿A qué hora llegan?")
    service.forget()
    if why == "answered":
        answer(factories)
    elif why == "wants none":
        factories.store(Preference(user_id=device.user_id, scope="none"))
    with writing() as session:
        if why == "another week":
            session.execute(update(Coordinacion).values(event_on=today() + timedelta(days=8)))
        elif why == "no event":
            session.execute(update(Conversation).values(coordinacion_id=None))
        elif why == "opted out":
            session.execute(update(Conversation).values(opted_out=True))

    later(31)

    assert service.got == []


@pytest.mark.parametrize(("hour", "told"), [(2, True), (7, False)])
def test_the_night_of_the_event_is_the_last_of_its_week(
    app: Flask,
    service: Receiver,
    device: Subscription,
    event: Coordinacion,
    monkeypatch: pytest.MonkeyPatch,
    hour: int,
    told: bool,
) -> None:
    move_office(app, monkeypatch, hour)
    with writing() as session:
        session.execute(update(Coordinacion).values(event_on=to_local(utcnow()).date() - timedelta(days=1)))
    arrives(app, "Se cortó la luz")
    service.forget()

    later(31)

    assert len(service.got) == int(told)


def test_what_was_read_and_not_answered_is_told_again(
    app: Flask, service: Receiver, device: Subscription, event: Coordinacion
) -> None:
    arrives(app, "¿A qué hora llegan?")
    with writing() as session:
        session.execute(update(Message).values(read_at=utcnow()))

    later(31)

    assert titles(service) == ["Lucía", "Lucía espera respuesta hace 31 min"]


def test_an_answer_that_failed_is_none(
    app: Flask, service: Receiver, device: Subscription, event: Coordinacion, factories: Factories
) -> None:
    arrives(app, "¿A qué hora llegan?")
    conversation = db.session.scalars(select(Conversation)).one()
    factories.message(conversation, "A las 18", direction="outbound", status="failed")

    later(31)

    assert len(service.got) == 2


def test_a_wait_is_told_of_when_the_week_of_its_event_begins(
    app: Flask, service: Receiver, device: Subscription, event: Coordinacion
) -> None:
    with writing() as session:
        session.execute(update(Coordinacion).values(event_on=today() + timedelta(days=8)))
    arrives(app, "¿A qué hora llegan?")
    later(31)
    service.forget()
    with writing() as session:
        session.execute(update(Coordinacion).values(event_on=today() + timedelta(days=7)))
    arrives(app, "¿Hola?")

    look()
    look()

    assert titles(service)[-1].startswith("Lucía espera respuesta hace")
    assert len(service.got) == 2  # The news, and the wait, once.


def test_an_answer_that_turns_out_not_to_have_arrived_leaves_the_wait_to_be_told_of(
    app: Flask, service: Receiver, device: Subscription, event: Coordinacion, factories: Factories
) -> None:
    arrives(app, "¿A qué hora llegan?")
    later(31)
    conversation = db.session.scalars(select(Conversation)).one()
    sent = factories.message(conversation, "A las 18", direction="outbound", status="sent")
    look()
    service.forget()
    form = status_form(str(sent.message_sid), "undelivered", ErrorCode="63024")
    assert post_signed(app.test_client(), STATUS, form).status_code < 300

    look()
    look()

    assert [title.rpartition(" hace")[0] for title in titles(service)] == ["Lucía espera respuesta"]


def test_where_everybody_wants_peace_it_is_told_when_that_is_over(
    app: Flask, service: Receiver, device: Subscription, event: Coordinacion, factories: Factories
) -> None:
    now = to_local(utcnow())
    around = {"quiet_from": (now - timedelta(hours=1)).time(), "quiet_to": (now + timedelta(hours=1)).time()}
    factories.store(Preference(user_id=device.user_id, scope="all", **around))
    arrives(app, "¿A qué hora llegan?")
    later(31)
    assert service.got == []
    with writing() as session:
        session.execute(update(Preference).values(quiet_from=None, quiet_to=None))

    later(16)

    assert titles(service) == ["Lucía espera respuesta hace 47 min"]


def test_the_admins_get_one_mail_for_all_who_still_wait(
    app: Flask,
    service: Receiver,
    device: Subscription,
    event: Coordinacion,
    mailbox: Mailbox,
    carla: User,
    factories: Factories,
) -> None:
    factories.coordinacion(client_name="Tomás", phone="+5491155550102", event_on=today(), title="Quince de Sofía")
    factories.user("diana@example.com", name="Diana", role="admin", active=False)
    arrives(app, "un secreto")
    arrives(app, "otro", phone="+5491155550102")

    later(31)
    assert mailbox.got == []
    later(31)

    [(to, mail)] = mailbox.got
    text = mail.get_content()
    assert to == ["carla@example.com"]
    assert mail["Subject"] == "2 clientes esperan respuesta"
    assert "Lucía · Boda de Lucía" in text
    assert "Tomás · Quince de Sofía" in text
    assert "espera hace 1 h 2 min" in text
    assert "https://coordina.example/whatsapp/conversations/" in text
    assert "secreto" not in text
    later(31)
    assert len(mailbox.got) == 1


def test_no_mail_goes_out_when_somebody_answered_in_the_meantime(
    app: Flask,
    service: Receiver,
    device: Subscription,
    event: Coordinacion,
    mailbox: Mailbox,
    carla: User,
    factories: Factories,
) -> None:
    arrives(app, "¿Hola?")
    later(31)
    answer(factories)

    later(31)

    assert mailbox.got == []
    assert waits(MAIL) == []


def test_a_mail_that_was_not_taken_is_tried_again(
    app: Flask, event: Coordinacion, mailbox: Mailbox, carla: User
) -> None:
    arrives(app, "¿Hola?")
    mailbox.refuses = True
    later(31)
    assert (mailbox.got, len(waits(MAIL))) == ([], 1)
    mailbox.refuses = False

    later(1)

    assert len(mailbox.got) == 1
    assert waits(MAIL) == []


def test_where_no_device_tells_anybody_the_mail_goes_at_once_and_says_so(
    app: Flask, service: Receiver, event: Coordinacion, mailbox: Mailbox, carla: User
) -> None:
    arrives(app, "¿Hola?")

    later(31)

    [(_to, mail)] = mailbox.got
    assert "Nadie tiene un dispositivo que reciba avisos" in mail.get_content()


def test_nothing_is_stored_where_it_is_switched_off(
    app: Flask, service: Receiver, device: Subscription, event: Coordinacion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "UNANSWERED_MINUTES", 0)

    arrives(app, "¿Hola?")

    assert waits(AGAIN) == []
    assert len(service.got) == 1


@pytest.mark.parametrize("kind", [UNANSWERED, CLOSING])
def test_a_service_that_never_can_is_asked_no_more_after_four_hours_and_nothing_is_given_up(
    app: Flask, service: Receiver, device: Subscription, factories: Factories, kind: str
) -> None:
    conversation = factories.conversation(PHONE)
    factories.message(conversation, "¿Siguen ahí?", read_at=utcnow())
    service.answers = [(503, {}) for _ in range(20)]
    with writing() as session:
        enqueue(session, TELL, {"conversation_id": conversation.id, "kind": kind})
    run_due(timedelta(seconds=5))
    [job] = waiting()
    until = datetime.fromisoformat(job.payload["until"])
    assert timedelta(hours=3, minutes=59) < until - utcnow() <= timedelta(hours=4)

    with writing() as session:
        over = {**job.payload, "until": utcnow().isoformat()}
        session.execute(update(Job).values(payload=over, attempts=MOST_ATTEMPTS - 1))
    due_again()

    assert waiting() == []
    assert len(service.got) == 1


def test_the_last_try_comes_after_what_is_told_is_over() -> None:
    pauses = [pause_after(attempts, HANDLERS[DEVICE].pause) for attempts in range(1, MOST_ATTEMPTS)]

    assert sum(pauses, timedelta()) > TTL


def test_a_window_that_closes_unanswered_is_told_on_devices_too(
    app: Flask, service: Receiver, device: Subscription, factories: Factories
) -> None:
    conversation = factories.conversation(PHONE, window_expires_at=utcnow() + timedelta(minutes=100, seconds=30))
    factories.message(conversation, "¿Siguen ahí?", read_at=utcnow())

    assert tell_closing() == [conversation.id]
    run_due(timedelta(seconds=5))
    assert tell_closing() == []
    run_due(timedelta(seconds=5))

    [(_headers, words)] = service.got
    assert words["title"] == "La ventana de Lucía Ferreyra cierra en 1 h 40 min"
    assert (words["body"], words["lasting"]) == ("¿Siguen ahí?", True)
