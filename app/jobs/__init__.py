"""Work that happens after the answer, and must happen: rows of one durable table, done by whoever comes by first."""

from __future__ import annotations

import threading
from datetime import timedelta

from flask import Flask, Response, current_app, g

from app.jobs import actions, cli, cron

# What a server may do for the office after it has answered one person: Twilio's ten seconds, and some more.
AFTER_ANSWER = timedelta(seconds=15)


# One at a time in a process: those who find it taken leave their work to whoever holds it.
_running = threading.Lock()
# That there may be work which whoever holds the lock has not looked for yet: it may be letting go of it just now.
_asked = threading.Event()


def _run(app: Flask) -> None:
    _asked.set()
    while _asked.is_set() and _running.acquire(blocking=False):
        try:
            _asked.clear()
            with app.app_context():
                actions.run_due(AFTER_ANSWER)
        finally:
            _running.release()


def _try_at_once(response: Response) -> Response:
    """Do what is due when the answer has been sent; if that is cut short, the row remains.

    Where a process lives on, a thread does it: a server such as gunicorn would hold the browser's connection, and with
    it the next click, until the end. A function ends with its answer, so there it is part of the answer's own end,
    which Vercel waits for.
    """
    if g.pop("jobs_due", False):
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        if app.config["JOBS_IN_THREAD"]:
            response.call_on_close(threading.Thread(target=_run, args=(app,), daemon=True).start)
        else:
            response.call_on_close(lambda: _run(app))
    return response


def init_app(app: Flask) -> None:
    """Give `app` its cron door, `flask worker`, and a try at due work after each answer that knows of some."""
    app.register_blueprint(cron.bp)
    app.cli.add_command(cli.worker)
    app.after_request(_try_at_once)
