"""How it is: what works, what does not and how to mend it, for the admin, a shell and whoever watches over servers."""

from __future__ import annotations

from flask import Flask

from app.doctor import cli, knocking, labels, metrics_views, views


def init_app(app: Flask) -> None:
    """Give `app` the page "Diagnóstico", `flask doctor` and the numbers for Prometheus."""
    labels.init_app(app)
    app.extensions["public_address"] = knocking.ask_webhook
    for blueprint in (views.bp, metrics_views.bp):
        app.register_blueprint(blueprint)
    app.cli.add_command(cli.doctor)
