"""Whole pages, and what stands around each of them.

A room above gives that with `surround`, so that no room below has to know of it, and no template asks the database.
Pieces are rendered with Flask's render_template: a poll must not pay for what only whole pages show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, render_template

# Given what a page shows, returns what its frame shows beside that.
Frame = Callable[[dict[str, Any]], dict[str, Any]]


def surround(app: Flask, frame: Frame) -> None:
    """Have `frame` asked for what stands around every page of `app`."""
    app.extensions["page_frame"] = frame


def render_page(name: str, /, **context: Any) -> str:
    """Render the page `name`: what `context` says, and around it the frame of every page."""
    frame: Frame = current_app.extensions["page_frame"]
    return render_template(name, **context | frame(context))
