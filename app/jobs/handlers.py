"""Who does which work: rooms register what they do under a name, and this room imports none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask, current_app

Run = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Handler:
    """What does a job, given its payload. It may be run again after it was cut short, and must not mind.

    `lease` is how long it may take before its runner is taken for dead; `every` makes it come again that long after it
    was done. After a failure it is tried again when `pause` is over, and then twice as late each time. One that is
    `patient` may take long and lets every other go first. `give_up` is told of a job that is never tried again.
    """

    run: Run
    lease: timedelta = timedelta(minutes=5)
    every: timedelta | None = None
    pause: timedelta = timedelta(seconds=10)
    patient: bool = False
    give_up: Run | None = None


def register(app: Flask, name: str, handler: Handler) -> None:
    """Let `handler` do the jobs of `name` in `app`."""
    app.extensions.setdefault("jobs", {})[name] = handler


def all_handlers() -> dict[str, Handler]:
    """Return the current app's handlers by name."""
    handlers: dict[str, Handler] = current_app.extensions.setdefault("jobs", {})
    return handlers
