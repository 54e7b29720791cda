"""Who may enter: people, their passwords, their sessions and tokens, and the guards of every door."""

from __future__ import annotations

from flask import Flask

from app.auth import api, cli, guard, people_views, setup_views, views


def init_app(app: Flask) -> None:
    """Give `app` its sign-in pages, its auth API, the guards and `flask users`."""
    for blueprint in (views.bp, views.leaving, api.bp, api.leaving, setup_views.bp, people_views.bp, people_views.own):
        app.register_blueprint(blueprint)
    guard.init_app(app)
    app.cli.add_command(cli.users)
