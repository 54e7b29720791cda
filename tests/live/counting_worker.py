"""`flask worker` with one more kind of work: to write down that it was done. Run as a program by tests."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from app import create_app
from app.extensions import writing
from app.jobs.cli import worker
from app.jobs.handlers import Handler, all_handlers, register


def count(payload: dict[str, Any]) -> None:
    time.sleep(0.01)  # Work takes time, so that a killed worker has some in hand.
    with writing() as session:
        session.execute(text("INSERT INTO hechos (number, pid) VALUES (:number, :pid)"), payload | {"pid": os.getpid()})


if __name__ == "__main__":
    app = create_app()
    with app.app_context():
        all_handlers().clear()
        register(app, "count", Handler(count, lease=timedelta(seconds=5)))
        worker.main(args=[], standalone_mode=False)
