"""Everything that a client can send, seen and used in the browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from app.extensions import utcnow
from app.whatsapp.models import Conversation, Message
from tests.e2e.conftest import Phone
from tests.e2e.test_round_trip import open_chat
from tests.e2e.waiting import look_now
from tests.factories import Factories
from tests.media.samples import VOICE, picture

OpenPage = Callable[..., Page]
FILES = Path(__file__).parents[2] / "simulator" / "media"
NAME = "Lucía Ferreyra"
MEDIA = "**/media/*"
BOXES = "all => all.map(one => one.getBoundingClientRect().toJSON())"  # Of one moment: a thread scrolls by itself.
# What is read of a bubble, by eye or by ear.
WORDS = """bubble => [bubble.innerText, ...[...bubble.querySelectorAll("[alt], [aria-label]")].map(
    piece => piece.getAttribute("alt") || piece.getAttribute("aria-label"))].join(" ")"""
SENT: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"body": "*Hola*, ¿tienen fecha?"}, ("Hola, ¿tienen fecha?",)),
    ({"type": "image", "body": "El salón"}, ("Foto", "El salón")),
    ({"type": "sticker"}, ("Sticker",)),
    ({"type": "audio"}, ("Mensaje de voz",)),
    ({"type": "song"}, ("Audio",)),
    ({"type": "video"}, ("Video",)),
    ({"type": "document"}, ("playlist.pdf",)),
    ({"type": "contacts"}, ("Muestra|Contacto",)),
    ({"type": "location"}, ("Ubicación", "Ver en el mapa")),
    ({"type": "location", "label": "La quinta", "address": "Ruta 8"}, ("La quinta", "Ruta 8", "Ver en el mapa")),
    ({"type": "list", "text": "Rock"}, ("Eligió de una lista", "Rock")),
    ({"type": "form"}, ("Completó un formulario", "Invitados: 120")),
    ({"type": "ad", "body": "Vi el anuncio"}, ("Escribió por un anuncio", "Música para tu fiesta", "Vi el anuncio")),
    ({"body": "Miren", "forwarded": "often"}, ("Reenviado muchas veces", "Miren")),
    ({"type": "unsupported"}, ("Mensaje no compatible", "Pedile que lo mande de otra forma.")),
    ({"type": "order", "body": "2 x Combo"}, ("Mensaje no compatible", "2 x Combo")),
]


def conversation_of(lucia: Phone, factories: Factories) -> Conversation:
    return factories.conversation(lucia.phone, profile_name=NAME)


def ago(minutes: float) -> datetime:
    return utcnow() - timedelta(minutes=minutes)


def voice(factories: Factories, conversation: Conversation, minutes: float, **fields: Any) -> Message:
    return factories.message(
        conversation,
        "",
        type="audio",
        media=[factories.media(VOICE, "audio/ogg")],
        sent_at=ago(minutes),
        read_at=utcnow(),
        **fields,
    )


def photo(factories: Factories, conversation: Conversation, seconds: float, body: str = "") -> Message:
    media = [factories.media(picture(1200, 900), "image/png")]
    sent_at = ago(10) + timedelta(seconds=seconds)
    return factories.message(conversation, body, type="image", media=media, sent_at=sent_at, read_at=utcnow())


def box(locator: Locator) -> dict[str, float]:
    found = locator.bounding_box()
    assert found is not None
    return {name: float(value) for name, value in found.items()}


def fits(page: Page) -> bool:
    """Tell whether nothing is wider than its room."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth")) and bool(
        page.locator("#thread").evaluate("thread => thread.scrollWidth <= thread.clientWidth")
    )


def test_every_kind_that_a_client_sends_is_seen_with_its_words(open_page: OpenPage, lucia: Phone) -> None:
    page = open_page(viewport={"width": 360, "height": 740})
    for fields, _words in SENT:
        lucia.say(**{"body": ""} | fields)
        lucia.idle()
    open_chat(page, NAME)

    bubbles = page.locator("#messages .msg")
    assert lucia.unanswered() == []
    expect(bubbles).to_have_count(len(SENT))
    for at, (fields, words) in enumerate(SENT):
        read = " ".join(str(bubbles.nth(at).evaluate(WORDS)).split())
        for word in words:
            assert any(one in read for one in word.split("|")), (fields, word, read)
    assert fits(page)


def test_an_answer_a_button_and_a_reaction_stand_where_they_belong(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page()
    open_chat(page, NAME)
    page.locator("#composer-text").fill("¿Confirmamos?")
    page.keyboard.press("Enter")
    expect(page.locator(".msg.out :is(.tick-check, .tick-checks, .tick-read)")).to_be_visible()
    ours = next(sent["sid"] for sent in lucia.messages() if sent["direction"] != "inbound")

    lucia.say("", type="button", text="Sí, confirmo", reply_to=ours)
    lucia.say("👍", type="reaction", reply_to=ours)
    lucia.idle()
    look_now(page)

    chosen = page.locator(".msg.in").filter(has_text="Sí, confirmo")
    expect(chosen).to_contain_text("Tocó un botón")
    expect(chosen.locator("a.quote")).to_contain_text("¿Confirmamos?")
    expect(page.locator(".msg.out .reaction")).to_contain_text("👍")
    lucia.say("", type="reaction", reply_to=ours)
    lucia.idle()
    assert lucia.unanswered() == []
    look_now(page)
    expect(page.locator(".reaction")).to_have_count(0)


def test_nothing_that_a_client_writes_runs_or_breaks_the_page(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    hostile = (
        "<img src=x onerror=alert(1)><script>alert(1)</script>",
        "javascript:alert(1) [x](javascript:alert(1)) https://a.example\\@b.example",
        "\u202eodot ed séver la",
        "n" * 4000,
        "\u0300" * 600 + "Z̷",
        "{{ 7*7 }} </li></ol></div> *</b>* ```</pre>```",
    )
    page = open_page(viewport={"width": 360, "height": 740})
    page.on("dialog", lambda dialog: trouble.append(dialog.message))
    for text in hostile:
        lucia.say(text)
        lucia.say("", type="location", label=text[:500], address=text[:500])
        lucia.say("", type="document", file_name=text[:200])
        lucia.say("Hola", type="ad", extra={"ReferralHeadline": text[:500], "ReferralSourceUrl": "javascript:alert(1)"})
    lucia.idle()
    open_chat(page, NAME)

    bubbles = page.locator("#messages .msg")
    assert lucia.unanswered() == []
    expect(bubbles).to_have_count(len(hostile) * 4)
    addresses = page.locator("#messages a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert not [it for it in addresses if not it.startswith(("/", "https://www.openstreetmap.org/"))]
    assert page.locator("#messages :is(script, iframe, object, [onerror], [style])").count() == 0
    assert page.locator("#messages .text img").count() == 0
    assert fits(page)
    for hour in page.locator("#messages time").all_inner_texts():
        assert hour == "hoy" or hour.replace(":", "").isdigit()


def test_a_voice_note_is_played_sought_and_hastened_by_the_keyboard(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    conversation = conversation_of(lucia, factories)
    for minutes in (2, 1):
        voice(factories, conversation, minutes)
    page = open_page()
    open_chat(page, NAME)
    first, second = page.locator(".player").all()
    place = first.get_by_role("slider", name="Posición")
    expect(place).to_be_enabled()
    expect(first.locator(".clock")).to_have_text("0:00 / 0:04")

    place.focus()
    page.keyboard.press("ArrowRight")
    expect(first.locator(".clock")).to_have_text("0:04 / 0:04")
    page.keyboard.press("ArrowLeft")
    expect(place).to_have_attribute("aria-valuetext", "0:00 / 0:04")
    page.keyboard.press("Space")
    expect(first.get_by_role("button", name="Pausar: 🎤 Mensaje de voz")).to_be_visible()
    second.get_by_role("button", name="Reproducir: 🎤 Mensaje de voz").press("Enter")

    expect(second.get_by_role("button", name="Pausar")).to_be_visible()
    expect(first.get_by_role("button", name="Reproducir")).to_be_visible()
    for name in ("1,5×", "2×", "1×"):
        first.locator(".speed").click()
        expect(second.get_by_role("button", name=f"Velocidad: {name}")).to_be_visible()


def test_what_plays_goes_on_while_its_bubble_is_drawn_anew(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    original = voice(factories, conversation_of(lucia, factories), 1)
    page = open_page()
    open_chat(page, NAME)
    page.evaluate("document.querySelector('.player audio').loop = true")
    page.get_by_role("button", name="Reproducir").click()
    page.evaluate("window.player = document.querySelector('.player')")

    lucia.say("👍", type="reaction", reply_to=original.message_sid)
    lucia.idle()
    look_now(page)
    expect(page.locator(".reaction")).to_contain_text("👍")

    assert page.evaluate("window.player === document.querySelector('.player')")
    expect(page.locator(".player")).to_have_count(1)
    assert page.evaluate("!window.player.querySelector('audio').paused")


def test_a_sound_that_cannot_be_played_says_so_and_can_be_downloaded(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    media = factories.media(b"\xff\xfb\x90\x00" + b"nothing of the kind", "audio/mpeg", "tema.mp3")
    factories.message(conversation_of(lucia, factories), "", type="audio", media=[media], read_at=utcnow())
    page = open_page()
    open_chat(page, NAME)

    page.get_by_role("button", name="Reproducir").click()

    expect(page.locator(".player .trouble")).to_have_text("No se pudo reproducir. Descargalo.")
    expect(page.locator(".sound").get_by_role("link", name="Descargar")).to_have_attribute("download", "")


def test_a_video_plays_where_it_stands(open_page: OpenPage, lucia: Phone, factories: Factories) -> None:
    media = factories.media((FILES / "video.mp4").read_bytes(), "video/mp4")
    factories.message(conversation_of(lucia, factories), "La entrada", type="video", media=[media], read_at=utcnow())
    page = open_page()
    open_chat(page, NAME)
    video = page.locator("video")
    before = box(video)

    video.evaluate("video => video.play()")
    expect(video).to_have_js_property("ended", True)

    assert box(video) == before


def test_a_picture_is_seen_large_and_the_keyboard_leads_on_and_back(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    conversation = conversation_of(lucia, factories)
    photo(factories, conversation, 0, "La entrada")
    photo(factories, conversation, 200, "El salón")
    page = open_page()
    open_chat(page, NAME)
    page.get_by_role("link", name="Foto: La entrada").press("Enter")

    large = page.get_by_role("dialog", name="Foto")
    expect(large.get_by_role("img")).to_have_attribute("alt", "Foto: La entrada")
    expect(large.get_by_role("button", name="Cerrar")).to_be_focused()
    expect(large.get_by_role("button", name="Foto anterior")).to_be_hidden()
    expect(large.get_by_role("img")).to_have_js_property("naturalWidth", 1200)
    page.keyboard.press("ArrowRight")
    expect(large.locator("#lightbox-count")).to_have_text("Foto 2 de 2")
    expect(large.locator(".caption")).to_have_text("El salón")
    page.keyboard.press("Escape")

    expect(large).to_be_hidden()
    expect(page.locator("#conversation")).to_be_visible()
    expect(page.get_by_role("link", name="Foto: El salón")).to_be_focused()


def test_photos_that_came_together_are_one_album(open_page: OpenPage, lucia: Phone) -> None:
    page = open_page(viewport={"width": 390, "height": 844})
    lucia.say("Van las fotos")
    lucia.idle()
    open_chat(page, NAME)
    for number in range(3):
        lucia.say("", type="image", photo=number)
        lucia.idle()
    look_now(page)

    tiles = page.locator(".msg.tile")
    expect(tiles).to_have_count(3)
    expect(page.locator(".msg.tile.wide")).to_have_count(1)
    left, right, wide = tiles.evaluate_all(BOXES)
    assert left["y"] == right["y"] < wide["y"]
    assert left["x"] == wide["x"] < right["x"]
    assert abs(wide["width"] - (right["x"] + right["width"] - left["x"])) < 1
    assert fits(page)


def test_pictures_move_nothing_when_they_come(open_page: OpenPage, lucia: Phone, factories: Factories) -> None:
    conversation = conversation_of(lucia, factories)
    photo(factories, conversation, 0, "La entrada")
    photo(factories, conversation, 200)
    factories.message(conversation, "Hasta mañana", read_at=utcnow(), sent_at=ago(1))
    page = open_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(MEDIA, hold)
    open_chat(page, NAME)
    pictures = page.locator(".picture img")
    expect(pictures).to_have_count(2)
    bubbles = page.locator("#messages .msg")
    before = bubbles.evaluate_all(BOXES)

    expect(pictures.first).to_have_js_property("naturalWidth", 0)
    for route in held:
        route.continue_()
    for image in pictures.all():
        expect(image).to_have_js_property("naturalWidth", 480)

    assert bubbles.evaluate_all(BOXES) == before


def test_a_picture_that_does_not_load_says_so_and_can_be_asked_for_again(
    open_page: OpenPage, lucia: Phone, factories: Factories, trouble: list[str]
) -> None:
    photo(factories, conversation_of(lucia, factories), 0, "La entrada")
    page = open_page()
    page.route(MEDIA, lambda route: route.abort("internetdisconnected"))
    open_chat(page, NAME)
    lost = page.locator(".lost")
    expect(lost).to_contain_text("La foto no cargó.")
    bubble = box(page.locator(".msg"))

    page.unroute(MEDIA)
    lost.get_by_role("button", name="Reintentar").click()

    expect(lost).to_have_count(0)
    expect(page.get_by_role("link", name="Foto: La entrada")).to_be_visible()
    assert box(page.locator(".msg")) == bubble
    trouble.clear()


def test_a_quote_leads_to_what_it_answers_however_long_ago(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    conversation = conversation_of(lucia, factories)
    first = factories.message(conversation, "¿A qué hora *empieza*?", read_at=utcnow(), sent_at=ago(200))
    for number in range(100):
        factories.message(conversation, f"Mensaje {number}", read_at=utcnow(), sent_at=ago(150 - number))
    factories.message(conversation, "A esto", reply_to_sid=first.message_sid, read_at=utcnow(), sent_at=ago(1))
    page = open_page()
    open_chat(page, NAME)
    expect(page.get_by_text("¿A qué hora empieza?")).to_have_count(1)

    page.locator("a.quote").press("Enter")

    original = page.locator(f"#m-{first.id}")
    expect(original).to_be_focused()
    expect(original).to_be_in_viewport(ratio=1)
    expect(page.locator("#to-end")).to_be_visible()


def test_somebody_of_a_card_is_added_to_the_event_on_the_spot(
    open_page: OpenPage, lucia: Phone, factories: Factories
) -> None:
    event = factories.coordinacion(title="Fiesta de Mica", phone=lucia.phone, client_name=NAME)
    conversation = factories.conversation(lucia.phone, profile_name=NAME, coordinacion_id=event.id)
    person = {"number": "11 5555-0190", "whatsapp": "5491155550190", "label": "cell"}
    details = {"contacts": [{"name": "Mica", "org": "", "phones": [person], "emails": []}], "more": 0}
    card = factories.media((FILES / "contact.vcf").read_bytes(), "text/vcard", details=details)
    factories.message(conversation, "", type="contact", media=[card], read_at=utcnow())
    page = open_page()
    open_chat(page, NAME)

    page.get_by_role("button", name="Agregar a la coordinación").click()

    expect(page.locator(".contact-kept")).to_contain_text("Quedó en las notas de Fiesta de Mica.")
    page.locator(".contact-kept").get_by_role("link", name="Ver").click()
    expect(page.locator(".facts-notes")).to_contain_text("Contacto: Mica")
