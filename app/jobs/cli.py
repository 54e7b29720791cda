"""`flask worker`: for servers where a process may live on. Elsewhere the cron and people's polls do the same."""

from __future__ import annotations

import signal
import threading
from datetime import timedelta
from types import FrameType

import click
from flask.cli import with_appcontext

from app.extensions import db
from app.jobs import actions
from app.schema import require_schema

# How long a job that is due now may wait for the worker to look, and how often the worker says that it lives.
LOOK_EVERY_SECONDS = 2.0
BEAT_EVERY = 30
BUDGET = timedelta(minutes=1)


@click.command("worker")
@with_appcontext
@click.option("--once", is_flag=True, help="Do what is due now, and stop.")
def worker(once: bool) -> None:
    """Do the work that happens after the answer, until told to stop (SIGTERM or Ctrl-C); a job in hand is finished."""
    require_schema(db.engine)
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_stop)
    actions.ensure_periodic()
    done = failed = looks = 0
    while not stop.is_set():
        if looks % BEAT_EVERY == 0:
            actions.beat("worker")
        looks += 1
        report = actions.run_due(BUDGET)
        done, failed = done + report.done, failed + report.failed
        if once or (report.done == 0 and stop.wait(LOOK_EVERY_SECONDS)):
            break
    click.echo(f"Done {done}, failed {failed}.")
