"""Telling people on their devices: subscriptions, what each person wants, and the way to push services."""

from __future__ import annotations

from flask import Flask

from app.push import cli, views


def init_app(app: Flask) -> None:
    """Give `app` the page Avisos and its command; the rooms above say what is to be told."""
    app.register_blueprint(views.bp)
    app.cli.add_command(cli.push)
