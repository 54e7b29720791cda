"""Work that happens after the answer, and must happen: rows of one durable table, done by whoever comes by first."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, Response, current_app, g

from app.jobs import actions, cli, cron

# What a server may do for the office after it has answered one person: Twilio's ten seconds, and some more.
AFTER_ANSWER = timedelta(seconds=15)


def _try_at_once(response: Response) -> Response:
    """Do what is due when the answer has been sent. Vercel waits for that; if it is cut short, the row remains."""
    if g.pop("jobs_due", False):
        app = current_app._get_current_object()  # type: ignore[attr-defined]

        def run() -> None:
            with app.app_context():
                actions.run_due(AFTER_ANSWER)

        response.call_on_close(run)
    return response


def init_app(app: Flask) -> None:
    """Give `app` its cron door, `flask worker`, and a try at due work after each answer that knows of some."""
    app.register_blueprint(cron.bp)
    app.cli.add_command(cli.worker)
    app.after_request(_try_at_once)
