"""Backups: all that the office has stored, in one file that SQLite and PostgreSQL can both be restored from.

This room knows no table by name: it walks the metadata of the models. A table may say of itself, in `info["backup"]`,
that it is "left out" (nothing of it is kept, and restoring empties it), or "seeded" (a migration made its rows, so they
do not count as something that a restore would destroy).
"""

from __future__ import annotations

from flask import Flask

from app.backup import cli


def init_app(app: Flask) -> None:
    """Give `app` the commands `flask backup` and `flask restore`."""
    app.cli.add_command(cli.backup)
    app.cli.add_command(cli.restore)
