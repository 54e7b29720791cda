"""Hears each template that is rendered, and each statement sent meanwhile: templates are given all that they show."""

from __future__ import annotations

import threading
from typing import Any

from flask import Flask, before_render_template, request_started, template_rendered
from jinja2 import Template
from sqlalchemy import Engine, event

# The template that each thread renders at this moment.
_now = threading.local()
# What colleagues answered meanwhile was read in a transaction that was taken back, and is read again, row by row.
LEFT = {"whatsapp/composer/_refused.html"}
# What was asked meanwhile, for whoever looks at the end of a test.
asked: list[str] = []


def _begin(_app: Flask, template: Template, **_more: Any) -> None:
    _now.template = template.name


def _end(_app: Flask, **_more: Any) -> None:
    _now.template = None


def _note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
    template = getattr(_now, "template", None)
    # Who is signed in is read again, by id, where a write of the same request has let go of what was read before.
    if template and template not in LEFT and "\nFROM usuarios \nWHERE usuarios.id = " not in statement:
        asked.append(f"{template} asks: {statement}")


def listen() -> None:
    """Listen from here on, in all apps and to all databases."""
    before_render_template.connect(_begin)
    template_rendered.connect(_end)
    request_started.connect(_end)  # What failed while it was rendered is over.
    event.listen(Engine, "before_cursor_execute", _note)
