"""The one poll of every page: nothing changed is a 304 and one statement; else the badge, and an event for the rest."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.auth.actions.sessions import confirm
from app.auth.guard import current_claims, require_staff_token, to_login
from app.whatsapp import feed, queries

# A door of its own: its guard leaves it to the poll's statement to ask whether the session still stands.
bp = Blueprint("whatsapp_poll", __name__, url_prefix="/whatsapp")
bp.before_request(require_staff_token)


@bp.get("/unread")
def unread() -> ResponseReturnValue:
    claims = current_claims()
    now = feed.poll(claims.session_id, claims.refresh_id)
    if not now.session_open:
        return to_login(ended=True)
    # Where no worker lives and the cron comes once a day, those who look are the office's clock.
    g.jobs_due = now.jobs_due
    if now.pair_is_new and "new_tokens" not in g:
        confirm(claims)
    tag = str(now.change)
    # An answer that carries new cookies is never a 304: some caches and browsers drop the headers of those.
    if request.headers.get("HX-PTag") == tag and "new_tokens" not in g:
        response = Response(status=304)
    else:
        response = make_response(render_template("whatsapp/_badge.html", unread=queries.unread_count()))
        response.headers["HX-Trigger"] = "whatsapp-changed"
    response.headers["HX-PTag"] = tag
    return response
