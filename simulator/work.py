"""Work in the background: threads that can be counted, waited for and stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Work:
    """The background tasks of one world. A task pauses through `pause`, so that stopping never waits for a delay."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._pending = 0
        self._stopped = threading.Event()

    @property
    def pending(self) -> int:
        """Return how many tasks have not ended."""
        with self._condition:
            return self._pending

    def start(self, task: Callable[[], None]) -> None:
        """Run `task` in its own thread; it counts as pending from this moment."""
        with self._condition:
            self._pending += 1
        threading.Thread(target=self._run, args=(task,), daemon=True).start()

    def _run(self, task: Callable[[], None]) -> None:
        try:
            if not self._stopped.is_set():
                task()
        finally:
            with self._condition:
                self._pending -= 1
                self._condition.notify_all()

    def pause(self, seconds: float) -> bool:
        """Wait `seconds` and return True, or return False at once when everything is being stopped."""
        if seconds <= 0:
            return not self._stopped.is_set()
        return not self._stopped.wait(seconds)

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing is pending; False when `timeout` seconds were not enough."""
        deadline = time.monotonic() + timeout
        with self._condition:
            while self._pending:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._condition.wait(left)
            return True

    def stop(self) -> None:
        """Let no new step begin; posts already on their way end by themselves."""
        self._stopped.set()
