"""The log: one line per event, with the request it belongs to, and nothing of what people said or who they are.

A line's sentence is constant and its fields are named by who writes it. Of an exception it tells the class and the
places, not the text, which may hold a client's words; of a request the endpoint, not the path, which may hold a phone.
"""

from __future__ import annotations

import copy
import json
import logging
import re
import secrets
import threading
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, has_request_context, request

log = logging.getLogger(__name__)

# Ours, and those of libraries that say what an operator must know. Everybody else's stay as Python has them.
_LOGGERS = ("app", "flask-limiter", "sqlalchemy")
_EVERY_RECORD_HAS = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
_ROOT = Path(__file__).resolve().parent.parent
_SANE_ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._:-]{7,127}")
_MOST_CAUSES = 5

Exceptions = list[dict[str, Any]]


def _place(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    inside = path.is_relative_to(_ROOT) and "site-packages" not in path.parts
    return f"{path.relative_to(_ROOT) if inside else '/'.join(path.parts[-3:])}:{frame.lineno}:{frame.name}"


def describe(error: BaseException | None) -> Exceptions:
    """Return the class and the places (file:line:function, innermost last) of `error` and of what caused it."""
    causes: Exceptions = []
    while error is not None and len(causes) < _MOST_CAUSES:
        frames = [_place(frame) for frame in traceback.extract_tb(error.__traceback__)]
        causes.append({"type": f"{type(error).__module__}.{type(error).__qualname__}", "frames": frames})
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return causes


def without_passwords(text: str) -> str:
    """Return `text` with what stands before the @ of each address in it taken out: a name and password, or a token."""
    # Word by word: one pattern for all would look through a long word again from each :// in it. A quote ends no word,
    # since a password may have one.
    return re.sub(r"\S+", _without_password, text) if "@" in text else text


def _without_password(found: re.Match[str]) -> str:
    scheme, _separator, address = found[0].partition("://")
    return f"{scheme}://***@{address.rpartition('@')[2]}" if "@" in address else found[0]


def _gather(record: logging.LogRecord) -> dict[str, Any]:
    """Return all that a line says, in the order in which it is written."""
    line: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": without_passwords(record.getMessage()),
    }
    if has_request_context():
        line |= {"request_id": g.get("request_id"), "method": request.method, "endpoint": request.endpoint}
    line |= {
        name: without_passwords(value) if isinstance(value, str) else value
        for name, value in vars(record).items()
        if name not in _EVERY_RECORD_HAS and name not in line
    }
    if record.exc_info:
        line["exception"] = describe(record.exc_info[1])
    return line


class JSONFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(_gather(record), ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """The same for people at a terminal; an exception's places stand below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and those below it."""
        line = _gather(record)
        moment, level, logger, event = (str(line.pop(name)) for name in ("time", "level", "logger", "event"))
        exceptions = line.pop("exception", [])
        fields = " ".join(
            f"{name}={json.dumps(value, ensure_ascii=False, default=str)}" for name, value in line.items()
        )
        below = "".join(f"\n  {it['type']}" + "".join(f"\n    {at}" for at in it["frames"]) for it in exceptions)
        return f"{moment[11:19]} {level.upper()} {logger}: {event} {fields}".rstrip() + below


class _Lines(logging.Handler):
    """Hands finished lines to the root logger's handlers where a platform has put its own, else writes them to stderr.

    Vercel's handler knows which request a line belongs to and keeps its level, but formats nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stream = logging.StreamHandler()

    def emit(self, record: logging.LogRecord) -> None:
        line = copy.copy(record)
        line.msg, line.args, line.exc_info, line.exc_text, line.stack_info = self.format(record), None, None, None, None
        for handler in logging.getLogger().handlers or [self._stream]:
            if line.levelno >= handler.level:
                handler.handle(line)


def _listen(log_format: str, level: str) -> None:
    """Write what the loggers of _LOGGERS say; called again it changes the manner and adds no second line."""
    lines = _Lines()
    lines.setFormatter(JSONFormatter() if log_format == "json" else TextFormatter())
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [handler for handler in logger.handlers if not isinstance(handler, _Lines)] + [lines]
        logger.propagate = False
        # Whom a limit stopped is told by some libraries in a line of their own, with the person's email.
        logger.setLevel(level if name == "app" else logging.WARNING)
    # What ends a thread is otherwise printed whole, with its text.
    threading.excepthook = _log_lost_thread


def _find_request_id() -> str:
    """Return the id that a proxy of ours gave the request, when it looks like one; else a new one."""
    config = current_app.config
    if config["TRUSTED_PROXIES"]:
        shown = request.headers.get("X-Vercel-Id" if config["VERCEL"] else "X-Request-ID", "")
        if _SANE_ID.fullmatch(shown):
            return shown
    return secrets.token_hex(8)


def _begin() -> None:
    g.request_id = _find_request_id()
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    if current_app.config["LOG_REQUESTS"]:
        milliseconds = round((time.perf_counter() - g.began) * 1000, 1)
        log.info("Request answered", extra={"status": response.status_code, "ms": milliseconds})
    return response


def _log_lost_thread(lost: threading.ExceptHookArgs) -> None:
    if lost.exc_value is not None and not isinstance(lost.exc_value, SystemExit):
        log.error("Thread failed", exc_info=lost.exc_value)


def _log_exception(exc_info: Any) -> None:
    log.error("Request failed", exc_info=exc_info)


def init_app(app: Flask) -> None:
    """Write the log of `app` as LOG_FORMAT says, and give each request an id, which its answer carries."""
    if app.config["LOG_FORMAT"]:
        _listen(app.config["LOG_FORMAT"], app.config["LOG_LEVEL"])
    app.before_request(_begin)
    app.after_request(_end)
    app.log_exception = _log_exception  # type: ignore[method-assign]  # Flask's own tells the path and the text.
