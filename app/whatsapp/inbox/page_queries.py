"""What stands around every page of every room: the badge, windows that close, and what admins are told.

It is read when a page is about to be rendered, so that no room below has to know of it, and templates never query.
Pieces have it given by whoever renders them: a poll must not pay for what only whole pages show.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, before_render_template, g
from jinja2 import Template

from app.extensions import utcnow
from app.push import queries as push
from app.twilio import gateway
from app.whatsapp import queries
from app.whatsapp.alerts import window_queries
from app.whatsapp.alerts.notice_queries import find_notices
from app.whatsapp.inbox import poll_queries

# A piece that its door renders with nothing else.
_NOTICES = "whatsapp/alerts/_notices.html"

# It says by itself that no device hears anything, and whoever reads that is about to mend it.
_OF_DEVICES = "push/notices.html"


def _is_page(template: Template) -> bool:
    return bool(template.name) and not (template.name or "").rpartition("/")[2].startswith("_")


def _unheard() -> bool:
    """Tell whether this office pushes, and no device of anybody hears it."""
    return push.is_on() and not push.anybody_reachable(utcnow())


def _read(_app: Flask, template: Template, context: dict[str, Any], **_more: Any) -> None:
    """Put into `context` what base.html shows to who is signed in; a page about an error of ours asks for nothing."""
    if template.name == _NOTICES:
        context |= {"notices": find_notices(), "unheard": _unheard()}
    user = g.get("user")
    if user is None or not _is_page(template) or (context.get("status") or 0) >= 500:
        return
    context |= {
        "badge": poll_queries.badge(),
        "closing": window_queries.list_told(),
        "missing_settings": gateway().account.missing,
    }
    context["assigned"] = queries.list_newly_assigned(user.id)
    if user.is_admin:
        unheard = template.name != _OF_DEVICES and _unheard()
        context |= {"notices": context.get("notices") or find_notices(), "unheard": unheard}


def init_app(app: Flask) -> None:
    """Have `app` read this for every page."""
    before_render_template.connect(_read, app)
