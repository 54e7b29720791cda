"""The files of messages, from the webhook that names them to the bubble that shows them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import delete, func, select

from app.auth.models import User
from app.errors import NotFound
from app.extensions import db, utcnow, writing
from app.formats import fold
from app.jobs.actions import MOST_ATTEMPTS, enqueue, run_due
from app.media.actions.keep import keep, keep_outgoing
from app.media.fetch import Missing, NotTwilio, TooLarge, Unreachable
from app.media.models import File
from app.media.pictures import LONGEST_SIDE
from app.twilio.client import RemoteMedia
from app.whatsapp.attachments.actions import files
from app.whatsapp.changes import current_change
from app.whatsapp.messaging.actions.send import send
from app.whatsapp.messaging.actions.sync import sync
from app.whatsapp.messaging.request import SendRequest
from app.whatsapp.models import Media, Message
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeFetcher, FakeTwilio
from tests.jobs.doing import SOON, change_jobs, jobs, make_due
from tests.media import samples
from tests.signing import WEBHOOK, inbound_form, post_signed

SignIn = Callable[[User], SignedInClient]
URL = "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM1/Media/ME1"
LARGE = samples.picture(1600, 1200, "JPEG")


def arrives(app: Flask, **changes: Any) -> Message:
    """Let a message with a file arrive, and what follows its answer happen."""
    given = {"MessageType": "image", "NumMedia": "1", "MediaUrl0": URL, "MediaContentType0": "image/jpeg"} | changes
    form = inbound_form(given.pop("Body", ""), **given)
    with post_signed(app.test_client(), WEBHOOK, form) as answer:
        assert answer.status_code == 200
    return again(db.session.scalars(select(Message).where(Message.message_sid == form["MessageSid"])).one())


def again(message: Message) -> Message:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Message, message.id)


def try_again(times: int = 1) -> None:
    """Let the pauses pass, and what waits for them happen."""
    for _ in range(times):
        make_due()
        run_due(SOON)


def state(message: Message) -> tuple[str, str, int]:
    [media] = again(message).media
    return media.state, media.error, media.attempts


def test_a_photo_is_here_when_the_webhook_is_answered_and_is_shown_small(
    app: Flask, at_twilio: FakeFetcher, ana: User, sign_in: SignIn
) -> None:
    at_twilio.put(URL, LARGE, "image/jpeg")

    [media] = arrives(app).media

    assert (media.state, media.error, media.content_type, media.size) == ("stored", "", "image/jpeg", len(LARGE))
    assert media.file is not None
    assert media.thumbnail is not None
    assert (media.file.width, media.file.height) == (1600, 1200)
    assert (media.thumbnail.width, media.thumbnail.height) == (LONGEST_SIDE, 360)
    assert jobs() == []
    with (
        sign_in(ana).get(f"/media/{media.file_id}") as large,
        sign_in(ana).get(f"/media/{media.thumbnail_id}") as small,
    ):
        assert large.data == LARGE
        assert 0 < len(small.data) < len(LARGE)


def test_a_photo_takes_one_number_when_it_arrives_and_one_with_its_file(app: Flask, at_twilio: FakeFetcher) -> None:
    at_twilio.put(URL, LARGE, "image/jpeg")

    message = arrives(app)

    assert message.media[0].thumbnail is not None
    assert message.change == current_change() == 2


def test_a_photo_that_takes_many_tries_is_shown_before_it_is_made_small(app: Flask, at_twilio: FakeFetcher) -> None:
    at_twilio.failures = [Missing(), Missing()]
    message, before = arrives(app), current_change()
    at_twilio.put(URL, LARGE)

    try_again(2)

    [media] = again(message).media
    assert (media.state, media.attempts, jobs()) == ("stored", 3, [])
    assert media.thumbnail is not None
    assert current_change() == before + 2  # The file, and later its small picture.


def test_open_threads_get_the_file_by_the_number_of_its_message(
    app: Flask, at_twilio: FakeFetcher, ana: User, sign_in: SignIn
) -> None:
    at_twilio.failures = [Missing()]
    message, browser = arrives(app), sign_in(ana)
    url = f"/whatsapp/conversations/{message.conversation_id}/changes?state=open&since={current_change()}"
    assert f'id="m-{message.id}"' not in browser.get(url).text

    at_twilio.put(URL, LARGE)
    try_again()

    [media] = again(message).media
    shown = browser.get(url).text
    assert f'id="m-{message.id}"' in shown
    assert f'src="/media/{media.thumbnail_id}"' in shown
    assert 'width="300" height="225"' in shown


def test_a_program_reads_what_a_client_sent_with_its_token(
    app: Flask, at_twilio: FakeFetcher, ana: User, bearer: Callable[[User], dict[str, str]], nobody: FlaskClient
) -> None:
    at_twilio.put(URL, samples.PDF, "application/pdf")
    message, headers = arrives(app, MessageType="document", Body="Lista.pdf"), bearer(ana)

    answer = nobody.get("/api/whatsapp/conversations/+5491155550101/messages", headers=headers)

    [file] = answer.json["items"][0]["media"]
    assert file == {
        "id": message.media[0].file_id,
        "state": "stored",
        "content_type": "application/pdf",
        "filename": "Lista.pdf",
        "size": len(samples.PDF),
        "url": f"/api/media/{message.media[0].file_id}",
    }
    with nobody.get(file["url"], headers=headers) as fetched:
        assert (fetched.data, fetched.headers["Content-Disposition"]) == (samples.PDF, 'inline; filename="Lista.pdf"')
    assert nobody.get(file["url"]).status_code == 401


def test_a_message_and_the_work_for_its_file_are_stored_together(app: Flask, at_twilio: FakeFetcher) -> None:
    at_twilio.failures = [Unreachable()]

    [media] = arrives(app).media

    assert [(job.name, job.payload) for job in jobs()] == [("media.fetch", {"media_id": media.id})]


def test_a_sync_has_the_files_fetched_that_no_webhook_told_of(
    app: Flask, at_twilio: FakeFetcher, twilio: FakeTwilio
) -> None:
    sid = twilio.add("", num_media=2)
    twilio.media[sid] = [RemoteMedia(f"{URL}{at}", "image/jpeg") for at in range(2)]
    at_twilio.put(f"{URL}0", LARGE)
    at_twilio.put(f"{URL}1", samples.PDF)

    sync(lambda _report: None)
    run_due(SOON)

    message = db.session.scalars(select(Message).where(Message.message_sid == sid)).one()
    kept = [(media.state, media.content_type) for media in again(message).media]
    assert kept == [("stored", "image/jpeg"), ("stored", "application/pdf")]


def test_a_text_asks_for_no_work(app: Flask) -> None:
    arrives(app, MessageType="text", NumMedia="0", MediaUrl0=None, MediaContentType0=None, Body="Hola")

    assert jobs() == []


def test_what_twilio_does_not_have_at_first_is_tried_again_within_seconds(app: Flask, at_twilio: FakeFetcher) -> None:
    at_twilio.failures = [Missing(), Missing(), Missing()]
    at_twilio.put(URL, samples.PHOTO)
    message, pauses = arrives(app), []

    for _ in range(3):
        assert state(message)[:2] == ("remote", "")
        pauses.append(round((jobs()[0].run_at - utcnow()).total_seconds()))
        try_again()

    assert pauses == [2, 4, 8]
    assert state(message) == ("stored", "", 4)


def test_what_does_not_come_within_half_a_minute_is_said_and_the_tries_go_on(
    app: Flask, at_twilio: FakeFetcher
) -> None:
    at_twilio.failures = [Missing()] * 7  # Which is not yet a word that it is gone.
    at_twilio.put(URL, samples.PHOTO)
    message = arrives(app)

    try_again(3)
    assert state(message) == ("remote", "", 4)
    try_again(1)
    assert state(message) == ("failed", "unreachable", 5)
    number = again(message).change
    try_again(2)
    assert again(message).change == number  # It was said already.
    try_again(1)

    assert state(message) == ("stored", "", 8)


def test_what_another_program_sent_has_its_file_too(app: Flask, at_twilio: FakeFetcher, twilio: FakeTwilio) -> None:
    sid = twilio.add("El plano", direction="outbound", num_media=1)
    twilio.media[sid] = [RemoteMedia(URL, "image/jpeg")]
    at_twilio.put(URL, LARGE)

    sync(lambda _report: None)
    run_due(SOON)

    message = db.session.scalars(select(Message).where(Message.message_sid == sid)).one()
    assert (again(message).type, state(message)[0]) == ("image", "stored")


@pytest.mark.parametrize(
    ("error", "reason", "tries"),
    [(NotTwilio, "not_twilio", 1), (TooLarge, "too_large", 1), (Missing, "gone", 9), (Unreachable, "unreachable", 12)],
)
def test_what_never_comes_is_given_up_with_its_reason(
    app: Flask, at_twilio: FakeFetcher, error: type[Exception], reason: str, tries: int
) -> None:
    at_twilio.failures = [error() for _ in range(50)]  # type: ignore[misc]

    message = arrives(app)
    try_again(20)

    assert state(message) == ("failed", reason, tries)
    assert jobs() == []
    assert db.session.scalar(select(func.count(File.id))) == 0


def test_a_try_that_is_cut_short_again_and_again_comes_to_an_end(app: Flask, at_twilio: FakeFetcher) -> None:
    at_twilio.failures = [Missing()]
    message = arrives(app)
    [media] = message.media
    for _ in range(files.MOST_TRIES - 1):
        assert files.begin(media.id) is not None  # And the process ends here.

    try_again()

    assert state(message)[:2] == ("failed", "unreachable")
    assert jobs() == []


def test_staff_ask_again_and_see_that_it_is_on_its_way(
    app: Flask, at_twilio: FakeFetcher, ana: User, sign_in: SignIn
) -> None:
    at_twilio.failures = [TooLarge(), Missing()]
    message, browser = arrives(app), sign_in(ana)
    at_twilio.put(URL, samples.PHOTO)
    number = again(message).change

    with browser.htmx("POST", f"/whatsapp/media/{message.media[0].id}/retry") as answer:
        assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, "whatsapp-changed")

    assert state(message) == ("remote", "", 1)  # It was tried when the answer was given.
    assert again(message).change > number
    try_again()
    assert state(message)[:2] == ("stored", "")


def test_the_button_works_without_a_script(app: Flask, at_twilio: FakeFetcher, ana: User, sign_in: SignIn) -> None:
    at_twilio.failures = [Unreachable() for _ in range(12)]
    message, browser = arrives(app), sign_in(ana)
    try_again(11)
    at_twilio.put(URL, samples.PHOTO)
    page = browser.get(f"/whatsapp/conversations/{message.conversation_id}").text
    url = f"/whatsapp/media/{message.media[0].id}/retry"
    assert f'action="{url}"' in page
    assert "Reintentar" in page

    with browser.post(url, data={"csrf_token": browser.csrf}) as answer:
        assert (answer.status_code, answer.location) == (303, f"/whatsapp/conversations/{message.conversation_id}")

    assert state(message)[0] == "stored"


def test_asking_again_begins_with_short_pauses_however_often_it_was_tried_before(
    app: Flask, at_twilio: FakeFetcher
) -> None:
    at_twilio.failures = [Unreachable() for _ in range(30)]
    message, pauses = arrives(app), []
    try_again(9)
    [job] = jobs()
    assert (state(message), job.attempts) == (("failed", "unreachable", 10), 10)

    files.ask_again(message.media[0].id)
    run_due(SOON)
    for _ in range(4):
        assert state(message)[0] == "remote"
        pauses.append(round((jobs()[0].run_at - utcnow()).total_seconds()))
        try_again()

    assert pauses == [2, 4, 8, 16]
    assert state(message) == ("failed", "unreachable", 5)  # People are told within half a minute again.
    try_again(7)
    assert (state(message)[2], jobs()) == (12, [])


def test_work_that_is_given_up_leaves_the_button_under_the_message(
    app: Flask, at_twilio: FakeFetcher, ana: User, sign_in: SignIn
) -> None:
    at_twilio.failures = [Missing(), Missing()]
    message = arrives(app)
    change_jobs(attempts=MOST_ATTEMPTS - 1)

    try_again()

    assert state(message) == ("failed", "unreachable", 2)
    [job] = jobs()
    assert job.failed_at is not None
    assert "Reintentar" in sign_in(ana).get(f"/whatsapp/conversations/{message.conversation_id}").text
    at_twilio.put(URL, samples.PHOTO)
    files.ask_again(message.media[0].id)
    run_due(SOON)
    assert (state(message)[0], jobs()) == ("stored", [])


def test_asking_again_for_what_is_here_or_on_its_way_changes_nothing(app: Flask, at_twilio: FakeFetcher) -> None:
    at_twilio.put(URL, samples.PHOTO)
    here, number = arrives(app), current_change()

    assert files.ask_again(here.media[0].id) == here.conversation_id

    assert (state(here)[0], jobs(), again(here).change) == ("stored", [], here.change)
    assert current_change() >= number
    for wrong in (0, 999_999, 2**70):
        with pytest.raises(NotFound):
            files.ask_again(wrong)


def test_a_file_that_comes_twice_is_kept_once(app: Flask, at_twilio: FakeFetcher) -> None:
    at_twilio.put(URL, samples.PHOTO)
    message = arrives(app)
    [media] = message.media
    kept = media.file_id

    with writing() as session:
        enqueue(session, "media.fetch", {"media_id": media.id})
        enqueue(session, "media.shrink", {"media_id": media.id})
    run_due(SOON)

    assert again(message).media[0].file_id == kept
    assert at_twilio.asked == [URL]


def test_of_two_tries_at_once_the_first_one_counts(app: Flask, at_twilio: FakeFetcher) -> None:
    at_twilio.put(URL, samples.PHOTO)
    message = arrives(app)
    [media] = message.media
    kept = media.file_id

    files.attach(media.id, keep(samples.PDF).id, None)
    files.fail(media.id, "unreachable")

    [media] = again(message).media
    assert (media.file_id, media.state, again(message).change) == (kept, "stored", message.change)


def test_work_for_what_is_gone_does_no_harm(app: Flask, at_twilio: FakeFetcher) -> None:
    at_twilio.failures = [Missing()]
    arrives(app)
    with writing() as session:
        session.execute(delete(Media))

    try_again()

    assert jobs() == []


@pytest.mark.parametrize(
    ("data", "said", "name", "content_type"),
    [
        (samples.SVG, "image/svg+xml", "", "application/octet-stream"),
        (samples.HTML, "image/jpeg", "", "application/octet-stream"),
        (samples.PDF_AND_HTML, "text/html", "../../etc/cron.d/x.html", "application/pdf"),
        (samples.GIF_AND_SCRIPT, "application/javascript", "", "image/gif"),
        (samples.JPEG_AND_ZIP, "application/zip", "a\u202egpj.exe", "image/jpeg"),
        (bytes(5_000_000), "image/png", "ceros.png", "application/octet-stream"),
    ],
)
def test_what_a_hostile_file_is_comes_from_its_bytes_and_nothing_of_it_runs(
    app: Flask, at_twilio: FakeFetcher, ana: User, sign_in: SignIn, data: bytes, said: str, name: str, content_type: str
) -> None:
    at_twilio.put(URL, data, said)

    [media] = arrives(app, MessageType="document", Body=name, MediaContentType0=said).media

    assert media.file is not None
    assert (media.state, media.content_type, media.file.content_type) == ("stored", content_type, content_type)
    assert not {"/", "\\", "\u202e"} & set(media.filename + media.file.filename)
    with sign_in(ana).get(f"/media/{media.file_id}") as answer:
        headers = answer.headers
        shown = content_type in ("application/pdf", "image/gif", "image/jpeg")
        assert headers["Content-Disposition"].startswith("inline" if shown else "attachment")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "script-src" not in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert answer.data == data


def test_a_contact_card_is_read_and_found(app: Flask, at_twilio: FakeFetcher, nobody: FlaskClient) -> None:
    at_twilio.put(URL, samples.CARD, "text/vcard")

    message = arrives(app, MessageType="contacts", MediaContentType0="text/vcard")

    [media] = message.media
    assert media.details is not None
    [contact] = media.details["contacts"]
    assert contact["name"]
    assert fold(contact["name"]) in message.search_text


def test_a_sticker_stays_as_it_is(app: Flask, at_twilio: FakeFetcher) -> None:
    at_twilio.put(URL, samples.picture(512, 512, "WEBP"), "image/webp")

    [media] = arrives(app, MessageType="sticker", MediaContentType0="image/webp").media

    assert (media.state, media.thumbnail_id) == ("stored", None)


def test_a_picture_that_cannot_be_made_small_is_shown_as_it_is(app: Flask, at_twilio: FakeFetcher) -> None:
    whole = samples.picture(1600, 1200)
    at_twilio.put(URL, whole[: len(whole) // 2])

    [media] = arrives(app).media

    assert (media.state, media.thumbnail_id, jobs()) == ("stored", None, [])


def test_what_staff_send_gets_a_small_picture_after_the_answer(
    app: Flask, factories: Factories, ana: User, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    open_ = Image.open
    monkeypatch.setattr(Image, "open", lambda *args, **rest: opened.append(1) or open_(*args, **rest))
    conversation, file = factories.conversation(), keep_outgoing(LARGE, "salon.jpg", ana.id)
    opened.clear()

    def go() -> Media:
        request = SendRequest(body="", conversation_id=conversation.id, media_id=file.id)
        with app.test_request_context():
            sending = send(request, uuid.uuid4().hex, ana.id)
        return db.session.scalars(select(Media).where(Media.message_id == sending.message_id)).one()

    first = go()
    assert (opened, first.thumbnail_id) == ([], None)
    run_due(SOON)
    second = go()
    run_due(SOON)

    db.session.expire_all()
    assert first.thumbnail is not None
    assert (first.thumbnail.width, first.thumbnail.height) == (480, 360)
    assert second.thumbnail_id == first.thumbnail_id  # The same file needs no second one.
    assert db.session.scalar(select(func.count(File.id))) == 2


def test_what_takes_long_lets_what_does_not_go_first(app: Flask) -> None:
    from app.jobs.handlers import Handler, all_handlers, register

    before, done = dict(all_handlers()), []
    register(app, "slow", Handler(lambda _payload: done.append("slow"), patient=True))
    register(app, "quick", Handler(lambda _payload: done.append("quick")))
    with writing() as session:
        enqueue(session, "slow", run_at=utcnow() - timedelta(minutes=1))
        enqueue(session, "quick")

    run_due(SOON)

    all_handlers().clear()
    all_handlers().update(before)
    assert done == ["quick", "slow"]
