"""The small hours, whatever the clock of this machine says: an office somewhere in the world has them now."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

# Offsets are written the other way round here: Etc/GMT+3 is Buenos Aires.
_ZONES = tuple(f"Etc/GMT{hours:+d}" for hours in range(-14, 13))


def zone_where_it_is(hour: int) -> str:
    """Return a time zone in which it is now between `hour` and the next."""
    now = datetime.now(UTC)
    return next(zone for zone in _ZONES if now.astimezone(ZoneInfo(zone)).hour == hour)


def move_office(app: Flask, monkeypatch: pytest.MonkeyPatch, hour: int) -> None:
    """Move the office to where it is between `hour` and the next."""
    monkeypatch.setitem(app.config, "APP_TIMEZONE", zone_where_it_is(hour))
