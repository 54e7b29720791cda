"""The one poll of every page: nothing changed is a 304 and one statement; else the badge, and an event for the rest."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.args import find_number, list_numbers
from app.auth.actions.sessions import confirm
from app.auth.guard import current_claims, require_staff_token, to_login
from app.extensions import limiter, utcnow
from app.whatsapp import presence_queries, queries
from app.whatsapp.inbox import poll_queries
from app.whatsapp.inbox.actions.assignment import mark_assignments_seen
from app.whatsapp.inbox.actions.presence import note_looking

# A door of its own: its guard leaves it to the poll's statement to ask whether the session still stands.
bp = Blueprint("whatsapp_poll", __name__, url_prefix="/whatsapp")
bp.before_request(require_staff_token)
# Most requests by far are polls. Each costs one statement and asks no Redis, whose plans count commands.
limiter.exempt(bp)


def _seen() -> int:
    """Return the number that the tab has seen; whoever shows none asks for it all."""
    seen = request.headers.get("HX-PTag", "").partition("~")[0]
    return find_number(seen) or 0


def _events(now: poll_queries.Poll) -> list[str]:
    """Return what the answer wakes on the page: all that shows messages, and what admins are told where that changed.

    Only a number above the tab's own tells of a change there; that somebody came or went changes no message.
    """
    seen = _seen()
    changed = ["whatsapp-changed"] if now.change != seen else []
    return changed + (["whatsapp-notices"] if now.notices_change > seen else [])


def _here() -> list[int]:
    """Return the conversations that the browser has open before somebody's eyes."""
    return sorted(set(list_numbers(request.args.get("here", "").split(","))))[: presence_queries.MOST]


def _typing() -> int | None:
    return find_number(request.args.get("typing", ""))


def _badge(lookers: list[presence_queries.Looker], user_id: int, here: list[int]) -> str:
    names = presence_queries.names_of(lookers)
    others = [
        {"conversation": looker.conversation_id, "name": names[looker.user_id], "typing": looker.typing}
        for looker in lookers
        if looker.user_id in names
    ]
    assigned = queries.list_newly_assigned(user_id, here)
    return render_template("whatsapp/_polled.html", badge=poll_queries.badge(), others=others, assigned=assigned)


@bp.get("/unread")
def unread() -> ResponseReturnValue:
    claims, here, typing, moment = current_claims(), _here(), _typing(), utcnow()
    now = poll_queries.poll(claims, here, moment)
    if not now.session_open:
        return to_login(ended=True)
    # Where no worker lives and the cron comes once a day, those who look are the office's clock.
    g.jobs_due = now.jobs_due
    if now.pair_is_new and "new_tokens" not in g:
        confirm(claims)
    own = [row for row in now.present if row.session_id == claims.session_id]
    if presence_queries.needs_writing(own, here, typing, moment):
        note_looking(claims.session_id, claims.user_id, here, typing, moment)
        mark_assignments_seen(claims.user_id, here)
    others = presence_queries.list_others(now.present, claims.user_id, moment)
    present = ",".join(f"{looker.conversation_id}:{looker.user_id}{':t' * looker.typing}" for looker in others)
    tag = f"{now.change}~{present}" if present else str(now.change)
    # Whose badge says how long somebody has waited, and has said it too long, gets it although nothing changed.
    # An answer that carries new cookies is never a 304: some caches and browsers drop the headers of those.
    if request.headers.get("HX-PTag") == tag and "new_tokens" not in g and "old" not in request.args:
        response = Response(status=304)
    else:
        response = make_response(_badge(others, claims.user_id, here))
        if events := _events(now):
            response.headers["HX-Trigger"] = ", ".join(events)
    response.headers["HX-PTag"] = tag
    return response
