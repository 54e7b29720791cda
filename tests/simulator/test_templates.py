"""Templates as WhatsApp treats them: decided from outside, checked on the way, tapped on the phone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.office import ANA_PHONE, NEVER_WROTE_PHONE, Office
from tests.simulator.receiver import Receiver

pytestmark = pytest.mark.enable_socket

TEXT = {"twilio/text": {"body": "Hola {{1}}, nos vemos."}}
LIST = {"twilio/list-picker": {"body": "¿Cuándo?", "button": "Ver", "items": [{"item": "Jueves", "id": "j"}]}}


def made(office: Office, types: dict[str, Any] = TEXT, status: str = "approved") -> str:
    given = {"friendly_name": "aviso", "language": "es_AR", "types": types}
    sid = str(office.rest("/v1/Content", method="POST", json=given).json()["sid"])
    office.control("PATCH", f"templates/{sid}", json={"status": status, "category": "UTILITY"})
    return sid


def outcome(office: Office, sid: str, to: str = NEVER_WROTE_PHONE, variables: str = '{"1": "Lu"}') -> tuple[str, Any]:
    message = office.send(to=to, content_sid=sid, content_variables=variables).sid
    office.idle()
    fetched = office.sdk().messages(message).fetch()
    return str(fetched.status), fetched.error_code


@pytest.mark.parametrize(
    ("status", "code"),
    [("rejected", 63040), ("paused", 63041), ("disabled", 63042), ("deleted", 63027), ("pending", 63016)],
)
def test_what_whatsapp_decided_counts_from_then_on(office: Office, status: str, code: int) -> None:
    assert outcome(office, made(office, status=status)) == ("failed", code)


@pytest.mark.parametrize(
    ("variables", "code"),
    [("{}", 63028), ('{"1": "a\\tb"}', 63013), ('{"1": "a    b"}', 63013), ('{"1": "%s"}' % ("x" * 1100), 63021)],
)
def test_values_that_whatsapp_does_not_take_fail_on_the_way(office: Office, variables: str, code: int) -> None:
    assert outcome(office, made(office), variables=variables) == ("failed", code)


def test_a_list_opens_no_conversation_and_goes_while_one_lasts(office: Office) -> None:
    sid = made(office, LIST)

    assert outcome(office, sid) == ("failed", 63016)
    assert outcome(office, sid, to=ANA_PHONE)[0] in ("delivered", "read")


def test_the_phone_shows_every_part_and_a_tap_answers(office: Office, receiver: Receiver) -> None:
    actions = [
        {"type": "URL", "title": "Ver", "url": "https://ejemplo.example/{{1}}"},
        {"type": "QUICK_REPLY", "title": "Dale", "id": "dale"},
    ]
    card = {"header_text": "Aviso", "body": "Hola {{1}}", "footer": "Coordina", "media": ["https://x/a.jpg"]}
    sid = office.send(
        content_sid=made(office, {"whatsapp/card": {**card, "actions": actions}}), content_variables='{"1": "Lu"}'
    ).sid
    office.idle()

    view = office.control("GET", f"clients/{ANA_PHONE}/messages")["messages"][-1]
    office.writes(type="button", text="Dale", payload="dale", reply_to=sid)
    office.idle()

    assert view["shown"]["links"] == [{"title": "Ver", "value": "https://ejemplo.example/Lu"}]
    assert [view["shown"][name] for name in ("header", "text", "footer", "media")] == [
        "Aviso",
        "Hola Lu",
        "Coordina",
        ["a.jpg"],
    ]
    assert view["buttons"] == [{"title": "Dale", "id": "dale"}]
    assert receiver.inbound()[-1].form["ButtonPayload"] == "dale"


def test_a_state_that_is_none_is_refused_and_a_template_can_go(office: Office) -> None:
    sid = made(office)

    refused = office.rest(f"/control/templates/{sid}", method="PATCH", json={"status": "loved"})
    office.control("DELETE", f"templates/{sid}")

    assert refused.status_code == 400
    assert sid not in [template["sid"] for template in office.control("GET", "templates")["templates"]]
