"""WhatsApp's templates through the official SDK: listed page by page, created, submitted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.twilio.client import Account, NoAnswer, NotReached, Refused
from app.twilio.content import Contents
from tests.twilio.conftest import ACCOUNT_SID, AUTH_TOKEN, NUMBER, RealTwilio
from tests.twilio.scripted import ScriptedServer, closed_port, scripted_server

pytestmark = pytest.mark.enable_socket

TYPES = {"twilio/text": {"body": "Hola {{1}}, chau."}}


def contents(url: str) -> Contents:
    return Contents(Account(ACCOUNT_SID, AUTH_TOKEN, NUMBER, base_url=url, timeout=5))


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


def page(sids: list[str], next_page_url: str | None, **more: Any) -> dict[str, Any]:
    template = {"friendly_name": "x", "language": "es", "variables": {}, "types": TYPES, "approval_requests": {}}
    return {
        "contents": [{"sid": sid, **template, **more} for sid in sids],
        "meta": {"key": "contents", "next_page_url": next_page_url, "page": 0, "page_size": 500},
    }


def test_a_template_comes_with_what_whatsapp_decided(real: RealTwilio) -> None:
    listed = contents(real.url).list_templates()

    (template,) = listed.items
    assert listed.complete
    assert (template.name, template.language, template.status) == ("recordatorio", "es_AR", "approved")
    assert (template.category, template.variables) == ("UTILITY", {"1": "Ana"})
    assert template.types == {"twilio/text": {"body": "Hola {{1}}."}}


def test_a_new_one_is_made_submitted_and_followed(real: RealTwilio) -> None:
    gateway = contents(real.url)

    sid = gateway.create("aviso", "es_AR", TYPES, {"1": "Ana"})
    before = {template.sid: template.status for template in gateway.list_templates().items}
    status = gateway.submit(sid, "aviso", "UTILITY")
    real.control("PATCH", f"templates/{sid}", json={"status": "rejected", "rejection_reason": "Repetida."})
    after = {template.sid: template for template in gateway.list_templates().items}

    assert (before[sid], status) == ("unsubmitted", "received")
    assert (after[sid].status, after[sid].rejection_reason, after[sid].category) == ("rejected", "Repetida.", "UTILITY")


def test_what_twilio_will_not_have_is_refused_with_its_words(real: RealTwilio) -> None:
    gateway = contents(real.url)
    sid = gateway.create("aviso", "es_AR", TYPES, {})

    with pytest.raises(Refused) as refused:
        gateway.submit(sid, "Con Mayúsculas", "UTILITY")

    assert (refused.value.code, refused.value.http_status) == (20001, 400)


def test_every_page_is_read(script: ScriptedServer) -> None:
    script.answers = [(200, page(["HX1", "HX2"], script.url + "/next")), (200, page(["HX3"], None))]

    listed = contents(script.url).list_templates()

    assert ([template.sid for template in listed.items], listed.complete) == (["HX1", "HX2", "HX3"], True)
    assert script.asked[1] == "GET /next"


def test_a_list_that_goes_round_and_round_ends_and_is_not_complete(script: ScriptedServer) -> None:
    script.answers = [(200, page(["HX1"], script.url + "/same"))]

    listed = contents(script.url).list_templates()

    assert (len(listed.items), listed.complete, len(script.asked)) == (1, False, 2)


@pytest.mark.parametrize("approval", [None, {}, {"status": None, "name": None}, "x"])
def test_what_was_never_submitted_is_so(script: ScriptedServer, approval: Any) -> None:
    script.answers = [(200, page(["HX1"], None, approval_requests=approval, variables=None, friendly_name="a\x00b"))]

    (template,) = contents(script.url).list_templates().items

    assert (template.status, template.category, template.name) == ("unsubmitted", "", "ab")


@pytest.mark.parametrize("answer", [(503, "<html>"), (200, "<html>"), (200, {}), None])
def test_a_twilio_that_does_not_answer_as_twilio_is_no_answer(script: ScriptedServer, answer: Any) -> None:
    script.answers = [answer]

    with pytest.raises(NoAnswer):
        contents(script.url).list_templates()


def test_wrong_credentials_are_refused_and_a_closed_port_is_not_reached(real: RealTwilio) -> None:
    wrong = Contents(Account(ACCOUNT_SID, "wrong", NUMBER, base_url=real.url, timeout=5))

    with pytest.raises(Refused):
        wrong.list_templates()
    with pytest.raises(NotReached):
        contents(f"http://127.0.0.1:{closed_port()}").create("x", "es", TYPES, {})
