"""The gateway over a socket, through the official SDK: against the simulator, and a server that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.extensions import utcnow
from app.twilio.client import Account, NoAnswer, NotReached, Outgoing, Refused, Twilio
from tests.twilio.conftest import CLIENT, NUMBER, RealTwilio
from tests.twilio.scripted import ScriptedServer, closed_port, scripted_server

pytestmark = pytest.mark.enable_socket
CALLBACK = "https://coordina.example/api/whatsapp/status?message=7"


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


def gateway_of(script: ScriptedServer, **changes: Any) -> Twilio:
    settings = {"sid": "AC" + "0" * 32, "token": "t", "whatsapp_number": NUMBER, "base_url": script.url, "timeout": 2}
    return Twilio(Account(**(settings | changes)))


def hello(**changes: Any) -> Outgoing:
    return Outgoing(**({"to": CLIENT, "status_callback": "", "body": "Hola"} | changes))


def record(number: int, **changes: Any) -> dict[str, Any]:
    message = {
        "sid": f"SM{number:032d}",
        "status": "sent",
        "direction": "outbound-api",
        "from": f"whatsapp:{NUMBER}",
        "to": f"whatsapp:{CLIENT}",
        "body": f"Mensaje {number}",
        "date_created": "Fri, 20 Nov 2026 17:44:46 +0000",
        "date_sent": None,
        "num_media": "0",
        "error_code": None,
        "error_message": None,
    }
    return message | changes


def page(*numbers: int, more: bool) -> tuple[int, dict[str, Any]]:
    following = f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json?Page=9&PageToken=PA1" if more else None
    return 200, {"messages": [record(number) for number in numbers], "next_page_uri": following}


REFUSED_429 = (429, {"code": 20429, "message": "Too Many Requests", "status": 429})


def test_a_message_is_accepted_and_can_be_fetched(real: RealTwilio) -> None:
    sent = real.gateway.send(hello(body="Hola ñ 🎉\nsegunda línea"))

    assert sent.sid.startswith("SM")
    assert (sent.status, sent.direction, sent.error_code) == ("queued", "outbound", None)
    assert (sent.from_number, sent.to_number) == (f"whatsapp:{NUMBER}", f"whatsapp:{CLIENT}")
    assert sent.created_at.tzinfo is UTC or sent.created_at.utcoffset() == timedelta(0)
    fetched = real.gateway.fetch(sent.sid)
    assert (fetched.sid, fetched.body) == (sent.sid, "Hola ñ 🎉\nsegunda línea")


def test_the_callback_url_reaches_twilio_as_it_is(real: RealTwilio) -> None:
    callback = "http://127.0.0.1:9/api/whatsapp/status?message=7"

    sent = real.gateway.send(hello(status_callback=callback))

    assert real.simulator.world.messages[sent.sid].status_callback == callback


@pytest.mark.parametrize("words", ["", "El salón"])
def test_a_file_goes_by_its_address_with_or_without_words(real: RealTwilio, words: str) -> None:
    sent = real.gateway.send(hello(body=words, media_url="http://127.0.0.1:9/media/out/x/salon.jpg"))

    message = real.simulator.world.messages[sent.sid]
    assert sent.sid.startswith("MM")
    assert (sent.body, sent.num_media) == (words, 1)
    assert [media.source for media in message.media] == ["http://127.0.0.1:9/media/out/x/salon.jpg"]


def test_a_template_goes_with_its_variables(real: RealTwilio) -> None:
    template = next(iter(real.simulator.world.templates.values()))

    real.gateway.send(hello(body="", content_sid=template.sid, content_variables={"1": "Lucía 🎉"}))

    assert real.sent_bodies() == ["Hola Lucía 🎉."]


def test_a_user_id_can_be_written_to(real: RealTwilio) -> None:
    sent = real.gateway.send(hello(to="AR.1234567890123456"))

    assert sent.to_number == "whatsapp:AR.1234567890123456"


def test_with_a_messaging_service_the_service_sends(real: RealTwilio) -> None:
    gateway = real.make_gateway(messaging_service_sid="MG" + "1" * 32)

    sent = gateway.send(hello())

    assert sent.status == "accepted"
    assert real.simulator.world.messages[sent.sid].messaging_service_sid == "MG" + "1" * 32


def test_what_twilio_refuses_is_refused_with_its_code(real: RealTwilio) -> None:
    with pytest.raises(Refused) as refusal:
        real.gateway.send(hello(body="x" * 1601))

    assert (refusal.value.code, refusal.value.http_status) == (21617, 400)
    assert "1600" in refusal.value.message
    assert real.sent_bodies() == []


def test_a_busy_twilio_is_asked_once_more(real: RealTwilio) -> None:
    real.fault("refuse_429")

    sent = real.gateway.send(hello())

    assert sent.status == "queued"
    assert real.sent_bodies() == ["Hola"]


def test_a_twilio_that_stays_busy_is_not_asked_a_third_time(real: RealTwilio) -> None:
    real.fault("refuse_429", times=3)

    with pytest.raises(Refused) as refusal:
        real.gateway.send(hello())

    assert (refusal.value.code, refusal.value.http_status) == (20429, 429)
    assert real.control("GET", "faults")["faults"][0]["times"] == 1
    assert real.sent_bodies() == []


def test_a_broken_twilio_leaves_it_open_and_is_not_asked_again(real: RealTwilio) -> None:
    real.fault("error_500", times=2)

    with pytest.raises(NoAnswer):
        real.gateway.send(hello())

    assert real.control("GET", "faults")["faults"][0]["times"] == 1


def test_an_answer_that_does_not_come_in_time_leaves_it_open(real: RealTwilio) -> None:
    real.fault("timeout_after_accepting", value=30)

    with pytest.raises(NoAnswer):
        real.make_gateway(timeout=0.2).send(hello())

    assert real.sent_bodies() == ["Hola"]


def test_a_connection_that_breaks_after_the_question_leaves_it_open(script: ScriptedServer) -> None:
    script.answers = [None]

    with pytest.raises(NoAnswer):
        gateway_of(script).send(hello())

    assert len(script.asked) == 1


def test_without_a_connection_nothing_was_sent() -> None:
    gateway = Twilio(Account("AC" + "0" * 32, "t", NUMBER, base_url=f"http://127.0.0.1:{closed_port()}", timeout=2))

    with pytest.raises(NotReached):
        gateway.send(hello())


def test_a_host_that_does_not_exist_was_not_reached() -> None:
    gateway = Twilio(Account("AC" + "0" * 32, "t", NUMBER, base_url="http://twilio.invalid", timeout=2))

    with pytest.raises(NotReached):
        gateway.send(hello())


@pytest.mark.parametrize(
    "answer",
    [(500, "<html>"), (502, ""), (503, "<html>Service Unavailable</html>"), (504, {"code": 20504, "message": "x"})],
)
def test_a_failure_of_the_server_leaves_it_open_and_is_never_tried_again(script: ScriptedServer, answer: Any) -> None:
    script.answers = [answer]

    with pytest.raises(NoAnswer):
        gateway_of(script).send(hello())

    assert len(script.asked) == 1

    assert len(script.asked) == 1


def test_an_answer_that_cannot_be_read_leaves_it_open(script: ScriptedServer) -> None:
    script.answers = [(201, "<html>de un portal cautivo</html>")]

    with pytest.raises(NoAnswer):
        gateway_of(script).send(hello())


def test_nul_leaves_the_text(script: ScriptedServer) -> None:
    script.answers = [(200, record(1, body="a\x00b"))]

    assert gateway_of(script).fetch("SM1").body == "ab"


def test_a_message_that_is_not_there_is_a_refusal(real: RealTwilio) -> None:
    with pytest.raises(Refused) as refusal:
        real.gateway.fetch("SM" + "9" * 32)

    assert (refusal.value.code, refusal.value.http_status) == (20404, 404)


def test_the_list_has_both_directions_newest_first(real: RealTwilio) -> None:
    written = real.writes("¿Hay lugar?")
    sent = real.gateway.send(hello())

    found = list(real.gateway.list_since(utcnow() - timedelta(minutes=10)))

    assert {message.sid: message.direction for message in found} == {written: "inbound", sent.sid: "outbound"}
    assert [message.created_at for message in found] == sorted((m.created_at for m in found), reverse=True)


def test_the_list_begins_where_it_is_asked_to(real: RealTwilio) -> None:
    assert list(real.gateway.list_since(utcnow() - timedelta(minutes=10))) == []
    assert [m.body for m in real.gateway.list_since(utcnow() - timedelta(minutes=40))] == ["Buenas"]


def test_the_list_goes_through_every_page_and_ends(script: ScriptedServer) -> None:
    script.answers = [page(5, 4, more=True), page(3, 2, more=True), page(1, more=False)]

    found = list(gateway_of(script).list_since(datetime(2026, 11, 1, tzinfo=UTC)))

    assert [message.body for message in found] == [f"Mensaje {number}" for number in (5, 4, 3, 2, 1)]
    assert "DateSent%3E=2026-11-01T00%3A00%3A00Z" in script.asked[0]
    assert len(script.asked) == 3


def test_a_list_without_an_end_is_cut(script: ScriptedServer) -> None:
    script.answers = [page(1, 2, more=True)]

    found = list(gateway_of(script).list_since(datetime(2026, 11, 1, tzinfo=UTC), limit=5))

    assert len(found) == 5
    assert len(script.asked) == 3


def test_empty_pages_without_an_end_are_an_end(script: ScriptedServer) -> None:
    script.answers = [page(more=True)]

    assert list(gateway_of(script).list_since(datetime(2026, 11, 1, tzinfo=UTC))) == []


def test_a_busy_twilio_between_two_pages_loses_no_page(script: ScriptedServer) -> None:
    script.answers = [page(3, 2, more=True), REFUSED_429, page(1, more=False)]

    found = list(gateway_of(script).list_since(datetime(2026, 11, 1, tzinfo=UTC)))

    assert [message.body for message in found] == ["Mensaje 3", "Mensaje 2", "Mensaje 1"]


@pytest.mark.parametrize("failure", [(500, ""), None])
def test_a_list_that_breaks_half_way_says_so(script: ScriptedServer, failure: Any) -> None:
    script.answers = [page(3, 2, more=True), failure]

    with pytest.raises(NoAnswer):
        list(gateway_of(script).list_since(datetime(2026, 11, 1, tzinfo=UTC)))


def test_messages_of_other_channels_are_left_out(script: ScriptedServer) -> None:
    sms = record(2, **{"from": "+14155550100", "to": CLIENT})
    script.answers = [(200, {"messages": [record(1), sms], "next_page_uri": None})]

    assert len(list(gateway_of(script).list_since(datetime(2026, 11, 1, tzinfo=UTC)))) == 1


def test_wrong_credentials_are_refused_with_twilios_own_code(real: RealTwilio) -> None:
    gateway = real.make_gateway(token="wrong")

    with pytest.raises(Refused) as sending:
        gateway.send(hello())
    with pytest.raises(Refused) as listing:
        list(gateway.list_since(utcnow()))

    assert (sending.value.code, sending.value.http_status) == (20003, 401)
    assert (listing.value.code, listing.value.http_status, listing.value.message) == (20003, 401, "Authenticate")


def test_the_files_of_a_message_are_listed_with_whole_addresses(real: RealTwilio) -> None:
    sid = real.writes("", type="image")

    files = real.gateway.list_media(sid)

    assert [item.content_type for item in files] == ["image/jpeg"]
    assert files[0].url.startswith(f"{real.url}/2010-04-01/Accounts/")
    assert f"/Messages/{sid}/Media/ME" in files[0].url
    assert not files[0].url.endswith(".json")


def test_an_account_is_complete_with_a_number_or_a_service() -> None:
    assert Account("AC1", "t", NUMBER).complete
    assert Account("AC1", "t", "", messaging_service_sid="MG1").complete
    assert not Account("AC1", "t", "").complete
    assert not Account("", "t", NUMBER).complete
    assert not Account("AC1", "", NUMBER).complete


# What a message cost, and what clients see of us


@pytest.mark.parametrize(
    ("price", "unit", "told"),
    [
        ("-0.00500", "USD", (Decimal("0.005"), "USD")),
        ("-0.0310", "usd", (Decimal("0.031"), "USD")),
        ("0", "USD", (Decimal(0), "USD")),
        (None, "USD", (None, "")),
        (None, None, (None, "")),
        ("", "USD", (None, "")),
        ("NaN", "USD", (None, "")),
        ("free", "USD", (None, "")),
        ("-0.005", None, (None, "")),
    ],
)
def test_a_price_is_a_cost_once_it_is_known(
    script: ScriptedServer, price: str | None, unit: str | None, told: tuple[Decimal | None, str]
) -> None:
    script.answers = [(200, record(1, price=price, price_unit=unit))]

    remote = gateway_of(script).fetch("SM" + "1" * 32)

    assert (remote.price, remote.price_unit) == told


def test_a_price_comes_with_what_is_listed_too(script: ScriptedServer) -> None:
    listed = {"messages": [record(1, price="-0.00500", price_unit="USD")], "next_page_uri": None}
    script.answers = [(200, listed)]

    (remote,) = gateway_of(script).list_since(utcnow())

    assert (remote.price, remote.price_unit) == (Decimal("0.005"), "USD")


def test_a_client_sees_that_we_read_and_write(real: RealTwilio) -> None:
    sid = real.writes("¿Están?")

    real.gateway.show_typing(sid)

    (client,) = [one for one in real.control("GET", "clients")["clients"] if one["phone"] == CLIENT]
    chat = real.control("GET", f"clients/{CLIENT}/messages")["messages"]
    assert client["typing"]
    assert all(message["read_by_office"] for message in chat if message["mine"])


@pytest.mark.parametrize(("answer", "error"), [((404, {"code": 20404}), Refused), ((503, "no"), NoAnswer)])
def test_a_typing_indicator_that_fails_is_asked_for_once(
    script: ScriptedServer, answer: tuple[int, Any], error: type[Exception]
) -> None:
    script.answers = [answer]

    with pytest.raises(error):
        gateway_of(script).show_typing("SM" + "1" * 32)

    assert script.asked == ["POST /v2/Indicators/Typing.json"]
