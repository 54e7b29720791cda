"""Two doors for whoever watches over servers: is this process alive, and may it be sent requests?"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

from flask import Blueprint, Flask, Response, current_app
from sqlalchemy import Engine

from app.auth.guard import public
from app.extensions import db, limiter
from app.schema import find_trouble

bp = Blueprint("health", __name__)
# Open: a balancer has no account here. Nothing is told of anybody, and nothing is counted against whoever asks.
bp.before_request(public)
limiter.exempt(bp)

LIMIT_SECONDS = 3.0
# Strangers may ask too: the database hears of it once a second, however often they do.
REMEMBERED_SECONDS = 1.0

NO_ANSWER = f"The database did not answer within {LIMIT_SECONDS:g} seconds."


class Readiness:
    """What is wrong with the database, asked by one thread at a time: whoever waits for it can stop waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answer: Future[str] | None = None
        self._answered_at = 0.0

    def _ask(self, engine: Engine) -> Future[str]:
        with self._lock:
            answer, age = self._answer, time.monotonic() - self._answered_at
            if answer is not None and (not answer.done() or age < REMEMBERED_SECONDS):
                return answer
            self._answer = answer = Future()
        threading.Thread(target=self._fill, args=(engine, answer), daemon=True).start()
        return answer

    def _fill(self, engine: Engine, answer: Future[str]) -> None:
        trouble = find_trouble(engine)
        self._answered_at = time.monotonic()
        answer.set_result(trouble)

    def find_trouble(self, engine: Engine, seconds: float = LIMIT_SECONDS) -> str:
        """Return why requests would fail, or nothing; after `seconds` without an answer that is the reason."""
        try:
            return self._ask(engine).result(seconds)
        except TimeoutError:
            return NO_ANSWER


def _say(sentence: str, status: int) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(f"{sentence}\n", status, headers, content_type="text/plain; charset=utf-8")


@bp.get("/healthz")
def healthz() -> Response:
    """Say that the process answers; nothing else is touched."""
    return _say("ok", 200)


@bp.get("/readyz")
def readyz() -> Response:
    """Say whether the database answers in time and is migrated: 200, or 503 with a sentence."""
    readiness: Readiness = current_app.extensions["readiness"]
    trouble = readiness.find_trouble(db.engine)
    return _say(trouble or "ready", 503 if trouble else 200)


def init_app(app: Flask) -> None:
    """Open the two doors."""
    app.extensions["readiness"] = Readiness()
    app.register_blueprint(bp)
