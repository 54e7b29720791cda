"""What is written down of a webhook that was refused: enough to mend it, rarely, and nothing of what it held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator

from app import create_app
from app.doctor.checks import State
from app.doctor.checks.webhooks import check_webhooks
from app.doctor.queries import read_arrivals
from app.extensions import db, utcnow
from app.jobs.models import Heartbeat
from app.jobs.queries import find_heartbeat
from app.whatsapp.messaging.actions.refusals import MISDIRECTED, REFUSED, STRAY
from config import TestConfig, engine_options
from tests.browser import IsolatedClient
from tests.signing import STATUS, WEBHOOK, inbound_form, status_form

HERE = "https://coordina.example" + WEBHOOK


def signed(url: str, form: dict[str, Any], token: str = "test-auth-token") -> dict[str, str]:
    return {"X-Twilio-Signature": str(RequestValidator(token).compute_signature(url, form))}


def find(name: str) -> Heartbeat | None:
    db.session.rollback()
    return find_heartbeat(name)


def test_a_stranger_leaves_a_reason_and_no_word(nobody: FlaskClient) -> None:
    nobody.post(WEBHOOK, data=inbound_form("el secreto", AccountSid="AC" + "1" * 32))

    beat = find(REFUSED)
    assert beat is not None
    assert beat.detail == {"reason": "no signature header", "ours": False, "expected": HERE, "signed_for": ""}
    assert find(MISDIRECTED) is None


def test_our_own_account_with_another_token_is_told_apart(nobody: FlaskClient) -> None:
    form = inbound_form("el secreto")
    nobody.post(WEBHOOK, data=form, headers=signed(HERE, form, "the token of before"))

    beat = find(REFUSED)
    assert beat is not None
    assert (beat.detail["reason"], beat.detail["ours"]) == ("wrong signature", True)


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("http://coordina.example" + WEBHOOK, {}),
        ("https://tunel.example" + WEBHOOK, {"base_url": "http://tunel.example"}),
        ("https://viejo.example" + WEBHOOK, {"headers": {"X-Forwarded-Host": "viejo.example"}}),
        ("https://coordina.example/oficina" + WEBHOOK, {"headers": {"X-Forwarded-Prefix": "/oficina"}}),
    ],
)
def test_what_twilio_signed_for_another_address_names_it(nobody: FlaskClient, url: str, more: dict[str, Any]) -> None:
    form = inbound_form("el secreto")
    headers = signed(url, form) | more.pop("headers", {})

    assert nobody.post(WEBHOOK, data=form, headers=headers, **more).status_code == 403

    beat = find(MISDIRECTED)
    assert beat is not None
    assert (beat.detail["signed_for"], beat.detail["expected"]) == (url, HERE)


def test_the_query_of_a_callback_is_not_written_down(nobody: FlaskClient) -> None:
    form = status_form("SM" + "1" * 32, "read")
    nobody.post(STATUS + "?message=7", data=form, headers=signed(f"http://coordina.example{STATUS}?message=7", form))

    beat = find(MISDIRECTED)
    assert beat is not None
    assert beat.detail["signed_for"] == f"http://coordina.example{STATUS}"
    assert beat.detail["expected"] == f"https://coordina.example{STATUS}"


def test_what_came_to_another_number_is_told_by_the_diagnosis_without_its_sender(nobody: FlaskClient) -> None:
    form = inbound_form("el secreto", To="whatsapp:+14155550199")

    assert nobody.post(WEBHOOK, data=form, headers=signed(HERE, form)).status_code == 200

    beat = find(STRAY)
    assert beat is not None
    assert beat.detail == {
        "reason": "not our number",
        "ours": True,
        "expected": "whatsapp:+14155550100",
        "signed_for": "whatsapp:+14155550199",
    }
    check = check_webhooks(read_arrivals(), utcnow())
    assert check.state is State.WARN
    assert "whatsapp:+14155550199, que no es tu WhatsApp" in str(check.seen)

    form = inbound_form()
    nobody.post(WEBHOOK, data=form, headers=signed(HERE, form))
    db.session.rollback()

    assert check_webhooks(read_arrivals(), utcnow()).state is State.OK


def test_strangers_do_not_keep_the_database_busy(nobody: FlaskClient, statements: list[str]) -> None:
    nobody.post(WEBHOOK, data=inbound_form())
    statements.clear()

    assert {nobody.post(WEBHOOK, data=inbound_form()).status_code for _ in range(20)} == {403}
    assert statements == []


def test_a_stranger_who_was_first_hides_no_request_of_twilios(nobody: FlaskClient) -> None:
    nobody.post(WEBHOOK, data=inbound_form())
    form = inbound_form()

    nobody.post(WEBHOOK, data=form, headers=signed("http://coordina.example" + WEBHOOK, form))

    assert find(MISDIRECTED) is not None


def test_a_large_body_is_refused_without_looking_for_its_address(nobody: FlaskClient) -> None:
    form = inbound_form("x" * 40_000)

    assert nobody.post(WEBHOOK, data=form, headers=signed("http://coordina.example" + WEBHOOK, form)).status_code == 403
    assert find(MISDIRECTED) is None


def test_without_a_database_a_stranger_is_refused_all_the_same(config: TestConfig) -> None:
    url = "sqlite:////proc/nowhere/coordina.db"
    app: Flask = create_app(replace(config, SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(url)))
    app.test_client_class = IsolatedClient

    assert app.test_client().post(WEBHOOK, data=inbound_form()).status_code == 403
