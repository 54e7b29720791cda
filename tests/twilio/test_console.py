"""What Twilio's console shows, through the official SDK: the account, and where it posts what clients write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from app.twilio.client import Account, NoAnswer, NotReached, Refused
from app.twilio.console import MISSING, SANDBOX, SANDBOX_NUMBER, SENDER, SERVICE, Console
from tests.twilio.conftest import ACCOUNT_SID, AUTH_TOKEN, NUMBER, RealTwilio
from tests.twilio.scripted import ScriptedServer, closed_port, scripted_server

pytestmark = pytest.mark.enable_socket

HERE = "https://coordina.example/api/whatsapp/webhook"
NEWS = "https://coordina.example/api/whatsapp/status"
SERVICE_SID = "MG" + "1" * 32


def console(url: str, **changes: Any) -> Console:
    settings = {"sid": ACCOUNT_SID, "token": AUTH_TOKEN, "whatsapp_number": NUMBER, "base_url": url, "timeout": 5}
    return Console(Account(**(settings | changes)))


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


def test_an_account_in_order_is_active_and_goes_by_the_same_clock(real: RealTwilio) -> None:
    account = console(real.url).fetch_account()

    assert (account.status, account.trial) == ("active", False)
    assert account.clock_ahead is not None
    assert abs(account.clock_ahead) < timedelta(seconds=3)


def test_a_suspended_account_and_one_on_trial_say_so(script: ScriptedServer) -> None:
    script.answers = [(200, {"sid": ACCOUNT_SID, "status": "suspended", "type": "Trial"})]

    account = console(script.url).fetch_account()

    assert (account.status, account.trial) == ("suspended", True)


def test_a_clock_that_differs_is_measured(script: ScriptedServer) -> None:
    script.date = format_datetime(datetime.now(UTC) - timedelta(minutes=12), usegmt=True)
    script.answers = [(200, {"sid": ACCOUNT_SID, "status": "active", "type": "Full"})]

    ahead = console(script.url).fetch_account().clock_ahead

    assert ahead is not None
    assert timedelta(minutes=11, seconds=50) < ahead < timedelta(minutes=12, seconds=10)


@pytest.mark.parametrize("date", ["", "mañana"])
def test_a_clock_that_says_nothing_is_no_trouble(script: ScriptedServer, date: str) -> None:
    script.date = date.encode("latin-1", "replace").decode("latin-1")
    script.answers = [(200, {"sid": ACCOUNT_SID, "status": "active", "type": "Full"})]

    assert console(script.url).fetch_account().clock_ahead is None


def test_wrong_credentials_are_refused(real: RealTwilio) -> None:
    with pytest.raises(Refused) as refusal:
        console(real.url, token="wrong").fetch_account()

    assert (refusal.value.code, refusal.value.http_status) == (20003, 401)


def test_a_twilio_that_is_not_there_or_does_not_work(script: ScriptedServer) -> None:
    script.answers = [(500, "<html>")]

    with pytest.raises(NotReached):
        console(f"http://127.0.0.1:{closed_port()}").fetch_account()
    with pytest.raises(NoAnswer):
        console(script.url).fetch_account()
    with pytest.raises(NoAnswer):
        console(script.url).find_reception()


def test_a_sender_tells_where_its_messages_go_and_takes_another_address(real: RealTwilio) -> None:
    asked = console(real.url)
    before = asked.find_reception()
    assert (before.kind, before.state, before.url, before.method) == (SENDER, "ONLINE", "http://127.0.0.1:9/", "POST")

    asked.receive_at(before, HERE, NEWS)
    after = asked.find_reception()

    assert (after.url, after.method, after.webhook["status_callback_url"]) == (HERE, "POST", NEWS)
    assert real.simulator.world.settings.webhook_url == HERE


def test_what_else_is_set_at_a_sender_stays(real: RealTwilio) -> None:
    own = {"fallback_url": "https://otra.example/caida", "status_callback_url": "https://otra.example/estados"}
    real.simulator.world.sender.webhook |= own

    console(real.url).receive_at(console(real.url).find_reception(), HERE, NEWS)

    kept = real.simulator.world.sender.webhook
    assert {name: kept[name] for name in own} == own
    assert (kept["callback_url"], kept["callback_method"]) == (HERE, "POST")


def test_a_sender_that_is_offline_says_why(real: RealTwilio) -> None:
    world = real.simulator.world
    world.sender.status, world.sender.offline_reasons = "OFFLINE", [{"code": "63114", "message": "x", "more_info": ""}]

    reception = console(real.url).find_reception()

    assert (reception.state, reception.offline_codes) == ("OFFLINE", ("63114",))


def test_a_number_that_is_no_sender_of_the_account(real: RealTwilio) -> None:
    reception = console(real.url, whatsapp_number="+14155550999").find_reception()

    assert (reception.kind, reception.settable) == (MISSING, False)


def sender(number: int) -> dict[str, Any]:
    return {"sid": f"XE{number:032d}", "sender_id": f"whatsapp:+1415555{number:04d}", "status": "ONLINE"}


def test_a_sender_is_found_on_a_later_page(script: ScriptedServer) -> None:
    following = {"key": "senders", "next_page_url": f"{script.url}/v2/Channels/Senders?Page=1"}
    last = {"key": "senders", "next_page_url": None}
    script.answers = [
        (200, {"senders": [sender(7)], "meta": following}),
        (200, {"senders": [sender(100)], "meta": last}),
    ]

    reception = console(script.url).find_reception()

    assert (reception.kind, reception.sid, reception.url) == (SENDER, sender(100)["sid"], "")
    assert "Channel=whatsapp" in script.asked[0]
    assert len(script.asked) == 2


def test_the_sandbox_is_not_even_asked_for(script: ScriptedServer) -> None:
    reception = console(script.url, whatsapp_number=SANDBOX_NUMBER).find_reception()

    assert (reception.kind, reception.settable) == (SANDBOX, False)
    assert script.asked == []


def test_a_messaging_service_decides_where_messages_go(real: RealTwilio) -> None:
    asked = console(real.url, messaging_service_sid=SERVICE_SID)
    before = asked.find_reception()
    assert (before.kind, before.sid, before.url) == (SERVICE, SERVICE_SID, "http://127.0.0.1:9/")

    asked.receive_at(before, HERE, NEWS)

    assert (asked.find_reception().url, asked.find_reception().webhook) == (HERE, {"status": NEWS})
    assert real.simulator.world.sender.webhook["callback_url"] == "http://127.0.0.1:9/"
    assert real.simulator.world.settings.webhook_url == HERE


def test_a_messaging_service_keeps_its_own_status_address(real: RealTwilio) -> None:
    real.simulator.world.find_service(SERVICE_SID).status_callback = "https://otra.example/estados"
    asked = console(real.url, messaging_service_sid=SERVICE_SID)

    asked.receive_at(asked.find_reception(), HERE, NEWS)

    assert real.simulator.world.find_service(SERVICE_SID).status_callback == "https://otra.example/estados"


def test_a_messaging_service_may_leave_it_to_the_sender(real: RealTwilio) -> None:
    real.simulator.world.find_service(SERVICE_SID).defers = True

    assert console(real.url, messaging_service_sid=SERVICE_SID).find_reception().kind == SENDER
