"""For which address was it signed? What people mistake for one another is found; what nobody signed is not."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from app.twilio.misdirected import candidates, find_signed_url
from tests.signing import inbound_form

TOKEN = "test-auth-token"
HERE = "https://coordina.example/api/whatsapp/webhook"
TARGET = "/api/whatsapp/webhook"


def find(signed_for: str, *, configured: str = HERE, target: str = TARGET, token: str = TOKEN, **asked: Any) -> str:
    form = inbound_form("¿Hay lugar? ñ")
    signature = RequestValidator(token).compute_signature(signed_for, form)
    urls = candidates(configured, target, asked.get("hosts", ()), asked.get("prefixes", ()))
    return find_signed_url(auth_token=TOKEN, form=form, signature=signature, urls=urls)


@pytest.mark.parametrize(
    ("signed_for", "asked"),
    [
        ("http://coordina.example/api/whatsapp/webhook", {}),
        ("https://coordina.example/api/whatsapp/webhook/", {}),
        ("https://tunel.example/api/whatsapp/webhook", {"hosts": ["tunel.example"]}),
        ("http://10.0.0.7:8000/api/whatsapp/webhook", {"hosts": ["10.0.0.7:8000"]}),
        ("https://coordina.example/oficina/api/whatsapp/webhook", {"prefixes": ["/oficina"]}),
    ],
)
def test_what_people_mistake_for_one_another_is_found(signed_for: str, asked: dict[str, list[str]]) -> None:
    assert find(signed_for, **asked) == signed_for


def test_a_prefix_of_the_configured_address_that_is_not_at_twilio_is_found() -> None:
    configured = "https://coordina.example/oficina/api/whatsapp/webhook"

    assert find(HERE, configured=configured) == HERE


def test_a_status_callbacks_query_is_signed_and_not_kept() -> None:
    target = "/api/whatsapp/status?message=7"

    assert find(f"http://coordina.example{target}", target=target) == "http://coordina.example/api/whatsapp/status"


@pytest.mark.parametrize("token", ["another token", ""])
def test_what_our_token_did_not_sign_is_not_found(token: str) -> None:
    assert find("http://coordina.example/api/whatsapp/webhook", token=token) == ""


def test_an_address_that_nobody_would_guess_is_not_found() -> None:
    assert find("https://otra.example/hook") == ""


def test_what_strangers_send_costs_little() -> None:
    hosts, prefixes = ["h" * 5000, "x.example"], ["/" + "p" * 5000]

    urls = candidates(HERE, TARGET, hosts, prefixes)

    assert len(urls) <= 24
    assert max(map(len, urls)) < 300
    assert HERE not in urls
    many = {f"P{number}": "x" for number in range(501)}
    assert find_signed_url(auth_token=TOKEN, form=many, signature="a" * 28, urls=urls) == ""
    assert find_signed_url(auth_token=TOKEN, form={}, signature="ñ", urls=urls) == ""
    assert find_signed_url(auth_token="", form={}, signature="a" * 28, urls=urls) == ""
    assert find_signed_url(auth_token=TOKEN, form={}, signature=None, urls=urls) == ""
