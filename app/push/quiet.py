"""The hours in which somebody wants to be left in peace."""

from __future__ import annotations

from datetime import time


def is_quiet(at: time, start: time | None, end: time | None) -> bool:
    """Tell whether the local hour `at` lies from `start` up to `end`, which may be on the next day."""
    if start is None or end is None or start == end:
        return False
    return start <= at < end if start < end else at >= start or at < end
