"""What clients send, from their phone to the office's screen; and what hostile files do there, which is nothing."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select, update

from app.extensions import db, writing
from app.jobs.models import Job
from app.whatsapp.attachments.actions.queue import FETCH, SHRINK
from app.whatsapp.models import Media
from tests.e2e.conftest import Phone
from tests.e2e.test_round_trip import open_chat
from tests.e2e.waiting import caught_up
from tests.media import samples

OpenPage = Callable[..., Page]
HEARD = """() => new Promise((done) => {
  const sounds = [...document.querySelectorAll("#messages audio")];
  const look = () => (sounds.some((sound) => sound.currentTime > 0) ? done(true) : requestAnimationFrame(look));
  look();
})"""
# A script of another's making, asked for as a page's own would be; the answer is what it did.
RUN = """url => new Promise((done) => {
  const script = Object.assign(document.createElement("script"), { src: url });
  script.onload = () => done("ran");
  script.onerror = () => done("refused");
  document.head.append(script);
})"""
NOTICE = "window.ran = 1; alert(1);"
RUNNING_GIF = b"GIF89a=1;" + NOTICE.encode() + b"//" + bytes(30)


@pytest.fixture(scope="session")
def browser(full_browser: Browser) -> Browser:
    """What a hostile file finds is the whole browser, with its viewer of PDFs."""
    return full_browser


def send(lucia: Phone, data: bytes, kind: str = "document", **fields: Any) -> None:
    lucia.say("", type=kind, data=base64.b64encode(data).decode(), **fields)
    lucia.idle()


def media() -> list[Media]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Media).order_by(Media.id)))


def settled(count: int = 1) -> list[Media]:
    """Wait until what was sent is here, small pictures included, or is given up; jobs do it after the answer."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        found, work = media(), select(func.count(Job.id)).where(Job.name.in_((FETCH, SHRINK)))
        if len(found) == count and not db.session.scalar(work):
            return found
        time.sleep(0.1)
    raise AssertionError([(one.state, one.error, one.attempts) for one in media()])


def test_photos_voice_notes_and_documents_are_seen_heard_and_saved(open_page: OpenPage, lucia: Phone) -> None:
    page = open_page()
    lucia.say("Hola")
    lucia.idle()
    open_chat(page, "Lucía Ferreyra")

    send(lucia, samples.picture(1600, 1200, "JPEG"), "image", content_type="image/jpeg")
    send(lucia, samples.VOICE, "audio")
    send(lucia, samples.PDF, "document", file_name="Lista de temas.pdf")

    photo = page.locator("#messages .picture img")
    settled(3)
    caught_up(page)
    expect(photo).to_have_js_property("naturalWidth", 480)  # The small one, which a later job makes.
    expect(photo).to_have_attribute("src", f"/media/{media()[0].thumbnail_id}")
    box = photo.bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (300, 225)
    expect(page.locator("#messages audio[data-player]")).to_have_attribute("src", f"/media/{media()[1].file_id}")
    page.get_by_role("button", name="Reproducir").click()
    assert page.evaluate(HEARD)
    with page.expect_download() as saved:
        page.locator("#messages a.file", has_text="Lista de temas.pdf").click()
    assert saved.value.suggested_filename == "Lista de temas.pdf"


def test_a_photo_that_twilio_has_only_later_comes_into_the_open_chat_by_itself(
    open_page: OpenPage, lucia: Phone
) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    lucia.fault("media_late", times=None)

    lucia.say("El salón", type="image")
    lucia.idle()
    caught_up(page)

    expect(page.locator("#messages .waiting")).to_contain_text("Bajando…")
    lucia.control.delete("/control/faults/media_late")  # Now Twilio has it, and the next try comes within seconds.
    expect(page.locator("#messages .picture img")).to_be_visible()
    expect(page.locator("#messages .waiting")).to_have_count(0)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("media_large", "Es demasiado grande"),
        ("media_elsewhere", "No vino de WhatsApp"),
        ("media_private", "No vino de WhatsApp"),
    ],
)
def test_what_is_not_fetched_says_why(open_page: OpenPage, lucia: Phone, fault: str, said: str) -> None:
    lucia.fault(fault)
    lucia.say("", type="image")
    lucia.idle()
    settled()
    page = open_page()

    open_chat(page, "Lucía Ferreyra")

    expect(page.locator("#messages .missing")).to_contain_text(said)
    expect(page.locator("#messages .missing button")).to_have_count(0)


def test_a_file_that_did_not_come_is_asked_for_again(open_page: OpenPage, lucia: Phone) -> None:
    lucia.fault("media_private")
    lucia.say("", type="image")
    lucia.idle()
    settled()
    with writing() as session:  # As after an hour without a network.
        session.execute(update(Media).values(error="unreachable"))
    page = open_page()
    open_chat(page, "Lucía Ferreyra")
    expect(page.locator("#messages .missing")).to_contain_text("No pudimos bajarlo de WhatsApp.")

    page.get_by_role("button", name="Reintentar").click()

    expect(page.locator("#messages .picture img")).to_be_visible()


@pytest.mark.parametrize(
    ("data", "content_type", "name"),
    [
        (samples.SVG.replace(b"alert(1)", NOTICE.encode()), "image/svg+xml", "foto.svg"),
        (samples.HTML.replace(b"alert(1)", NOTICE.encode()), "text/html", "../../index.html"),
        (b"\xef\xbb\xbf<html>" + samples.HTML, "application/xhtml+xml", "a.xhtml"),
        (NOTICE.encode(), "text/javascript", "a.js"),
        (bytes(3_000_000), "image/png", "ceros.png"),
        (samples.zipped("evil.exe"), "application/pdf", "factura\u202efdp.exe"),
    ],
)
def test_what_could_run_is_saved_and_never_opened(
    open_page: OpenPage, lucia: Phone, trouble: list[str], data: bytes, content_type: str, name: str
) -> None:
    send(lucia, data, content_type=content_type, file_name=name)
    [file] = settled()
    page, url = open_page(), f"/media/{file.file_id}"
    open_chat(page, "Lucía Ferreyra")

    expect(page.locator("#messages a.file")).to_have_count(1)
    with page.expect_download() as saved:
        page.evaluate("url => { location.href = url; }", url)
    assert not {"/", "\\", "\u202e"} & set(saved.value.suggested_filename)
    assert page.evaluate(RUN, url) == "refused"
    assert page.evaluate("window.ran") is None
    trouble.clear()  # The browser says that it refused.


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (RUNNING_GIF, "text/html"),
        (samples.PDF_AND_HTML.replace(b"alert(1)", NOTICE.encode()), "text/html"),
        (samples.PHOTO + samples.HTML, "text/html"),
    ],
)
def test_a_file_that_is_two_things_is_only_ever_the_harmless_one(
    open_page: OpenPage, lucia: Phone, trouble: list[str], data: bytes, content_type: str
) -> None:
    send(lucia, data, content_type=content_type, file_name="a.html")
    [file] = settled()
    page, url = open_page(), f"/media/{file.file_id}"
    open_chat(page, "Lucía Ferreyra")

    assert page.evaluate(RUN, url) == "refused"
    assert page.evaluate("window.ran") is None
    alone = page.context.new_page()
    ran: list[str] = []
    alone.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    alone.goto(url)
    assert alone.evaluate("window.ran") is None
    assert ran == []
    trouble.clear()
