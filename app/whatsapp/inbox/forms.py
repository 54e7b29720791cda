"""What the pages of the inbox are asked for, checked and typed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from app.args import list_numbers
from app.coordinaciones.filters import parse_day

MAX_OLD = 50


def parse_old_rows(args: Mapping[str, str]) -> tuple[list[date], list[int]]:
    """Return the days and the ids of messages in `old`: the rows of an open thread whose words hold no longer.

    They are written as the rows are (day-2026-11-30, 57); what is neither is passed over.
    """
    names = args.get("old", "").split(",")[:MAX_OLD]
    days = [day for name in names if name.startswith("day-") and (day := parse_day(name.removeprefix("day-")))]
    return days, list_numbers(names)
