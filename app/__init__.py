"""Coordina: a WhatsApp inbox for the people who prepare events."""

from __future__ import annotations

from flask import Flask

from app import (
    assets,
    auth,
    backup,
    contract,
    coordinaciones,
    doctor,
    errors,
    extensions,
    formats,
    headers,
    health,
    holds,
    installable,
    jobs,
    links,
    logs,
    media,
    paths,
    push,
    sentry,
    twilio,
    whatsapp,
)
from config import Config


def create_app(config: Config | None = None) -> Flask:
    """Build the app from `config`, or from the environment; the only place that knows every room."""
    app = Flask(__name__)
    app.config.from_object(config or Config.from_environment())
    below = (logs, sentry, extensions, errors, paths, headers, assets, formats, holds, links, backup, jobs, twilio)
    for room in (*below, auth, contract, health, installable, media, push, coordinaciones, whatsapp, doctor):
        room.init_app(app)
    return app
