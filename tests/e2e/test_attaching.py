"""Files from the composer to the client's phone: picked, pasted, dropped; made smaller; and what may go wrong."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Locator, Page, Route, expect
from sqlalchemy import update

from app.auth.models import User
from app.extensions import utcnow, writing
from app.whatsapp.models import Conversation
from config import ROOT
from tests.e2e.conftest import Phone
from tests.e2e.test_round_trip import held, open_chat
from tests.e2e.test_unsaved import sign_in_elsewhere
from tests.e2e.waiting import A_TURN, POLL, caught_up, look_now

OpenPage = Callable[..., Page]
FILES = ROOT / "simulator" / "media"
PHOTO = FILES / "photo.jpg"
PDF = FILES / "playlist.pdf"
DRAW = """([width, height, type]) => {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").fillRect(0, 0, width, height / 2);
  return canvas.toDataURL(type).split(",")[1];
}"""
GIVE = """([event, target, files]) => {
  const data = new DataTransfer();
  for (const [name, type, text] of files) {
    data.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name, { type }));
  }
  const given = event === "paste" ? new ClipboardEvent(event, { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector(target).dispatchEvent(given);
}"""


def begin(open_page: OpenPage, lucia: Phone, **options: Any) -> Page:
    lucia.say("Hola")
    lucia.idle()
    page = open_page(**options)
    open_chat(page, "Lucía Ferreyra")
    return page


def picture(page: Page, width: int, height: int, content_type: str = "image/jpeg") -> bytes:
    return base64.b64decode(page.evaluate(DRAW, [width, height, content_type]))


def pick(page: Page, *files: Any) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Adjuntar archivos").click()
    if all(isinstance(it, Path) for it in files):  # The browser reads them itself: large ones are slow by wire.
        chooser.value.set_files(list(files))
    else:
        chooser.value.set_files([payload(it.name, it.read_bytes()) if isinstance(it, Path) else it for it in files])


def on_disk(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def payload(name: str, data: bytes, content_type: str = "") -> dict[str, Any]:
    return {"name": name, "mimeType": content_type, "buffer": data}


def give(page: Page, event: str, target: str, *files: tuple[str, str, bytes]) -> None:
    page.evaluate(GIVE, [event, target, [[name, kind, base64.b64encode(data).decode()] for name, kind, data in files]])


def row(page: Page, name: str) -> Locator:
    return page.locator("#attachments li").filter(has_text=name)


def send(page: Page) -> None:
    page.locator("#composer-form .round[aria-label=Mandar]").click()


def sent(page: Page) -> Locator:
    return page.locator("#messages .msg.out:not([data-pending])")


def lose_answer(route: Route) -> None:
    route.fetch()
    route.abort("connectionreset")


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Return width and height, from the frame's own header (ITU T.81, B.2.2)."""
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")


def test_two_photos_and_a_document_become_three_messages_on_the_phone(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    large = picture(page, 4000, 3000)

    pick(page, payload("Salón.jpg", large), PDF, PHOTO)

    expect(page.locator("#attachments li")).to_have_count(3)
    expect(page.locator("#attachments li progress:visible")).to_have_count(0)
    expect(row(page, "Salón.jpg").locator("img")).to_be_visible()
    expect(page.locator("#composer-text")).to_have_attribute("placeholder", "Texto de la primera foto o video")
    page.locator("#composer-text").fill("Así queda el salón")
    page.keyboard.press("Enter")

    expect(page.locator("#attachments")).to_be_hidden()
    expect(page.locator("#composer-text")).to_have_value("")
    expect(sent(page)).to_have_count(3)
    expect(page.locator("[data-pending]")).to_have_count(0)
    lucia.idle()
    first, second, third = lucia.files()
    assert (first[0], first[1]) == ("image", "Así queda el salón")
    assert jpeg_size(first[2]) == (2048, 1536)
    assert (second[0], second[1], second[2]) == ("document", "", PDF.read_bytes())
    assert (third[0], third[1]) == ("image", "")


def test_a_photo_arrives_upright_and_does_not_tell_where_it_was_taken(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    drawn = picture(page, 400, 200)
    # CIPA DC-008 (EXIF 2.32): one entry, Orientation (0x0112) is 6, so that the camera's right side is up.
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + b"\0\x01" + b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0" + bytes(4)
    turned = drawn[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + drawn[2:]

    pick(page, payload("parada.jpg", turned))
    send(page)

    expect(sent(page)).to_have_count(1)
    lucia.idle()
    _kind, _words, data = lucia.files()[0]
    assert jpeg_size(data) == (200, 400)
    assert b"Exif" not in data


def test_the_bubble_is_there_at_once_and_a_second_click_sends_nothing(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)

    with held(page, "**/media/uploads"):  # Which may begin as soon as a file is there.
        pick(page, PHOTO)
        page.locator("#composer-form .round[aria-label=Mandar]").dblclick()
        expect(page.locator("#messages .msg.pending .large")).to_be_visible()

    expect(sent(page)).to_have_count(1)
    expect(page.locator("[data-pending]")).to_have_count(0)
    lucia.idle()
    assert len(lucia.files()) == 1


def test_words_go_after_a_file_that_can_have_none_beside_it(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    pick(page, PDF)
    expect(page.locator("#composer-text")).to_have_attribute("placeholder", "Mensaje para después del archivo")

    page.locator("#composer-text").fill("Ahí va la lista")
    send(page)

    expect(sent(page)).to_have_count(2)
    expect(sent(page).last).to_contain_text("Ahí va la lista")
    lucia.idle()
    # Twilio fetches the file before it hands it on: words that left after it may be on the phone first.
    assert sorted(lucia.received()) == ["", "Ahí va la lista"]


def test_a_picture_is_pasted_and_a_file_dropped(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    drawn = ("captura.png", "image/png", picture(page, 300, 200, "image/png"))

    give(page, "paste", "#composer-text", drawn)
    expect(page.locator("#attachments li")).to_have_count(1)
    give(page, "dragover", "#thread", drawn)
    zone = page.locator("#conversation[data-drop]")
    expect(zone).to_have_attribute("data-drop", "Soltá acá los archivos para mandarlos")
    give(page, "drop", "#thread", ("lista.pdf", "application/pdf", PDF.read_bytes()))
    expect(zone).to_have_count(0)
    send(page)

    expect(sent(page)).to_have_count(2)
    lucia.idle()
    assert [kind for kind, _words, _data in lucia.files()] == ["image", "document"]
    assert lucia.files()[0][2] == drawn[2]  # Small enough, and it may be transparent: it goes as it is.


def test_what_cannot_be_sent_says_why_before_anything_goes(open_page: OpenPage, lucia: Phone, tmp_path: Path) -> None:
    page = begin(open_page, lucia)
    heic = b"\0\0\0\x18ftypheic" + bytes(64)
    page_file, film = b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\0\0\0\x18ftypisom" + bytes(16_000_000)

    files = {"IMG_1.jpg": heic, "foto.png": page_file, "fiesta.mp4": film}
    pick(page, *(on_disk(tmp_path, name, data) for name, data in files.items()), PHOTO)

    expect(row(page, "IMG_1.jpg")).to_contain_text("Este navegador no puede abrir la foto.")
    expect(row(page, "foto.png")).to_contain_text("WhatsApp no acepta este tipo de archivo.")
    expect(row(page, "fiesta.mp4")).to_contain_text("WhatsApp acepta hasta 16 MB.")
    send(page)
    expect(page.locator("#composer-note")).to_contain_text("Sacá los archivos marcados")
    for name in ("IMG_1.jpg", "foto.png", "fiesta.mp4"):
        page.get_by_role("button", name=f"Sacar {name}").click()
    send(page)
    expect(sent(page)).to_have_count(1)
    lucia.idle()
    assert len(lucia.files()) == 1


def test_what_the_server_refuses_is_told_where_the_file_was_chosen(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)

    pick(page, payload("notas.pdf", b"no es un pdf, es un texto"))

    expect(row(page, "notas.pdf").locator(".failed")).to_contain_text("WhatsApp no acepta")
    expect(row(page, "notas.pdf").get_by_role("button", name="Reintentar")).to_be_hidden()
    assert "422" in trouble.pop()


def test_a_network_that_breaks_half_way_goes_on_where_it_was(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    parts: list[str] = []
    page.on("request", lambda asked: parts.append(asked.url[-1]) if "/parts/" in asked.url else None)
    page.route("**/parts/1", lambda route: route.abort("internetdisconnected"))
    listed = PDF.read_bytes() + bytes(7_000_000)

    pick(page, payload("larga.pdf", listed, "application/pdf"))
    send(page)
    bubble = page.locator("#messages [data-pending]")
    expect(bubble.locator(".failed")).to_contain_text("Se cortó la conexión. Lo que ya subió no se pierde.")
    page.unroute("**/parts/1")
    bubble.get_by_role("button", name="Reintentar").click()

    expect(sent(page)).to_have_count(1)
    lucia.idle()
    assert [data for _kind, _words, data in lucia.files()] == [listed]
    assert parts == ["0", "1", "1", "2"]
    assert "ERR_INTERNET_DISCONNECTED" in trouble.pop()


def test_a_lost_answer_is_asked_for_again_and_nothing_goes_twice(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    pick(page, PHOTO)

    caught_up(page)
    page.route("**/conversations/*/messages", lose_answer, times=1)
    page.route("**/whatsapp/unread*", lambda route: route.fulfill(status=304))  # No poll tells it first.
    send(page)
    bubble = page.locator("#messages [data-pending]")
    expect(bubble.locator(".failed")).to_contain_text("Reintentar no lo manda dos veces.")
    bubble.get_by_role("button", name="Reintentar").click()

    expect(page.locator("[data-pending]")).to_have_count(0)
    expect(sent(page)).to_have_count(1)
    lucia.idle()
    assert len(lucia.files()) == 1
    assert "ERR_CONNECTION_RESET" in trouble.pop()


def test_files_that_an_ended_session_held_go_once_it_is_renewed(
    open_page: OpenPage, lucia: Phone, ana: User, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    pick(page, PHOTO)
    expect(row(page, "photo.jpg").locator("progress")).to_be_hidden()
    page.route(POLL, lambda route: route.fulfill(status=304))  # No poll hears it first.
    page.context.clear_cookies()
    send(page)
    expect(page.locator("#messages [data-pending] .failed")).to_contain_text("Tu sesión terminó.")

    sign_in_elsewhere(page, ana)
    page.unroute(POLL)
    look_now(page)

    expect(sent(page)).to_have_count(1)
    expect(page.locator("[data-pending]")).to_have_count(0)
    lucia.idle()
    assert len(lucia.files()) == 1
    trouble.clear()  # The browser's own line about the 401.


def test_a_message_that_the_poll_brings_needs_no_other_answer(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    page = begin(open_page, lucia)
    pick(page, PHOTO, PDF)

    page.route("**/conversations/*/messages", lose_answer, times=1)
    send(page)

    expect(page.locator("[data-pending]")).to_have_count(0)
    expect(sent(page)).to_have_count(2)
    lucia.idle()
    assert [kind for kind, _words, _data in lucia.files()] == ["image", "document"]
    assert "ERR_CONNECTION_RESET" in trouble.pop()


@pytest.mark.parametrize("told_first_by", ["the answer", "the poll"])
def test_a_window_that_closed_meanwhile_keeps_the_files_and_the_words(
    open_page: OpenPage, lucia: Phone, trouble: list[str], told_first_by: str
) -> None:
    page = begin(open_page, lucia)
    expect(page.locator("#seen[data-unread]")).to_have_count(0)
    pick(page, PHOTO)
    page.locator("#composer-text").fill("¿La ves?")
    expect(page.locator("#attachments li progress:visible")).to_have_count(0)
    caught_up(page)
    page.route(POLL, lambda route: route.fulfill(status=304))
    with writing() as session:
        session.execute(update(Conversation).values(window_expires_at=utcnow() - timedelta(minutes=1)))
    held: list[tuple[Route, APIResponse]] = []
    if told_first_by == "the poll":
        page.route("**/conversations/*/messages", lambda route: held.append((route, route.fetch())))

    send(page)

    if told_first_by == "the poll":
        while not held:
            page.evaluate(A_TURN)
        page.evaluate("htmx.trigger(document.body, 'whatsapp-changed')")
        expect(page.locator("#composer-text")).to_have_count(0)
        held[0][0].fulfill(response=held[0][1])
        page.unroute("**/conversations/*/messages")
    expect(page.locator("#composer")).to_contain_text("Pasaron las 24 h")
    expect(page.locator("#composer")).to_contain_text("Lo que escribiste queda guardado.")
    expect(page.locator(".msg.out")).to_have_count(0)
    page.unroute("**/whatsapp/unread*")
    lucia.say("Acá estoy")
    lucia.idle()
    look_now(page)
    expect(page.locator("#composer-text")).to_have_value("¿La ves?")
    expect(page.locator("#attachments li")).to_have_count(1)
    send(page)
    expect(sent(page)).to_have_count(1)
    lucia.idle()
    assert [words for _kind, words, _data in lucia.files()] == ["¿La ves?"]
    assert "409" in trouble.pop()


def test_what_is_taken_back_is_in_the_tray_again_with_its_words(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    page.route("**/media/uploads", lambda _route: None)  # It hangs, as it does at a venue.
    pick(page, PHOTO)
    page.locator("#composer-text").fill("¿La ves?")
    send(page)

    page.locator("#messages [data-pending]").get_by_role("button", name="Cancelar").click()

    expect(page.locator("#messages [data-pending]")).to_have_count(0)
    expect(page.locator("#attachments li")).to_have_count(1)
    expect(page.locator("#composer-text")).to_have_value("¿La ves?")
    page.get_by_role("button", name="Sacar photo.jpg").click()
    assert lucia.files() == []


def test_files_wait_in_the_conversation_they_were_chosen_in(open_page: OpenPage, lucia: Phone) -> None:
    page = begin(open_page, lucia)
    pick(page, PHOTO)
    expect(page.locator("#attachments li")).to_have_count(1)

    page.locator("#conversation [data-close-conversation]").click()
    page.locator("#conversation-list").get_by_text("Lucía Ferreyra", exact=True).click()

    expect(page.locator("#attachments li")).to_have_count(1)
    page.get_by_role("button", name="Sacar photo.jpg").click()
    expect(page.locator("#attachments")).to_be_hidden()


def test_without_javascript_a_file_goes_by_a_plain_form(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page("/whatsapp/", java_script_enabled=False)
    page.get_by_role("link", name="Lucía Ferreyra").click()

    page.locator("input[name=file]").set_input_files(str(PHOTO))
    page.get_by_label("Texto, si es una foto o un video").fill("El salón")
    page.get_by_role("button", name="Mandar archivo").click()

    expect(page.locator("#messages .msg.out")).to_contain_text("El salón")
    lucia.idle()
    assert lucia.files() == [("image", "El salón", PHOTO.read_bytes())]
