"""An admin looks how it is, and mends with one button what Twilio was told wrong."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from app.auth.models import User
from simulator.running import RunningSimulator
from tests.e2e.conftest import Phone


def test_an_admin_finds_that_twilio_posts_elsewhere_and_mends_it(
    open_page: Callable[..., Page], carla: User, simulator: RunningSimulator, lucia: Phone
) -> None:
    world = simulator.world
    world.sender.webhook["callback_url"] = "https://otra.example/hook"
    page = open_page(email=carla.email)

    page.locator("summary", has_text="Carla").click()
    page.get_by_role("link", name="Diagnóstico").click()
    receiver = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Quién recibe"))
    expect(receiver).to_contain_text("Twilio avisa en otra dirección: POST https://otra.example/hook")
    expect(receiver).to_contain_text("Mal")
    page.get_by_text("Que Twilio avise acá").click()
    page.get_by_role("button", name="Sí, que avise acá").click()

    expect(receiver).to_contain_text("Twilio avisa acá cuando alguien escribe.")
    expect(page.get_by_text("Que Twilio avise acá")).to_have_count(0)
    lucia.say("¿Hay lugar?")
    expect(page.locator("#whatsapp-badge")).to_contain_text("1")


def test_the_page_fits_a_phone(open_page: Callable[..., Page], carla: User) -> None:
    page = open_page("/settings/diagnosis", email=carla.email, viewport={"width": 360, "height": 740})

    expect(page.get_by_role("heading", name="Quién recibe")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
