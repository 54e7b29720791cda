"""Where the next page of a list begins: a row's place in an order by moment and id, as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flask_babel import gettext as _

from app.errors import Invalid
from app.whatsapp.models import Message

_CURSOR = re.compile(r"([0-9]{8}T[0-9]{6}\.[0-9]{6})-([0-9]{1,18})")


def write_cursor(moment: datetime, row_id: int) -> str:
    """Return the place of a row in an order by moment and id."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S.%f}-{row_id}"


def cursor_after(message: Message) -> str:
    """Return the cursor of the page whose newest message is this one."""
    return write_cursor(message.sent_at, message.id + 1)


def parse_cursor(cursor: str) -> tuple[datetime, int]:
    """Return the place that `write_cursor` wrote. Raises Invalid for anything else."""
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise Invalid(fields={"cursor": _("Ese cursor no es de esta lista.")})
    try:
        moment = datetime.strptime(found[1], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError as error:
        raise Invalid(fields={"cursor": _("Ese cursor no es de esta lista.")}) from error
    return moment, int(found[2])
