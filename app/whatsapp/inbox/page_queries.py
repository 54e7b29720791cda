"""What stands around every page of every room: the badge, windows that close, and what admins are told.

`render_page` asks for it, so that no room below has to know of it. Pieces have it given by whoever renders them: a poll
must not pay for what only whole pages show.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, g

from app.pages import surround
from app.twilio import gateway
from app.whatsapp import queries
from app.whatsapp.alerts import window_queries
from app.whatsapp.alerts.notice_queries import read_notices
from app.whatsapp.inbox import poll_queries


def page_frame(context: dict[str, Any]) -> dict[str, Any]:
    """Return what base.html shows to who is signed in, around a page that shows `context`."""
    user = g.get("user")
    if user is None:
        return {}
    frame = {
        "badge": poll_queries.badge(),
        "closing": window_queries.list_told(),
        "missing_settings": gateway().account.missing,
        "assigned": queries.list_newly_assigned(user.id),
    }
    return frame | (read_notices(context) if user.is_admin else {})


def init_app(app: Flask) -> None:
    """Have this stand around every page of `app`."""
    surround(app, page_frame)
