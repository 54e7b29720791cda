"""Names and words that show nothing give way to what does: a number, another name, "Mensaje en blanco"."""

from __future__ import annotations

import pytest

from app.errors import Invalid
from app.push.forms import parse_name
from app.whatsapp.inbox.actions.snippets import keep_quick_reply
from app.whatsapp.names import contact_name, conversation_name, last_line
from app.whatsapp.templates.values import office_values
from tests.factories import Factories

BLANKS = ("\u3164", "\u2800\u2800", "\u115f \u1160", "\u200b\u200d", "\U000e0041\U000e007f", "\u0301", "\u202e\u00a0")


@pytest.mark.parametrize("blank", BLANKS)
def test_a_name_that_shows_nothing_is_none(factories: Factories, blank: str) -> None:
    nobody = factories.conversation(profile_name=blank, given_name=blank)
    called = factories.conversation("+5491155550102", profile_name="Lucía", given_name=blank)

    assert conversation_name(nobody) == "+54 9 11 5555-0101"
    assert conversation_name(called) == "Lucía"
    assert (
        contact_name({"name": blank, "org": blank, "phones": [{"number": "11 5555-0101"}], "emails": []})
        == "11 5555-0101"
    )


@pytest.mark.parametrize("blank", BLANKS)
def test_a_message_that_shows_nothing_says_so(factories: Factories, blank: str) -> None:
    message = factories.message(factories.conversation(), blank)
    place = factories.message(
        factories.conversation("+5491155550102"),
        "",
        type="location",
        location={"label": blank, "address": "Rivadavia 100"},
    )

    assert last_line(message) == "Mensaje en blanco"
    assert last_line(place) == "📍 Ubicación · Rivadavia 100"


@pytest.mark.parametrize("blank", BLANKS)
def test_nobody_keeps_a_sentence_or_a_device_that_shows_nothing(factories: Factories, blank: str) -> None:
    with pytest.raises(Invalid):
        keep_quick_reply(blank)
    with pytest.raises(Invalid):
        parse_name(blank)


def test_a_template_is_filled_with_the_name_that_can_be_read(factories: Factories) -> None:
    conversation = factories.conversation(profile_name="\u3164 Lucía Paz", given_name="\u200b")

    values = office_values(conversation, None, "Ana", "es_AR")

    assert values["client_first"] == "Lucía"
