"""Coordinaciones: the record of each event, its list and pages, and its API."""

from __future__ import annotations

from flask import Flask

from app.coordinaciones import api, labels, views


def init_app(app: Flask) -> None:
    """Give `app` the pages, the API and the labels of coordinaciones, and send its root to their list."""
    labels.init_app(app)
    for blueprint in (views.home, views.bp, api.bp):
        app.register_blueprint(blueprint)
