from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.auth.models import User
from app.coordinaciones.models import Coordinacion
from app.extensions import db, utcnow
from app.formats import format_day, to_local, today
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.night import move_office

URL = "/coordinaciones"
MINIMUM = {"title": "Casamiento de Lucía", "client_name": "Lucía Ferreyra"}
STRANGER = "Lucía <script>alert(1)</script> & Tomás"


def visible(html: str) -> str:
    """Return the words of a page as they are read, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def piece(html: str, element_id: str) -> str:
    """Return a page from the element with this id to its end."""
    start = re.search(rf'<[^<>]*\bid="{element_id}"', html)
    assert start, f"no element has the id {element_id}"
    return html[start.start() :]


def titles(html: str) -> list[str]:
    return [unescape(title.strip()) for title in re.findall(r'class="event-link"[^>]*>([^<]*)<', html)]


def count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Coordinacion)) or 0


@pytest.fixture
def browser(sign_in: Callable[[User], SignedInClient], ana: User) -> SignedInClient:
    return sign_in(ana)


def post(browser: SignedInClient, url: str, **fields: str) -> Any:
    return browser.post(url, data=fields | {"csrf_token": browser.csrf})


@pytest.mark.parametrize("url", ["/", URL, f"{URL}/list", f"{URL}/new", f"{URL}/1", f"{URL}/1/edit", f"{URL}/1/form"])
def test_nobody_is_sent_to_sign_in_and_back(nobody: FlaskClient, url: str) -> None:
    response = nobody.get(url)

    assert response.status_code == 303
    assert response.headers["Location"].startswith("/login?next=")


@pytest.mark.parametrize("url", [URL, f"{URL}/1", f"{URL}/1/archive", f"{URL}/1/unarchive"])
def test_nobody_writes_and_a_form_without_its_csrf_value_does_not_either(
    nobody: FlaskClient, browser: SignedInClient, factories: Factories, url: str
) -> None:
    stored = factories.coordinacion(title="Fiesta")
    url = url.replace("/1", f"/{stored.id}")

    assert nobody.post(url, data=MINIMUM).status_code in (303, 403)
    assert browser.post(url, data=MINIMUM).status_code in (303, 403)

    assert count() == 1
    assert factories.reload(stored).title == "Fiesta"
    assert stored.archived_at is None


def test_every_person_of_the_office_may_see_and_write(
    sign_in: Callable[[User], SignedInClient], bruno: User, carla: User
) -> None:
    for user in (bruno, carla):
        browser = sign_in(user)

        assert browser.get(URL).status_code == 200
        assert post(browser, URL, **MINIMUM).status_code == 303


def test_the_root_leads_to_the_list(browser: SignedInClient) -> None:
    response = browser.get("/")

    assert (response.status_code, response.headers["Location"]) == (303, URL)


def test_the_list_shows_what_staff_look_for(browser: SignedInClient, factories: Factories) -> None:
    day = today() + timedelta(days=20)
    stored = factories.coordinacion(
        title=STRANGER, client_name="Lucía Ferreyra", event_on=day, start_time=time(21, 30), place="Los Aromos",
        state="missing_data",
    )  # fmt: skip

    html = browser.get(URL).text

    row = piece(html, f"coordinacion-{stored.id}").split("</tr>")[0]
    assert "<script>" not in row
    for words in (STRANGER, "Lucía Ferreyra", f"{format_day(day)} en 20 días · 21:30", "Los Aromos", "Faltan datos"):
        assert words in visible(row)
    assert f'href="{URL}/{stored.id}"' in row


def test_the_list_brings_the_counts_of_its_rows_by_itself(browser: SignedInClient, factories: Factories) -> None:
    first, second = factories.coordinacion(), factories.coordinacion()

    html = browser.get(URL).text

    wanted = re.search(r'id="coordinaciones"\s+hx-get="([^"]*)"', html)
    assert wanted is not None
    assert unescape(wanted[1]).replace("%2C", ",") == f"/whatsapp/counts?ids={second.id},{first.id}" or (
        unescape(wanted[1]).replace("%2C", ",") == f"/whatsapp/counts?ids={first.id},{second.id}"
    )
    assert f'id="wa-count-{first.id}"' in html


def test_the_whatsapp_button_posts_to_the_chat_of_its_coordinacion(
    browser: SignedInClient, factories: Factories
) -> None:
    stored = factories.coordinacion(client_name="Lucía Ferreyra")

    for html in (browser.get(URL).text, browser.get(f"{URL}/{stored.id}").text):
        form = re.search(rf'<form method="post" action="(/whatsapp/[^"]*{stored.id}[^"]*)"(.*?)</form>', html, re.S)
        assert form is not None
        assert 'hx-target="#chat-panel"' in form[2]
        assert f'value="{browser.csrf}"' in form[2]
        assert "por WhatsApp" in visible(form[2])


def test_without_a_phone_the_button_says_why_and_leads_to_mend_it(
    browser: SignedInClient, factories: Factories
) -> None:
    stored = factories.coordinacion(phone=None)

    row = piece(browser.get(URL).text, f"coordinacion-{stored.id}").split("</tr>")[0]
    page = piece(browser.get(f"{URL}/{stored.id}").text, "coordinacion")

    mend = f'href="{URL}/{stored.id}/edit#coordinacion-phone"'
    assert "<form" not in row
    assert mend in row
    assert "Falta el teléfono. Agregalo para escribirle." in visible(row)
    assert mend in page
    assert "Falta el teléfono. Agregalo para escribirle." in visible(page)
    assert re.search(r'<button[^>]* disabled aria-describedby="coordinacion-no-phone"', page)


def test_today_and_tomorrow_stand_out(browser: SignedInClient, factories: Factories) -> None:
    for days in (0, 1, 2):
        factories.coordinacion(event_on=today() + timedelta(days=days))

    html = browser.get(URL).text

    marked = [visible(words) for words in re.findall(r'<span class="small soon">.*?</span>', html, re.S)]
    assert marked == ["hoy", "mañana"]


@pytest.mark.parametrize(("hour", "upcoming", "words"), [(1, True, "hoy"), (5, True, "hoy"), (6, False, "ayer")])
def test_a_party_is_upcoming_until_its_night_is_over(
    app: Flask,
    browser: SignedInClient,
    factories: Factories,
    monkeypatch: pytest.MonkeyPatch,
    hour: int,
    upcoming: bool,
    words: str,
) -> None:
    move_office(app, monkeypatch, hour)
    began_on = to_local(utcnow()).date() - timedelta(days=1)
    factories.coordinacion(title="Fiesta de Lucía", event_on=began_on, start_time=time(21, 30))

    lists = {when: browser.get(URL, query_string={"when": when}).text for when in ("upcoming", "past")}

    assert titles(lists["upcoming"]) == ["Fiesta de Lucía"][: int(upcoming)]
    assert titles(lists["past"]) == ["Fiesta de Lucía"][int(upcoming) :]
    assert f" {words} · 21:30" in visible(lists["upcoming" if upcoming else "past"])


def test_an_empty_list_says_what_to_do_first(browser: SignedInClient) -> None:
    html = browser.get(URL).text

    assert "Acá van los eventos que vienen." in visible(piece(html, "coordinaciones-empty"))
    assert f'href="{URL}/new"' in piece(html, "coordinaciones-empty")


def test_a_search_that_finds_nothing_offers_to_clear_it(browser: SignedInClient, factories: Factories) -> None:
    factories.coordinacion(title="Casamiento de Lucía")

    html = browser.get(URL, query_string={"q": "martina", "state": "done"}).text

    assert "Ninguna coordinación coincide." in visible(piece(html, "coordinaciones"))
    assert f'href="{URL}">Limpiar' in html
    assert 'value="martina"' in html
    assert '<option value="done" selected>' in html


def test_a_search_that_finds_nothing_ahead_offers_to_look_at_all_dates(
    browser: SignedInClient, factories: Factories
) -> None:
    factories.coordinacion(title="Casamiento de Lucía", event_on=date(2020, 2, 1))

    html = browser.get(URL, query_string={"q": "lucía 1/2"}).text
    everything = browser.get(URL, query_string={"q": "lucía 1/2", "when": "all"}).text

    assert f'href="{URL}?q=luc%C3%ADa+1/2&amp;when=all">Buscar en todas las fechas' in html
    assert titles(everything) == ["Casamiento de Lucía"]
    assert "Buscar en todas las fechas" not in browser.get(URL, query_string={"q": "zzz", "when": "all"}).text


def test_a_search_is_a_plain_form_of_the_page(browser: SignedInClient, factories: Factories) -> None:
    factories.coordinacion(title="Casamiento de Lucía")
    factories.coordinacion(title="15 de Martina", state="confirmed")

    everything = {"q": "", "when": "upcoming", "state": "", "from": "", "to": ""}

    assert len(titles(browser.get(URL, query_string=everything).text)) == 2
    assert titles(browser.get(URL, query_string=everything | {"q": "lucia"}).text) == ["Casamiento de Lucía"]
    assert titles(browser.get(URL, query_string=everything | {"state": "confirmed"}).text) == ["15 de Martina"]


def test_a_live_search_gets_the_list_alone_and_its_address(browser: SignedInClient, factories: Factories) -> None:
    factories.coordinacion(title="Casamiento de Lucía")

    response = browser.htmx(
        "GET", f"{URL}/list", query_string={"q": "lucía", "when": "upcoming", "state": "", "to": ""}
    )

    assert "<html" not in response.text
    assert response.headers["HX-Replace-Url"] == f"{URL}?q=luc%C3%ADa"
    assert titles(response.text) == ["Casamiento de Lucía"]
    assert '<hx-partial hx-target="#coordinaciones-status"' in response.text
    assert "1 coordinación." in visible(response.text)


def test_what_makes_no_sense_in_the_address_is_passed_over(browser: SignedInClient, factories: Factories) -> None:
    factories.coordinacion(title="Casamiento de Lucía")

    query = {"when": "soon", "state": "x", "from": "hoy", "page": "-3", "q": "\x00", "archived": "?"}

    assert titles(browser.get(URL, query_string=query).text) == ["Casamiento de Lucía"]


def test_pages_follow_one_another_and_keep_the_search(browser: SignedInClient, factories: Factories) -> None:
    for number in range(26):
        factories.coordinacion(title=f"Fiesta {number:02}", event_on=today() + timedelta(days=number))

    first = browser.get(URL, query_string={"q": "fiesta"}).text
    second = browser.get(URL, query_string={"q": "fiesta", "page": "2"}).text
    third = browser.get(URL, query_string={"q": "fiesta", "page": "9" * 8}).text

    assert len(titles(first)) == 25
    assert f'rel="next" href="{URL}?page=2&amp;q=fiesta"' in first
    assert 'rel="prev"' not in first
    assert titles(second) == ["Fiesta 25"]
    assert f'rel="prev" href="{URL}?page=1&amp;q=fiesta"' in second
    assert 'rel="next"' not in second
    assert "No hay más coordinaciones." in visible(third)


def test_a_page_of_the_list_is_one_statement_and_the_guards_one(
    browser: SignedInClient, factories: Factories, bruno: User, statements: list[str]
) -> None:
    for _ in range(5):
        factories.coordinacion(dj_id=bruno.id)
    statements.clear()

    browser.htmx("GET", f"{URL}/list")

    assert len(statements) == 2


def test_a_new_one_is_stored_and_shown(browser: SignedInClient, ana: User) -> None:
    response = post(
        browser, URL, **MINIMUM, phone="011 15-5555-0101", event_kind="wedding", event_on="2026-12-12",
        start_time="21:30", place="Los Aromos", dj_id=str(ana.id), state="confirmed", notes="Vals a las 23.\r\nFin.",
        external_ref="",
    )  # fmt: skip

    assert response.status_code == 303
    page = visible(browser.get(response.headers["Location"]).text)
    for words in (
        "Casamiento de Lucía",
        "Confirmada",
        "sábado, 12 de diciembre de 2026",
        "21:30",
        "Los Aromos",
        "+54 9 11 5555-0101",
        "DJ a cargo Ana",
        "Tipo de evento Casamiento",
        "Vals a las 23.",
    ):
        assert words in page
    assert "Referencia externa" not in page


def test_htmx_is_led_to_the_new_one(browser: SignedInClient) -> None:
    response = browser.htmx("POST", URL, data=MINIMUM)

    assert response.status_code == 204
    assert re.fullmatch(rf"{URL}/\d+", response.headers["HX-Redirect"])


def test_a_refused_form_comes_back_as_it_was_typed_with_the_cursor_on_the_first_error(
    browser: SignedInClient,
) -> None:
    typed = {"title": " ", "client_name": STRANGER, "phone": "123", "notes": "Vals a las 23.", "event_on": "0026-12-12"}

    page, fragment = post(browser, URL, **typed), browser.htmx("POST", URL, data=typed)

    assert page.status_code == fragment.status_code == 422
    assert "<html" in page.text
    assert "<html" not in fragment.text
    for html in (page.text, fragment.text):
        form = piece(html, "coordinacion")
        assert re.search(r'id="coordinacion-title"[^>]*aria-invalid="true"[^>]*autofocus', form)
        assert form.count("autofocus") == 1
        assert 'aria-describedby="coordinacion-phone-hint coordinacion-phone-error"' in form
        assert visible(piece(form, "coordinacion-title-error")).startswith("Escribí un nombre para el evento.")
        assert "Ese teléfono no parece válido." in visible(form)
        assert "Revisá el año" in visible(form)
        assert 'value="123"' in form
        assert "Vals a las 23." in form
        assert STRANGER in unescape(form)
        assert "<script>" not in form
    assert count() == 0


def test_a_reference_that_another_one_has_is_said_beside_its_field(
    browser: SignedInClient, factories: Factories
) -> None:
    factories.coordinacion(external_ref="EV-1")
    other = factories.coordinacion()

    for url in (URL, f"{URL}/{other.id}"):
        response = post(browser, url, **MINIMUM, external_ref="EV-1")

        assert response.status_code == 422
        sentence = visible(piece(response.text, "coordinacion-external_ref-error"))
        assert sentence.startswith("Otra coordinación ya tiene esa referencia.")


def test_the_form_shows_what_is_stored(browser: SignedInClient, factories: Factories, ana: User) -> None:
    gone = factories.user("dario@example.com", name="Darío", active=False)
    stored = factories.coordinacion(
        title="Fiesta", phone="+5491155550101", event_on=date(2026, 12, 12), start_time=time(0, 0), dj_id=gone.id
    )

    for url in (f"{URL}/{stored.id}/edit", f"{URL}/{stored.id}/form"):
        html = browser.get(url).text

        for value in ("Fiesta", "+54 9 11 5555-0101", "2026-12-12", "00:00"):
            assert f'value="{value}"' in html
        assert f'<option value="{gone.id}" selected>Darío</option>' in html


def test_a_change_answers_the_details_to_htmx_and_a_redirect_to_everyone_else(
    browser: SignedInClient, factories: Factories
) -> None:
    stored = factories.coordinacion(title="Fiesta", place="Salón Madero")
    url = f"{URL}/{stored.id}"

    plain, fragment = post(browser, url, title="Una"), browser.htmx("POST", url, data={"title": "Otra"})

    assert (plain.status_code, plain.headers["Location"]) == (303, url)
    assert fragment.status_code == 200
    assert "<html" not in fragment.text
    words = visible(piece(fragment.text, "coordinacion"))
    assert "Otra" in words
    assert "Cambios guardados." in words
    assert "Salón Madero" in words


def test_cancelling_brings_the_details_back_unchanged(browser: SignedInClient, factories: Factories) -> None:
    stored = factories.coordinacion(title="Fiesta")

    html = browser.htmx("GET", f"{URL}/{stored.id}/details").text

    assert "<html" not in html
    assert "Fiesta" in visible(piece(html, "coordinacion"))
    assert "Cambios guardados." not in html


def test_the_page_brings_the_history_of_its_own_chat(browser: SignedInClient, factories: Factories) -> None:
    stored = factories.coordinacion(title="Fiesta")

    html = browser.get(f"{URL}/{stored.id}").text

    trigger = 'hx-trigger="load, whatsapp-changed from:body"'
    assert re.search(rf'id="coordinacion-history" hx-get="/whatsapp/[^"]*{stored.id}[^"]*"\s+{trigger}', html)
    assert re.search(r"<title>[^<]*Fiesta", html)


def test_archiving_takes_one_off_the_list_and_can_be_undone(browser: SignedInClient, factories: Factories) -> None:
    stored = factories.coordinacion(title="Fiesta")
    url = f"{URL}/{stored.id}"

    assert post(browser, f"{url}/archive").headers["Location"] == url
    assert titles(browser.get(URL).text) == []
    assert titles(browser.get(URL, query_string={"archived": "1"}).text) == ["Fiesta"]
    assert "Está archivada" in visible(browser.get(url).text)

    fragment = browser.htmx("POST", f"{url}/unarchive")

    assert "De vuelta en la lista." in visible(fragment.text)
    assert titles(browser.get(URL).text) == ["Fiesta"]


@pytest.mark.parametrize("number", ["1", str(2**31), str(2**63), "9" * 40])
@pytest.mark.parametrize("rest", ["", "/details", "/edit", "/form"])
def test_what_does_not_exist_is_not_found(browser: SignedInClient, number: str, rest: str) -> None:
    assert browser.get(f"{URL}/{number}{rest}").status_code == 404


@pytest.mark.parametrize("rest", ["", "/archive", "/unarchive"])
def test_what_does_not_exist_cannot_be_written(browser: SignedInClient, rest: str) -> None:
    assert post(browser, f"{URL}/{2**63}{rest}", **MINIMUM).status_code == 404


def test_no_page_carries_styles_or_scripts_of_its_own(browser: SignedInClient, factories: Factories) -> None:
    stored = factories.coordinacion(archived_at=utcnow(), external_ref="EV-1", notes="x")

    for url in (f"{URL}?archived=1", f"{URL}/new", f"{URL}/{stored.id}", f"{URL}/{stored.id}/edit"):
        answer = browser.get(url)
        html = answer.text

        assert answer.status_code == 200, url
        assert not re.search(r"\sstyle=|<style|\son\w+=|hx-on|javascript:|js:|<script(?![^>]*\ssrc=)", html), url


def opened(browser: SignedInClient, coordinacion_id: int) -> dict[str, str]:
    """Open the form of a coordinación, and return what a browser would send if nobody touched it."""
    html = browser.get(f"{URL}/{coordinacion_id}/form").text
    fields = {}
    for tag in re.findall(r"<input [^>]*>", html):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        fields[name[1] if name else ""] = unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select [^>]*name="(\w+)"[^>]*>(.*?)</select>', html, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    notes = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", html, re.S)
    return fields | {"notes": unescape(notes[1]) if notes else ""}


def test_two_people_who_edit_different_things_keep_both(
    browser: SignedInClient, sign_in: Callable[[User], SignedInClient], bruno: User, factories: Factories
) -> None:
    stored = factories.coordinacion(title="Fiesta", place="Salón A", notes="Una\nDos", phone="+5491155550101")
    other = sign_in(bruno)
    mine, theirs = opened(browser, stored.id), opened(other, stored.id)

    post(browser, f"{URL}/{stored.id}", **mine | {"place": "Quinta Nueva"})
    answer = post(other, f"{URL}/{stored.id}", **theirs | {"notes": "Una\r\nDos\r\nTres"})

    assert answer.status_code == 303
    db.session.expire_all()
    kept = factories.reload(stored)
    assert (kept.place, kept.notes, kept.phone) == ("Quinta Nueva", "Una\nDos\nTres", "+5491155550101")


def test_two_people_who_edit_the_same_thing_are_told_and_nothing_is_lost(
    browser: SignedInClient, sign_in: Callable[[User], SignedInClient], bruno: User, factories: Factories
) -> None:
    stored = factories.coordinacion(title="Fiesta", place="Salón A", state="quote")
    other = sign_in(bruno)
    mine, theirs = opened(browser, stored.id), opened(other, stored.id)

    post(browser, f"{URL}/{stored.id}", **mine | {"place": "Quinta Nueva", "state": "confirmed"})
    refused = post(other, f"{URL}/{stored.id}", **theirs | {"place": "Salón B", "state": "cancelled"})

    assert refused.status_code == 422
    assert "Otra persona puso «Quinta Nueva» mientras editabas." in unescape(refused.text)
    assert "Otra persona lo cambió mientras editabas." in refused.text
    assert 'value="Salón B"' in refused.text
    assert factories.reload(stored).place == "Quinta Nueva"
    seen = re.search(r'name="seen" value="([^"]*)"', refused.text)
    assert seen is not None
    form = theirs | {"place": "Salón B", "state": "cancelled", "seen": unescape(seen[1])}
    assert post(other, f"{URL}/{stored.id}", **form).status_code == 303
    assert (factories.reload(stored).place, factories.reload(stored).state) == ("Salón B", "cancelled")


@pytest.mark.parametrize("seen", ["", "no json", "[]", '{"place": 7}', "{", "[" * 100_000])
def test_a_form_that_says_nothing_of_what_was_seen_still_saves(
    browser: SignedInClient, factories: Factories, seen: str
) -> None:
    stored = factories.coordinacion(title="Fiesta", place="Salón A")

    answer = post(browser, f"{URL}/{stored.id}", **MINIMUM, place="Salón C", seen=seen)

    assert answer.status_code == 303
    assert factories.reload(stored).place == "Salón C"


@pytest.mark.parametrize("blank", ["\u200b", "\u3164 \u200d"])
def test_a_name_that_nobody_can_see_is_no_name(browser: SignedInClient, blank: str) -> None:
    assert post(browser, URL, title=blank, client_name="Lucía").status_code == 422
    assert count() == 0
