"""A write that changes what people see: with the next number of the sequence, whole, or without a trace."""

from __future__ import annotations

import pytest

from app.extensions import db
from app.whatsapp.changes import Unchanged, changing, current_change
from app.whatsapp.models import Conversation
from tests.factories import Factories


def rename(conversation_id: int, name: str, error: Exception | None = None) -> int:
    """Write a name, and raise `error` then; return the number that was taken."""
    with changing() as (session, change):
        conversation = session.get_one(Conversation, conversation_id)
        conversation.given_name, conversation.change = name, change
        session.flush()
        if error is not None:
            raise error
    return change


def test_a_change_is_kept_with_the_next_number(factories: Factories) -> None:
    conversation = factories.conversation(given_name="Luz")
    before = current_change()

    taken = rename(conversation.id, "Luz del salón")

    kept = factories.reload(conversation)
    assert (kept.given_name, kept.change) == ("Luz del salón", taken)
    assert taken == current_change() == before + 1


def test_what_turns_out_to_change_nothing_leaves_no_trace_and_goes_on(factories: Factories) -> None:
    conversation = factories.conversation(given_name="Luz")
    before = current_change(), conversation.change

    rename(conversation.id, "Luz del salón", Unchanged())  # And no error comes out of it.

    assert factories.reload(conversation).given_name == "Luz"
    assert (current_change(), conversation.change) == before
    assert rename(conversation.id, "Luz del patio") == before[0] + 1


def test_another_error_passes_through_and_writes_nothing(factories: Factories) -> None:
    conversation = factories.conversation(given_name="Luz")
    before = current_change()

    with pytest.raises(LookupError):
        rename(conversation.id, "Luz del salón", LookupError())

    assert factories.reload(conversation).given_name == "Luz"
    assert current_change() == before


def test_nothing_is_left_open_where_nothing_changed(factories: Factories) -> None:
    conversation_id = factories.conversation().id

    rename(conversation_id, "Luz", Unchanged())

    assert not db.session().in_transaction()
