"""Lists of messages and of templates: order, filters and pages, through the SDK."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.simulator.office import ACCOUNT_SID, ANA_PHONE, NUMBER, Office

pytestmark = pytest.mark.enable_socket


def test_messages_come_newest_first(office: Office) -> None:
    office.writes("hace una hora", minutes_ago=60, webhook=False)
    office.writes("ahora", webhook=False)

    found = office.sdk().messages.list(limit=20)

    assert [message.body for message in found] == ["ahora", "Buenas", "hace una hora"]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_pages_hold_every_message_once_and_end(office: Office, size: int) -> None:
    written = [office.writes(str(number), webhook=False) for number in range(4)]

    found = [message.sid for message in office.sdk().messages.list(page_size=size)]

    assert len(found) == len(set(found)) == 5
    assert set(written) < set(found)


def test_a_message_that_arrives_between_two_pages_repeats_nothing(office: Office) -> None:
    for number in range(3):
        office.writes(str(number), webhook=False)
    first = office.sdk().messages.page(page_size=2)
    seen = [message.sid for message in first]

    office.writes("tarde", webhook=False)
    second = first.next_page()

    assert second is not None
    assert not set(seen) & {message.sid for message in second}


def test_messages_are_filtered_by_both_ends(office: Office) -> None:
    sent = office.send("Hola Ana")
    client = f"whatsapp:{ANA_PHONE}"

    to_ana = office.sdk().messages.list(to=client, limit=20)
    from_ana = office.sdk().messages.list(from_=client, to=f"whatsapp:{NUMBER}", limit=20)

    assert [message.sid for message in to_ana] == [sent.sid]
    assert [message.body for message in from_ana] == ["Buenas"]


def test_messages_are_filtered_by_date(office: Office) -> None:
    now = datetime.now(UTC)
    office.writes("ahora", webhook=False)
    messages = office.sdk().messages

    after = messages.list(date_sent_after=now - timedelta(minutes=10), limit=20)
    before = messages.list(date_sent_before=now - timedelta(minutes=10), limit=20)
    on_that_day = messages.list(date_sent=date(2020, 1, 1), limit=20)

    assert [message.body for message in after] == ["ahora"]
    assert [message.body for message in before] == ["Buenas"]
    assert on_that_day == []


def test_a_date_that_is_none_is_refused(office: Office) -> None:
    answer = office.rest(f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json?DateSent=yesterday")

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_templates_come_in_pages_that_end(office: Office) -> None:
    content = office.sdk().content.v1

    contents = content.contents.list(page_size=1)
    approvals = content.content_and_approvals.list(page_size=2)

    assert [template.friendly_name for template in contents] == ["recordatorio", "promo", "saludo"]
    statuses = [template.approval_requests["status"] for template in approvals if template.approval_requests]
    assert statuses == ["approved", "rejected", "pending"]


def test_a_template_is_created_and_submitted_through_the_sdk(office: Office) -> None:
    content = office.sdk().content.v1
    sid = content.contents.list(limit=1)[0].sid

    approval = content.contents(str(sid)).approval_create.create(
        content_approval_request=content.contents(str(sid)).approval_create.ContentApprovalRequest(
            {"name": "recordatorio", "category": "UTILITY"}
        )
    )

    fetched = content.contents(str(sid)).approval_fetch().fetch()
    assert approval.status == "received"
    assert fetched.whatsapp is not None
    assert fetched.whatsapp["name"] == "recordatorio"


def test_an_unknown_template_is_not_found(office: Office) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        office.sdk().content.v1.contents("HX" + "0" * 32).fetch()

    assert (refusal.value.status, refusal.value.code) == (404, 20404)
    assert office.rest(f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/x/Media.json").status_code == 404
