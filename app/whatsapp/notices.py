"""What admins are told on every page: that nothing goes out, and what staff asked them to look at.

One row of the signs of life holds it all, so that a page asks for it by its key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, select

from app.jobs.models import Heartbeat
from app.jobs.queries import find_heartbeat
from app.twilio.codes import Step, explain
from app.whatsapp.models import Message
from app.whatsapp.outcomes import find_failure

NOTICES = "whatsapp_notices"


@dataclass(frozen=True)
class Trouble:
    """That whatever is sent fails with `code`, since `since`."""

    code: int
    since: datetime

    @property
    def sentence(self) -> str:
        """Say what happened."""
        known = explain(self.code)
        return str(known.sentence) if known else ""


@dataclass(frozen=True)
class Told:
    """That `by` (a name) asked the admins at `at` to look at a message which failed with `code`."""

    code: int
    by: str
    at: datetime
    conversation_id: int
    sentence: str


@dataclass(frozen=True)
class Notices:
    """What there is to tell; `told` is the newest first."""

    trouble: Trouble | None = None
    told: tuple[Told, ...] = ()


def _parse_told(code: str, told: dict[str, Any]) -> Told:
    at = datetime.fromisoformat(told["at"])
    return Told(int(code), str(told["by"]), at, int(told["conversation_id"]), str(told["sentence"]))


def find_notices() -> Notices:
    """Return what admins are told now, in one read by key."""
    row = find_heartbeat(NOTICES)
    if row is None:
        return Notices()
    trouble = row.detail.get("trouble")
    told = [_parse_told(code, one) for code, one in row.detail.get("told", {}).items()]
    return Notices(
        Trouble(int(trouble["code"]), datetime.fromisoformat(trouble["since"])) if trouble else None,
        tuple(sorted(told, key=lambda one: one.at, reverse=True)),
    )


def change_of_notices() -> ScalarSelect[int]:
    """Return the number of the sequence under which the notices changed last, for a statement that asks more."""
    return select(Heartbeat.detail["change"].as_integer()).where(Heartbeat.name == NOTICES).scalar_subquery()


def list_told(messages: Iterable[Message]) -> set[int]:
    """Return the codes that admins were told of already, if any of `messages` failed in a way to tell them of."""
    failures = [find_failure(message) for message in messages]
    if not any(one is not None and one.step is Step.TELL for one in failures):
        return set()
    return {one.code for one in find_notices().told}
