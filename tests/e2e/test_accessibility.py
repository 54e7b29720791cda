"""What a machine can find of barriers on the pages: axe's rules, in light and dark, on a phone and on a desktop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from sqlalchemy import select

from app.auth.models import User
from app.extensions import db, utcnow
from app.whatsapp.models import Conversation
from tests.e2e.conftest import Phone
from tests.factories import Factories

OpenPage = Callable[..., Page]
PAGES = (
    "/coordinaciones",
    "/coordinaciones/{event}",
    "/coordinaciones/{event}/edit",
    "/coordinaciones/new",
    "/whatsapp/",
    "/whatsapp/conversations/{open}",
    "/whatsapp/conversations/{closed}",
    "/whatsapp/conversations/{open}/hand",
    "/whatsapp/templates",
    "/whatsapp/templates/new",
    "/whatsapp/costs",
    "/settings/notifications",
    "/settings/people",
    "/settings/password",
    "/settings/diagnosis",
)
SCREENS: tuple[tuple[int, int, Literal["light", "dark"]], ...] = (
    (1440, 900, "light"),
    (1440, 900, "dark"),
    (390, 844, "dark"),
    (360, 740, "light"),
    (430, 932, "light"),
    (844, 390, "dark"),
    (390, 430, "light"),  # With the keyboard up.
)

# What is placed absolutely in something that scrolls, but hangs on what stands around that: it lengthens the page, and
# focus scrolls to where it would be.
LOOSE = """() => [...document.querySelectorAll("*")].filter((one) => {
  if (getComputedStyle(one).position !== "absolute" || !one.getClientRects().length) return false;
  for (let box = one.parentElement; box && box !== one.offsetParent; box = box.parentElement) {
    if (box !== document.body && /auto|scroll/.test(getComputedStyle(box).overflow)) return true;
  }
}).map((one) => one.outerHTML.slice(0, 120))"""


def barriers(page: Page) -> list[str]:
    found = page.evaluate("async () => (await axe.run({ resultTypes: ['violations'] })).violations")
    return [f"{rule['id']}: {rule['help']}: {[node['html'][:120] for node in rule['nodes'][:3]]}" for rule in found]


def test_no_page_has_a_barrier_that_axe_knows(
    open_page: OpenPage, lucia: Phone, carla: User, factories: Factories
) -> None:
    event = factories.coordinacion(title="Casamiento", client_name="Lucía Ferreyra", phone=lucia.phone)
    lucia.say("Hola, ¿a qué hora llegan?")
    lucia.say("", type="location", latitude="-34.43", longitude="-58.86", name="Quinta de Muestra")
    lucia.idle()
    talk = db.session.scalars(select(Conversation)).one()
    closed = factories.conversation("+5491155550102", window_expires_at=utcnow() - timedelta(hours=1))
    factories.message(closed, "Chau", direction="outbound", status="failed", error_code=63016)
    factories.message(
        closed, "Hola", direction="outbound", price=Decimal("0.0263"), price_unit="USD", category="UTILITY"
    )
    factories.template(category="MARKETING")
    page = open_page(email=carla.email, reduced_motion="reduce")

    ids = {"event": event.id, "open": talk.id, "closed": closed.id}
    found: dict[tuple[object, ...], list[str]] = {}
    for path in (page_path.format(**ids) for page_path in PAGES):
        answer = page.goto(path)
        assert answer is not None, path
        assert answer.status == 200, path
        page.wait_for_load_state("networkidle")
        page.evaluate(Axe().axe_script)
        if loose := page.evaluate(LOOSE):
            found[path, "loose"] = loose
        for width, height, scheme in SCREENS:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            if barriers_here := barriers(page):
                found[path, width, height, scheme] = barriers_here

    assert found == {}
