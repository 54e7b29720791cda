"""Where rate limits are counted for several processes together: a Redis that nobody waits for.

Flask-Limiter counts in memory as soon as its storage raises, and asks `check` now and then whether it is back. The
official storage waits in each of these. This one bounds every wait, takes a slow Redis for one that is down, and looks
whether it is back only after a request was answered.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, Response, g, has_request_context
from flask_limiter import Limiter
from limits.errors import StorageError
from limits.storage import RedisStorage

log = logging.getLogger(__name__)

# Seconds. One count makes at most three waits (connecting, signing in, the count itself): a second in all.
CONNECT_TIMEOUT = 0.4
ANSWER_TIMEOUT = 0.25
SLOW = 0.5
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0

SCHEME = "patient-"
# Counts, and says how many seconds the count has left; a key that has no end gets one.
COUNT = """
local count = redis.call("incrby", KEYS[1], ARGV[2])
local left = redis.call("ttl", KEYS[1])
if left < 0 then
    redis.call("expire", KEYS[1], ARGV[1])
    left = tonumber(ARGV[1])
end
return {count, left}
"""


class PatientRedis(RedisStorage):
    """Redis by a URL of its own, such as patient-redis://host:6379/0. Raises as soon as it is slow."""

    STORAGE_SCHEME = [f"{SCHEME}redis", f"{SCHEME}rediss"]

    def __init__(self, uri: str, **options: Any) -> None:
        self.down = False
        # What Redis itself answered last time it refused, by its first word: NOAUTH, READONLY, OOM. Empty: silence.
        self.refusal = ""
        self._pause = FIRST_PAUSE
        self._look_at = 0.0
        bounds: dict[str, Any] = {
            "socket_connect_timeout": CONNECT_TIMEOUT,
            "socket_timeout": ANSWER_TIMEOUT,
            "retry": None,
        }
        # Without what newer clients say of themselves when they connect: each is one more wait.
        plain: dict[str, Any] = {"protocol": 2, "driver_info": None}
        super().__init__(uri.removeprefix(SCHEME), **bounds, **plain, **options)
        self._count_once = self.get_connection().register_script(COUNT.encode())

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        except Exception as error:
            self._went_down(self._refusal(error))
            raise
        if time.monotonic() - began > SLOW:
            self._went_down("")
            raise StorageError(TimeoutError("Redis is slow"))

    def _refusal(self, error: Exception) -> str:
        """Return the code of what Redis answered, or nothing where it answered nothing.

        The words after the code may quote a command or a key.
        """
        redis = self.dependency
        if not isinstance(error, redis.ResponseError | redis.AuthenticationError | redis.BusyLoadingError):
            return ""
        word = (str(error).split() or [""])[0]
        return word if re.fullmatch(r"[A-Z]{2,20}", word) else type(error).__name__

    def _went_down(self, refusal: str) -> None:
        if not self.down and refusal:
            log.warning("Redis refuses to count, each process counts rate limits alone", extra={"answer": refusal})
        elif not self.down:
            log.warning("Redis does not answer in time, each process counts rate limits alone")
        self.down, self.refusal = True, refusal
        self._look_at = time.monotonic() + self._pause

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and remember for this request what the headers will ask for: one command where there were three."""
        with self._bounded():
            count, left = self._count_once([self.prefixed_key(key)], [expiry, amount])
        if has_request_context():
            g.setdefault("limits_counted", {})[key] = int(count), time.time() + max(int(left), 0)
        return int(count)

    def get(self, key: str) -> int:
        counted = g.get("limits_counted", {}) if has_request_context() else {}
        if key in counted:
            return int(counted[key][0])
        with self._bounded():
            return super().get(key)

    def get_expiry(self, key: str) -> float:
        counted = g.get("limits_counted", {}) if has_request_context() else {}
        if key in counted:
            return float(counted[key][1])
        with self._bounded():
            return super().get_expiry(key)

    def check(self) -> bool:
        """Tell whether Redis was in reach when it was looked for last; asks nobody."""
        return not self.down

    def answers(self) -> bool:
        """Ask Redis now, which may take a moment, and tell whether it answered in time."""
        try:
            with self._bounded():
                return bool(self.get_connection().ping())
        except Exception:
            return False

    def look_due(self) -> bool:
        """Tell whether it is time to look whether Redis is back."""
        return self.down and time.monotonic() >= self._look_at

    def look(self) -> None:
        """Look whether Redis is back, and wait twice as long before the next look when it is not."""
        self._look_at = time.monotonic() + LONGEST_PAUSE  # Nobody else looks meanwhile.
        try:
            with self._bounded():
                self.get_connection().ping()
        except Exception:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            self._look_at = time.monotonic() + self._pause
            return
        self.down, self._pause = False, FIRST_PAUSE
        log.warning("Redis is back, rate limits counted together")


def look_after_answers(app: Flask, limiter: Limiter) -> None:
    """Let `app` look whether its Redis is back, each time after an answer and never before one."""

    def look_if_due(response: Response) -> Response:
        storage = limiter.storage if app.config["RATELIMIT_ENABLED"] else None
        if isinstance(storage, PatientRedis) and storage.look_due():
            response.call_on_close(storage.look)
        return response

    app.after_request(look_if_due)
