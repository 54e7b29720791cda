"""The inbox: conversations and their messages, from Twilio's webhooks to the screen and back."""

from __future__ import annotations

from flask import Flask

from app.jobs.handlers import register
from app.whatsapp import api, cli, feed, jobs, labels, poll, views, webhook


def init_app(app: Flask) -> None:
    """Give `app` its inbox: pages, JSON API, Twilio's doors and `flask whatsapp`."""
    for blueprint in (poll.bp, views.bp, api.bp, webhook.bp):
        app.register_blueprint(blueprint)
    labels.init_app(app)
    # Every page of every room carries the badge; it asks for itself, so that no room below has to know of it.
    app.jinja_env.globals["whatsapp_badge"] = feed.badge
    for name, handler in jobs.HANDLERS.items():
        register(app, name, handler)
    app.cli.add_command(cli.whatsapp)
