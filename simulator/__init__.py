"""A stand-in for Twilio's WhatsApp with a phone on screen, for the demo, browser tests and integration tests.

It speaks Twilio's REST API, posts signed webhooks and callbacks, keeps WhatsApp's rules and misbehaves on request.
Nothing here is imported by the application, and only demo.py, which runs both, imports the application.
"""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from simulator import account, content, control, phone, rest
from simulator.sample import new_world
from simulator.settings import Settings, SettingsError
from simulator.state import Simulator
from simulator.twilio_errors import not_found, refuse

__all__ = ["Settings", "SettingsError", "create_simulator"]

TWILIO_PATHS = ("/2010-04-01/", "/v1/", "/v2/", "/v3/")


def create_simulator(settings: Settings) -> Flask:
    """Return the Flask app of one simulator, with its own world in memory.

    Raises SettingsError when the sample file cannot be read.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 32 * 1024 * 1024
    app.json.sort_keys = False  # type: ignore[attr-defined]  # The provider class has it, its base does not.
    app.extensions["simulator"] = Simulator(new_world(settings))
    for room in (rest, account, content, control, phone):
        app.register_blueprint(room.bp)
    app.register_error_handler(HTTPException, _answer_error)
    return app


def _answer_error(error: HTTPException) -> Response | HTTPException:
    """Answer in Twilio's shape under Twilio's paths, and as Flask does everywhere else."""
    if not request.path.startswith(TWILIO_PATHS):
        return error
    if error.code == 404:
        return not_found()
    return refuse(error.code or 500, 20004 if error.code == 405 else 20001, error.name)
