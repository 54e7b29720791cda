"""Asking Twilio again brings in what the webhooks did not, once, and settles what nobody told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.auth.models import User
from app.extensions import db, utcnow
from app.formats import to_local
from app.twilio.client import Account, NoAnswer, NotReached, Refused, RemoteMedia, RemoteMessage, TwilioError
from app.twilio.payloads import parse_inbound
from app.whatsapp import queries
from app.whatsapp.changes import current_change
from app.whatsapp.messaging.actions.receive import receive
from app.whatsapp.messaging.actions.send import send
from app.whatsapp.messaging.actions.sync import GIVE_UP, IN_FLIGHT, MARGIN, STALE_LIMIT, SyncReport, sync
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Conversation, Message, SyncRun
from app.whatsapp.names import last_line
from app.whatsapp.outcomes import failure
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.night import move_office
from tests.signing import WEBHOOK, inbound_form, post_signed
from tests.threads import in_threads

PHONE = "+5491155550101"


def run(since: datetime | None = None) -> SyncReport:
    report = sync(lambda _report: None, since)
    db.session.rollback()
    db.session.expire_all()
    return report


def ago(**span: float) -> datetime:
    return (utcnow() - timedelta(**span)).replace(microsecond=0)  # Twilio tells no fractions of seconds.


def add(twilio: FakeTwilio, body: str = "Hola", moment: datetime | None = None, **fields: Any) -> str:
    moment = moment or ago(minutes=10)
    return twilio.add(body, **({"created_at": moment, "sent_at": moment} | fields))


def stored(sid: str) -> Message:
    db.session.rollback()
    message = queries.find_message_by_sid(sid)
    assert message is not None
    return message


def message_count() -> int:
    db.session.rollback()
    return db.session.scalars(select(func.count(Message.id))).one()


def counted(report: SyncReport) -> tuple[int, int, int]:
    return report.seen, report.added, report.settled


@pytest.fixture
def conversation(factories: Factories) -> Conversation:
    return factories.conversation()


def own(factories: Factories, conversation: Conversation, body: str = "Hola", **fields: Any) -> Message:
    """A message of ours whose answer from Twilio was lost, made ten minutes ago."""
    moment = fields.pop("created_at", ago(minutes=10))
    defaults = {"status": "unconfirmed", "message_sid": None, "idempotency_key": f"key {body} {moment}"}
    fields = defaults | fields
    return factories.message(conversation, body, direction="outbound", created_at=moment, sent_at=moment, **fields)


# What was missed


def test_what_is_brought_in_the_morning_is_about_the_night_in_which_it_was_written(
    app: Flask, twilio: FakeTwilio, factories: Factories, monkeypatch: pytest.MonkeyPatch
) -> None:
    move_office(app, monkeypatch, 6)
    began_on = to_local(utcnow()).date() - timedelta(days=1)
    other = "+5491155550102"
    parties = {phone: factories.coordinacion(phone=phone, event_on=began_on).id for phone in (PHONE, other)}
    for phone in parties:
        factories.coordinacion(phone=phone, event_on=began_on + timedelta(days=150))
    asked = add(twilio, "Se cortó la luz", ago(hours=4))
    said = add(twilio, "Ya vamos", ago(hours=4), direction="outbound", status="delivered", phone=other)

    run()

    assert stored(asked).coordinacion_id == parties[PHONE]
    assert stored(said).coordinacion_id == parties[other]


def test_a_message_that_no_webhook_brought_comes_in_with_its_own_time(twilio: FakeTwilio) -> None:
    moment = ago(hours=3)
    sid = add(twilio, "¿Me leen?", moment)

    assert counted(run()) == (1, 1, 0)

    message = stored(sid)
    assert (message.direction, message.type, message.body) == ("inbound", "text", "¿Me leen?")
    assert (message.from_number, message.status) == (f"whatsapp:{PHONE}", "received")
    assert message.sent_at == moment
    conversation = message.conversation
    assert (conversation.unread_count, conversation.last_message_id) == (1, message.id)
    assert conversation.last_message_at == moment
    assert conversation.window_expires_at == moment + timedelta(hours=24)
    assert conversation.phone_number == PHONE


def test_it_takes_its_place_before_what_came_later(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    later = factories.message(conversation, "después", sent_at=ago(minutes=5))
    window = factories.reload(conversation).window_expires_at
    sid = add(twilio, "antes", ago(hours=20))

    run()

    page = queries.list_messages(conversation_id=conversation.id, limit=10)
    assert [message.message_sid for message in page.items] == [later.message_sid, sid]
    assert factories.reload(conversation).last_message_id == later.id
    assert conversation.window_expires_at == window
    assert conversation.unread_count == 2


def test_several_come_in_oldest_first(twilio: FakeTwilio) -> None:
    sids = [add(twilio, str(minutes), ago(minutes=minutes)) for minutes in (5, 50, 20)]

    run()

    changes = {sid: stored(sid).change for sid in sids}
    assert sorted(sids, key=lambda sid: changes[sid]) == [sids[1], sids[2], sids[0]]


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/jpeg", "image"),
        ("audio/ogg", "audio"),
        ("video/mp4", "video"),
        ("application/pdf", "document"),
        ("text/vcard", "contact"),
    ],
)
def test_files_come_with_it(twilio: FakeTwilio, content_type: str, kind: str) -> None:
    sid = add(twilio, "", num_media=2)
    files = [RemoteMedia(f"https://api.twilio.com/{at}", content_type) for at in range(2)]
    twilio.media[sid] = files

    run()

    message = stored(sid)
    assert message.type == kind
    assert [RemoteMedia(item.url, item.content_type) for item in message.media] == files


def test_a_blank_message_says_that_it_cannot_be_shown(twilio: FakeTwilio) -> None:
    sid = add(twilio, "")

    run()

    assert last_line(stored(sid)) == "Mensaje no compatible"


def test_text_comes_whole_and_without_nul(twilio: FakeTwilio) -> None:
    sid = add(twilio, "ñ🎉" * 3000 + "\x00fin")

    run()

    assert stored(sid).body == "ñ🎉" * 3000 + "fin"


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_a_message_of_nobody_we_can_name_does_not_stop_the_rest(
    twilio: FakeTwilio, caplog: pytest.LogCaptureFixture, direction: str
) -> None:
    add(twilio, "de nadie", ago(minutes=20), phone="", direction=direction)
    sid = add(twilio, "de alguien", ago(minutes=10))

    assert counted(run()) == (2, 1, 0)

    assert stored(sid).body == "de alguien"
    assert [r.getMessage() for r in caplog.records] == ["Message without a known contact not synced"]


def test_a_message_of_someone_without_a_number_comes_in(twilio: FakeTwilio) -> None:
    sid = add(twilio, phone="AR.456")

    run()

    assert stored(sid).conversation.contact.user_id == "AR.456"


def test_what_a_webhook_brought_is_left_as_it_is(twilio: FakeTwilio, factories: Factories) -> None:
    sid = add(twilio)
    receive(parse_inbound(inbound_form(MessageSid=sid, ProfileName="Lucía")))
    change = current_change()

    assert counted(run()) == (1, 0, 0)

    assert stored(sid).conversation.unread_count == 1
    assert current_change() == change


def test_a_webhook_that_comes_after_all_changes_nothing(twilio: FakeTwilio) -> None:
    sid = add(twilio)
    run()

    assert receive(parse_inbound(inbound_form(MessageSid=sid))) is None

    assert stored(sid).conversation.unread_count == 1


# What was sent elsewhere


def test_what_was_sent_elsewhere_comes_in_and_what_it_answered_is_read(twilio: FakeTwilio) -> None:
    asked = add(twilio, "¿A qué hora?", ago(minutes=30))
    answered = add(twilio, "A las 21", ago(minutes=20), direction="outbound", status="delivered")
    after = add(twilio, "¡Gracias!", ago(minutes=10))

    assert counted(run()) == (3, 3, 0)

    answer = stored(answered)
    assert (answer.direction, answer.status, answer.author_id) == ("outbound", "delivered", None)
    assert answer.sent_at == twilio.messages[answered].sent_at
    assert stored(asked).read_at is not None
    assert stored(after).read_at is None
    assert answer.conversation.unread_count == 1
    assert answer.conversation.last_message_id == stored(after).id


def test_what_staff_had_unread_stays_so_whoever_else_wrote(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    unread = factories.message(
        conversation, "¿Se puede mover la fecha?", sent_at=ago(minutes=30), created_at=ago(minutes=30)
    )
    add(twilio, "Recordatorio automático", ago(minutes=20), direction="outbound", phone=conversation.phone_number)

    run()

    assert factories.reload(unread).read_at is None
    assert factories.reload(conversation).unread_count == 1


def test_what_failed_elsewhere_comes_with_its_reason(twilio: FakeTwilio) -> None:
    sid = add(twilio, direction="outbound", status="failed", error_code=63024, error_message="no", sent_at=None)

    run()

    assert (stored(sid).status, stored(sid).error_code) == ("failed", 63024)
    assert stored(sid).sent_at == twilio.messages[sid].created_at


def test_another_programs_way_of_writing_a_number_does_not_change_where_answers_go(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    sid = add(twilio, direction="outbound", phone="+541155550101")

    run()

    assert stored(sid).conversation_id == conversation.id
    assert factories.reload(conversation).phone_number == PHONE


# What was lost on the way


def test_our_own_message_without_an_answer_is_found_and_not_doubled(
    twilio: FakeTwilio, factories: Factories, ana: User, conversation: Conversation
) -> None:
    twilio.fail_next(NoAnswer(), accepted=True)
    sending = send(SendRequest("Hola", conversation_id=conversation.id), "key", ana.id)
    sid = next(iter(twilio.messages))
    twilio.messages[sid] = replace(twilio.messages[sid], status="delivered", created_at=ago(seconds=0))

    assert counted(run()) == (1, 0, 1)

    message = queries.get_message(sending.message_id)
    assert (message.message_sid, message.status) == (sid, "delivered")
    assert message_count() == 1


@pytest.mark.parametrize("phone", [PHONE, "+541155550101"])
def test_white_space_and_the_form_of_the_number_do_not_tell_messages_apart(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation, phone: str
) -> None:
    message = own(factories, conversation, "Hola \nchau ")
    sid = add(twilio, "Hola\nchau", direction="outbound", phone=phone)

    run()

    assert factories.reload(message).message_sid == sid


def test_a_template_is_found_though_its_words_are_twilios(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    message = own(factories, conversation, "", template={"content_sid": "HX", "variables": {}}, type="template")
    sid = add(twilio, "Hola Lucía", direction="outbound")

    run()

    assert factories.reload(message).message_sid == sid


def test_the_same_words_beat_a_template(twilio: FakeTwilio, factories: Factories, conversation: Conversation) -> None:
    template = own(factories, conversation, "", template={"content_sid": "HX", "variables": {}}, type="template")
    text = own(factories, conversation, "Hola", created_at=ago(minutes=11))
    sid = add(twilio, "Hola", direction="outbound")

    run()

    assert factories.reload(text).message_sid == sid
    assert factories.reload(template).message_sid is None


def test_of_twins_the_nearest_in_time_is_meant(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    first = own(factories, conversation, "ok", created_at=ago(minutes=40))
    second = own(factories, conversation, "ok", created_at=ago(minutes=10))
    sid = add(twilio, "ok", ago(minutes=10), direction="outbound")

    run()

    assert factories.reload(second).message_sid == sid
    assert factories.reload(first).message_sid is None


@pytest.mark.parametrize(
    "other",
    [
        {"body": "Otra cosa"},
        {"phone": "+5491155550199"},
        {"moment": timedelta(hours=3)},
        {"moment": timedelta(minutes=14)},
    ],
)
def test_other_words_another_person_or_another_time_is_another_message(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation, other: dict[str, Any]
) -> None:
    message = own(factories, conversation)
    changes = {name: value for name, value in other.items() if name != "moment"}
    sid = add(twilio, moment=utcnow() - other.get("moment", timedelta(minutes=10)), direction="outbound", **changes)

    run()

    assert stored(sid).id != message.id
    assert factories.reload(message).message_sid is None


# What became of what was sent


@pytest.mark.parametrize("status", ["sent", "delivered", "read", "undelivered", "failed"])
def test_a_status_that_nobody_told_is_settled(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation, status: str
) -> None:
    sid = add(twilio, direction="outbound", status=status, error_code=63016 if status == "failed" else None)
    message = factories.message(conversation, direction="outbound", status="queued", message_sid=sid)

    assert counted(run()) == (1, 0, 1)

    assert factories.reload(message).status == status
    assert message.change == factories.reload(conversation).change == current_change()
    assert (message.read_at is not None) == (status == "read")
    assert conversation.window_open(utcnow()) == (status != "failed")


def test_a_list_that_is_behind_moves_nothing_back(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    sid = add(twilio, direction="outbound", status="sent")
    message = factories.message(conversation, direction="outbound", status="read", message_sid=sid)
    change = current_change()

    assert counted(run()) == (1, 0, 0)

    assert factories.reload(message).status == "read"
    assert current_change() == change


def test_what_the_list_no_longer_reaches_is_asked_for_by_its_sid(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    sid = add(twilio, moment=ago(hours=5), direction="outbound", status="delivered")
    moment = ago(hours=5)
    message = factories.message(
        conversation, direction="outbound", message_sid=sid, status="sent", created_at=moment, sent_at=moment
    )

    assert counted(run(since=ago(hours=1))) == (0, 0, 1)

    assert factories.reload(message).status == "delivered"


def test_what_is_in_flight_or_a_day_old_is_not_asked_for(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    for span in (IN_FLIGHT / 2, STALE_LIMIT * 2):
        sid = add(twilio, moment=ago(days=40), direction="outbound", status="delivered")
        factories.message(
            conversation, direction="outbound", message_sid=sid, status="sent", created_at=utcnow() - span
        )

    assert counted(run()) == (0, 0, 0)


def test_a_message_that_twilio_forgot_is_named_and_left(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    message = factories.message(
        conversation, direction="outbound", status="sent", created_at=ago(minutes=30), message_sid="SM" + "9" * 32
    )

    report = run()

    assert report.missing == ["SM" + "9" * 32]
    assert factories.reload(message).status == "sent"


@pytest.mark.parametrize("status", ["queued", "unconfirmed"])
def test_what_twilio_never_had_is_given_up_with_a_sentence(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation, status: str
) -> None:
    message = own(factories, conversation, status=status, created_at=utcnow() - GIVE_UP - timedelta(minutes=1))

    assert counted(run()) == (0, 0, 1)

    assert (factories.reload(message).status, message.error_code) == ("failed", None)
    assert failure(message) == "No llegó a salir. Mandalo de nuevo."
    assert factories.reload(conversation).change == message.change == current_change()


def test_it_is_given_up_however_late_the_sync_comes(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    message = own(factories, conversation, created_at=ago(days=9))

    run()

    assert factories.reload(message).status == "failed"


def test_what_may_still_come_is_not_given_up(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    message = own(factories, conversation, created_at=utcnow() - GIVE_UP + timedelta(minutes=1))

    run()

    assert factories.reload(message).status == "unconfirmed"


def test_what_the_list_was_not_asked_for_is_not_given_up(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    factories.store(SyncRun(started_at=ago(hours=3), finished_at=ago(hours=3)))
    message = own(factories, conversation, created_at=ago(hours=2))
    sid = add(twilio, moment=ago(hours=2), direction="outbound")

    run(since=ago(hours=1))
    assert factories.reload(message).status == "unconfirmed"

    run()
    assert factories.reload(message).message_sid == sid


# Again and again, at once, and cut short


@pytest.fixture
def busy_account(twilio: FakeTwilio, factories: Factories, conversation: Conversation) -> FakeTwilio:
    """An account with something of everything: missed in, sent elsewhere, lost on the way, and stale."""
    photo = add(twilio, "foto", ago(minutes=50), num_media=1)
    twilio.media[photo] = [RemoteMedia("https://api.twilio.com/1", "image/jpeg")]
    for number in range(4):
        add(twilio, f"entra {number}", ago(minutes=40 - number), phone=f"+549115555010{number}")
    add(twilio, "de la consola", ago(minutes=30), direction="outbound")
    own(factories, conversation, "perdido", created_at=ago(minutes=20))
    add(twilio, "perdido", ago(minutes=20), direction="outbound", status="delivered")
    own(factories, conversation, "nunca salió", created_at=ago(minutes=90))
    stale = add(twilio, "viejo", ago(hours=3), direction="outbound", status="read")
    factories.message(conversation, "viejo", direction="outbound", message_sid=stale, sent_at=ago(hours=3))
    return twilio


def snapshot() -> list[Any]:
    db.session.rollback()
    columns = (Message.id, Message.message_sid, Message.status, Message.read_at, Message.change, Message.sent_at)
    messages = db.session.execute(select(*columns).order_by(Message.id)).all()
    columns_too = (Conversation.id, Conversation.unread_count, Conversation.last_message_id, Conversation.change)
    return [*messages, *db.session.execute(select(*columns_too).order_by(Conversation.id)).all()]


def test_a_second_sync_changes_nothing(busy_account: FakeTwilio) -> None:
    first = run()
    before, change = snapshot(), current_change()

    second = run()

    assert counted(first) == (8, 6, 3)
    assert counted(second) == (7, 0, 0)  # One of the eight is further back than the second one reaches.
    assert snapshot() == before
    assert current_change() == change


def test_two_syncs_at_once_do_no_harm(app: Flask, busy_account: FakeTwilio) -> None:
    reports = in_threads(app, *[lambda: sync(lambda _report: None)] * 3)

    assert all(isinstance(report, SyncReport) for report in reports), reports
    sids = db.session.scalars(select(Message.message_sid).where(Message.message_sid.is_not(None))).all()
    assert sorted(sids) == sorted(busy_account.messages)
    assert message_count() == len(busy_account.messages) + 1
    unread = db.session.scalars(select(func.count(Message.id)).where(unread_of_clients())).one()
    assert queries.unread_count() == unread == 3


def unread_of_clients() -> Any:
    return (Message.direction == "inbound") & Message.read_at.is_(None)


def test_the_next_sync_begins_an_hour_before_the_last_one_did(twilio: FakeTwilio) -> None:
    run()
    within = add(twilio, "llega", utcnow() - MARGIN + timedelta(minutes=1))
    beyond = add(twilio, "no llega", utcnow() - MARGIN - timedelta(minutes=1))

    run()

    assert queries.find_message_by_sid(within) is not None
    assert queries.find_message_by_sid(beyond) is None


@pytest.mark.parametrize("fields", [{"type": "template", "body": "", "template": {"content_sid": "HX1"}}, {}])
def test_what_was_lost_long_before_is_not_what_somebody_sent_now(
    twilio: FakeTwilio, factories: Factories, conversation: Conversation, fields: dict[str, Any]
) -> None:
    dead = factories.message(
        conversation, **({"body": "Ok"} | fields), direction="outbound", status="unconfirmed", message_sid=None,
        created_at=ago(minutes=100),
    )  # fmt: skip
    sid = add(twilio, "Ok", ago(minutes=1), direction="outbound", status="delivered")

    run()

    assert stored(sid).id != dead.id
    assert stored(sid).body == "Ok"
    assert factories.reload(dead).status == "failed"


def test_a_message_whose_files_twilio_cannot_list_still_comes_and_so_does_the_rest(
    app: Flask, factories: Factories
) -> None:
    class Forgetful(FakeTwilio):
        def list_media(self, sid: str) -> list[RemoteMedia]:
            raise Refused(20404, "not found", 404)

    app.extensions["twilio"] = fake = Forgetful()
    photo, last = add(fake, "foto", ago(minutes=9), num_media=1), add(fake, "después", ago(minutes=8))

    run()

    assert (stored(photo).body, stored(last).body) == ("foto", "después")


def test_a_yes_of_before_does_not_lift_what_was_said_since(app: Flask, twilio: FakeTwilio) -> None:
    post_signed(app.test_client(), WEBHOOK, inbound_form("STOP", OptOutType="STOP"))
    add(twilio, "yes", ago(hours=20))

    run()

    assert db.session.scalars(select(Conversation.opted_out)).all() == [True]
    post_signed(app.test_client(), WEBHOOK, inbound_form("START"))
    db.session.rollback()
    db.session.expire_all()
    assert db.session.scalars(select(Conversation.opted_out)).all() == [False]


def test_the_first_sync_reaches_back_a_month_and_one_can_ask_for_more(twilio: FakeTwilio) -> None:
    recent, old = add(twilio, "29", ago(days=29)), add(twilio, "31", ago(days=31))

    run()
    assert queries.find_message_by_sid(recent) is not None
    assert queries.find_message_by_sid(old) is None

    run(since=ago(days=60))
    assert queries.find_message_by_sid(old) is not None


def test_a_sync_of_less_leaves_what_it_skipped_to_the_next(twilio: FakeTwilio, factories: Factories) -> None:
    factories.store(SyncRun(started_at=ago(days=3), finished_at=ago(days=3)))
    skipped = add(twilio, "salteado", ago(days=2))

    run(since=ago(hours=1))
    assert queries.find_message_by_sid(skipped) is None

    run()
    assert queries.find_message_by_sid(skipped) is not None


def test_progress_is_told_along_the_way(busy_account: FakeTwilio) -> None:
    told: list[tuple[int, int]] = []

    sync(lambda report: told.append((report.listed, report.seen)))

    assert [seen for _listed, seen in told] == [0] * 8 + [*range(1, 9), 8]
    assert [listed for listed, _seen in told] == [*range(1, 9)] + [8] * 9


def test_what_a_sync_did_is_kept(busy_account: FakeTwilio) -> None:
    run()

    kept = db.session.scalars(select(SyncRun)).one()
    assert (kept.seen_count, kept.added_count, kept.settled_count) == (8, 6, 3)
    assert kept.finished_at is not None
    assert kept.finished_at >= kept.started_at


class BreaksHalfWay(FakeTwilio):
    """A Twilio that fails when it is asked for the files of a message, and says whether we had a transaction open."""

    broken = True
    in_transaction = False

    def list_media(self, sid: str) -> list[RemoteMedia]:
        self.in_transaction = db.session().in_transaction()
        if self.broken:
            raise NotReached
        return super().list_media(sid)


@pytest.fixture
def breaking(app: Flask) -> BreaksHalfWay:
    fake = app.extensions["twilio"] = BreaksHalfWay()
    return fake


def test_a_failure_half_way_keeps_what_came_and_the_next_sync_brings_the_rest(breaking: BreaksHalfWay) -> None:
    first = add(breaking, "antes", ago(hours=2))
    photo = add(breaking, "foto", ago(minutes=90), num_media=1)
    breaking.media[photo] = [RemoteMedia("https://api.twilio.com/1", "image/jpeg")]
    last = add(breaking, "después", ago(minutes=85))

    with pytest.raises(NotReached):
        run()
    assert [message.message_sid for message in db.session.scalars(select(Message))] == [first]

    breaking.broken = False
    assert counted(run()) == (3, 2, 0)
    assert stored(photo).media
    assert stored(last).conversation.unread_count == 3


def test_no_transaction_is_open_while_twilio_is_asked_for_files(breaking: BreaksHalfWay) -> None:
    breaking.broken = False
    add(breaking, "foto", num_media=1)

    run()

    assert not breaking.in_transaction


class RefusesToFetch(FakeTwilio):
    def fetch(self, sid: str) -> RemoteMessage:
        raise Refused(20429, "Too Many Requests", 429)


def test_a_busy_twilio_is_not_taken_for_one_that_forgot(
    app: Flask, factories: Factories, conversation: Conversation
) -> None:
    app.extensions["twilio"] = RefusesToFetch()
    factories.message(conversation, direction="outbound", status="sent", created_at=ago(minutes=30))

    with pytest.raises(Refused):
        run()

    assert db.session.scalars(select(SyncRun.finished_at)).one() is None


# The command


def test_the_command_says_what_it_did(app: Flask, busy_account: FakeTwilio) -> None:
    result = app.test_cli_runner().invoke(args=["whatsapp", "sync"])

    assert result.exit_code == 0, result.output
    assert result.stdout == "Seen 8, added 6, settled 3.\n"
    assert "\rListed 8, seen 8, added 6, settled 3" in result.stderr


def test_the_command_names_how_many_twilio_forgot(
    app: Flask, twilio: FakeTwilio, factories: Factories, conversation: Conversation
) -> None:
    factories.message(conversation, direction="outbound", status="sent", created_at=ago(minutes=30))

    result = app.test_cli_runner().invoke(args=["whatsapp", "sync"])

    assert result.exit_code == 0
    assert "Twilio knows nothing of 1 messages that it had accepted." in result.stderr


def test_the_command_reaches_back_as_far_as_it_is_asked(app: Flask, twilio: FakeTwilio) -> None:
    old = add(twilio, "viejo", ago(days=100))

    result = app.test_cli_runner().invoke(args=["whatsapp", "sync", "--since", f"{ago(days=101):%Y-%m-%d}"])

    assert result.stdout == "Seen 1, added 1, settled 0.\n"
    assert queries.find_message_by_sid(old) is not None


@pytest.mark.parametrize("since", ["ayer", "2026-13-01", ""])
def test_the_command_refuses_a_date_that_is_none(app: Flask, twilio: FakeTwilio, since: str) -> None:
    result = app.test_cli_runner().invoke(args=["whatsapp", "sync", "--since", since])

    assert result.exit_code == 2


@pytest.mark.parametrize("command", ["sync", "templates"])
def test_without_an_account_the_commands_say_what_is_missing_and_store_nothing(
    app: Flask, twilio: FakeTwilio, command: str
) -> None:
    twilio.account = Account(sid="", token="", whatsapp_number="+14155550100")

    result = app.test_cli_runner().invoke(args=["whatsapp", command])

    assert result.exit_code == 1
    assert result.output == "Error: Twilio is not connected. Missing: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN\n"
    assert db.session.scalar(select(func.count()).select_from(SyncRun)) == 0  # Else `flask restore` refuses it.


class Breaks(FakeTwilio):
    error: TwilioError

    def list_since(self, since: datetime, limit: int = 20_000) -> Iterator[RemoteMessage]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Refused(20003, "Authenticate", 401), "Error: Twilio refused with 20003: Authenticate"),
        (NotReached(), "Error: Twilio could not be reached: check the network and TWILIO_API_BASE_URL."),
        (NoAnswer(), "Error: Twilio did not answer in time."),
    ],
)
def test_the_command_says_what_went_wrong_and_what_to_do(app: Flask, error: TwilioError, sentence: str) -> None:
    fake = app.extensions["twilio"] = Breaks()
    fake.error = error

    result = app.test_cli_runner().invoke(args=["whatsapp", "sync"])

    assert result.exit_code == 1
    assert sentence in result.stderr
    assert "run it again" in result.stderr
    assert "Traceback" not in result.output
