"""What nobody needs goes after a day, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.auth.models import User
from app.extensions import db, utcnow, writing
from app.jobs.actions import ensure_periodic, run_due
from app.media.actions.keep import keep, keep_outgoing
from app.media.actions.uploads import begin, put_part
from app.media.models import File, FilePart
from app.media.queries import find_file
from app.whatsapp.attachments.actions.sweeping import KEPT_FOR, sweep, want_forgotten
from app.whatsapp.changes import current_change
from app.whatsapp.messaging.actions.attachments import media_of
from app.whatsapp.models import Media
from tests.factories import Factories
from tests.fakes import FakeFetcher
from tests.jobs.doing import SOON, change_jobs, jobs
from tests.media import s3, samples

URL = "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM1/Media/ME1"


def grow_old(*files: File) -> None:
    with writing() as session:
        then = utcnow() - KEPT_FOR - timedelta(minutes=1)
        session.execute(update(File).where(File.id.in_([file.id for file in files])).values(created_at=then))


def left() -> set[int]:
    db.session.rollback()
    return set(db.session.scalars(select(File.id)))


def parts() -> int:
    return db.session.scalar(select(func.count()).select_from(FilePart)) or 0


@pytest.fixture
def bucket(app: Flask) -> Iterator[s3.Service]:
    with s3.running() as service:
        app.extensions["media_bucket"] = service.store()
        yield service
    app.extensions["media_bucket"] = None


def test_an_upload_that_was_never_sent_goes_after_a_day(app: Flask, ana: User) -> None:
    old, new = keep_outgoing(samples.PDF, "a.pdf", ana.id), keep_outgoing(samples.PDF, "b.pdf", ana.id)
    half = begin("c.mp4", 100, ana.id)
    put_part(half.id, ana.id, 0, bytes(100))
    grow_old(old, half)

    assert sweep() == 2

    assert left() == {new.id}
    assert parts() == 1


def test_what_a_message_has_stays_and_so_does_its_small_picture(app: Flask, factories: Factories) -> None:
    sent, small = keep(samples.PHOTO), keep(samples.picture())
    media = media_of(sent)
    media.thumbnail_id = small.id
    factories.message(factories.conversation(), media=[media])
    grow_old(sent, small)

    assert sweep() == 0

    assert left() == {sent.id, small.id}
    assert find_file(sent.id) is not None


def test_many_go_and_nothing_is_left_of_them(app: Flask) -> None:
    files = [keep(bytes([number])) for number in range(120)]
    grow_old(*files)

    assert sweep() == 120

    assert (left(), parts()) == (set(), 0)


@pytest.mark.enable_socket
def test_a_bucket_is_emptied_first_and_asked_again_the_next_day(app: Flask, bucket: s3.Service) -> None:
    file, kept = keep(samples.PDF), keep(samples.PHOTO)
    grow_old(file)
    bucket.failing = True

    assert sweep() == 0
    assert left() == {file.id, kept.id}
    db.session.expire_all()
    assert find_file(file.id) is None  # Nobody can send it any more.

    bucket.failing = False
    assert sweep() == 1
    assert (left(), list(bucket.objects.values())) == ({kept.id}, [samples.PHOTO])


def test_a_sweep_that_finds_nothing_disturbs_nobody(app: Flask) -> None:
    before = current_change()

    sweep()

    assert current_change() == before


def test_it_comes_by_itself_every_day(app: Flask) -> None:
    ensure_periodic()

    run_due(SOON)

    [job] = [job for job in jobs() if job.name == "media.sweep"]
    assert timedelta(hours=23) < job.run_at - utcnow() <= timedelta(days=1)


def test_files_of_messages_from_before_are_fetched_once_more(
    app: Flask, factories: Factories, at_twilio: FakeFetcher
) -> None:
    message = factories.message(
        factories.conversation(), media=[Media(position=0, url=URL, content_type="image/jpeg", attempts=99)]
    )
    at_twilio.put(URL, samples.PHOTO)

    assert (want_forgotten(), want_forgotten()) == (1, 0)
    run_due(SOON)

    db.session.expire_all()
    assert db.session.get_one(Media, message.media[0].id).state == "stored"
    assert want_forgotten() == 0


def test_a_file_whose_work_was_given_up_unsaid_is_asked_for_once_more(
    app: Flask, factories: Factories, at_twilio: FakeFetcher
) -> None:
    message = factories.message(factories.conversation(), media=[Media(position=0, url=URL, attempts=3)])
    assert want_forgotten() == 1
    change_jobs(attempts=13, failed_at=utcnow())
    at_twilio.put(URL, samples.PHOTO)

    assert (want_forgotten(), want_forgotten()) == (1, 0)
    run_due(SOON)

    db.session.expire_all()
    assert (db.session.get_one(Media, message.media[0].id).state, jobs()) == ("stored", [])
