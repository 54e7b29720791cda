"""What stands around every page: here, that WhatsApp is not connected yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.auth.models import User
from tests.browser import SignedInClient
from tests.fakes import FakeTwilio

SignIn = Callable[[User], SignedInClient]
TITLE = "WhatsApp todavía no está conectado"


@pytest.fixture
def connect(app: Flask) -> Callable[..., Any]:
    """Return a function that changes the settings of the account at Twilio, until the test is over."""
    twilio: FakeTwilio = app.extensions["twilio"]

    def change(**settings: str) -> None:
        twilio.account = replace(twilio.account, **settings)

    return change


def test_before_twilio_is_connected_the_first_page_says_what_to_do(
    connect: Callable[..., Any], sign_in: SignIn, ana: User, carla: User
) -> None:
    connect(sid="", token="", whatsapp_number="")

    admins, staffs = sign_in(carla).get("/coordinaciones").text, sign_in(ana).get("/coordinaciones").text

    assert TITLE in admins
    assert TITLE in staffs
    assert "Faltan: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_WHATSAPP_NUMBER." in admins
    assert admins.partition('id="connect"')[2].partition("</section>")[0].count("<li>") == 3
    assert "Pedile a quien administra" in staffs
    assert "TWILIO_" not in staffs


def test_a_connected_office_reads_nothing_of_it(sign_in: SignIn, carla: User) -> None:
    assert TITLE not in sign_in(carla).get("/coordinaciones").text
