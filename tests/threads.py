"""Doing several things at once, as several requests do."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import Flask


def in_threads(app: Flask, *acts: Callable[[], object]) -> list[object]:
    """Run each of `acts` at once, in a thread and an app context of its own; return what they gave or raised."""
    found: list[object] = [None] * len(acts)
    ready = threading.Barrier(len(acts))

    def run(at: int) -> None:
        with app.app_context():
            ready.wait()
            try:
                found[at] = acts[at]()
            except Exception as error:
                found[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found
