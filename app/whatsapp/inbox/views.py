"""The pages and fragments of the inbox; what lies below /whatsapp/conversations/ID is that page or a piece of it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.args import cut_text_arg, list_numbers, parse_int_arg
from app.auth.guard import current_user, person, require_staff
from app.coordinaciones import queries as coordinaciones
from app.errors import DomainError
from app.extensions import LARGEST_ID, LARGEST_INT, limiter, utcnow
from app.htmx import is_htmx, see_other
from app.pages import render_page
from app.whatsapp import party_queries, queries
from app.whatsapp.alerts.notice_queries import find_notices
from app.whatsapp.changes import current_change
from app.whatsapp.contacts.actions.opening import open_for_coordinacion
from app.whatsapp.contacts.queries import find_likely
from app.whatsapp.errors import KeyReused, OptedOut, WindowClosed
from app.whatsapp.inbox import event_queries, thread_queries
from app.whatsapp.inbox.actions import reading
from app.whatsapp.inbox.forms import parse_old_rows
from app.whatsapp.inbox.list_queries import count_filters
from app.whatsapp.inbox.snippet_queries import list_quick_replies
from app.whatsapp.inbox.thread_queries import thread_context
from app.whatsapp.messaging.actions.send import send as send_message
from app.whatsapp.messaging.forms import parse_composer, parse_key
from app.whatsapp.messaging.request import page_key
from app.whatsapp.models import Conversation
from app.whatsapp.search import MAX_SEARCH

bp = Blueprint("whatsapp", __name__, url_prefix="/whatsapp")
bp.before_request(require_staff)

THREAD_PAGE = 40
LIST_PAGE = 40
CHANGES_PAGE = 200
FILTERS = ("all", "unread", "waiting", "closing", "mine", "nobodys")


def _criteria() -> queries.ConversationFilter:
    chosen = request.args.get("filter", "all")
    q = cut_text_arg(request.args, "q", MAX_SEARCH)
    return queries.ConversationFilter(
        now=utcnow(),
        q=q,
        unread=chosen == "unread",
        waiting=chosen == "waiting",
        closing=chosen == "closing",
        assigned={"mine": current_user().id, "nobodys": 0}.get(chosen),
    )


def _list_context(limit: int = LIST_PAGE) -> dict[str, Any]:
    criteria, cursor = _criteria(), request.args.get("cursor", "")
    chosen = request.args.get("filter", "all")
    # Counted first, with the newest number: what comes in between is asked for again, and nothing is missed.
    counts = count_filters(criteria.now)
    return {
        "page": queries.list_conversations(criteria, limit, cursor),
        "q": criteria.q,
        "filter": chosen if chosen in FILTERS else "all",
        "counts": counts,
        "now": criteria.now,
    }


def _chat_context(conversation: Conversation, **extra: Any) -> dict[str, Any]:
    # The number is read before the messages: what comes in between is asked for again, and nothing is missed.
    change = current_change()
    before = extra.pop("before", "")
    # Whatever is new is there to be read, with some of what came before it.
    limit = min(max(THREAD_PAGE, conversation.unread_count + THREAD_PAGE // 2), CHANGES_PAGE)
    page = queries.list_messages(conversation_id=conversation.id, limit=limit, cursor=before, bubbles=True)
    now, rows = utcnow(), party_queries.list_rows(conversation)
    return {
        "conversation": conversation,
        "change": change,
        **thread_context(page.items, mark_new=conversation.unread_count),
        "older": page.next_cursor,
        "shape": party_queries.shape_of(conversation, rows),
        "joined": party_queries.joined_of(conversation, rows),
        "likely": find_likely(conversation),
        "now": now,
        "open": conversation.window_open(now),
        "key": str(uuid.uuid4()),
        "quick_replies": list_quick_replies(),
        "notices": find_notices(),
        **extra,
    }


@bp.get("/")
def index() -> ResponseReturnValue:
    return render_page("whatsapp/inbox.html", **_list_context())


@bp.get("/share")
def share() -> ResponseReturnValue:
    """Show the inbox to who shares something from another app: the conversation that is opened next gets it."""
    return render_page("whatsapp/share.html", **_list_context())


@bp.get("/panel")
def panel() -> ResponseReturnValue:
    """Answer the panel, with the conversation that was open in it on the page before, if that one still is."""
    conversation_id = parse_int_arg(request.args, "conversation", None, 1, LARGEST_ID)
    chat = _chat_context(queries.get_conversation(conversation_id)) if conversation_id else {}
    return render_template("whatsapp/_chat_panel.html", **_list_context() | chat)


@bp.get("/list")
def conversation_list() -> ResponseReturnValue:
    shown = parse_int_arg(request.args, "shown", LIST_PAGE, 0, 10_000) or LIST_PAGE
    return render_template("whatsapp/list/_list_refresh.html", **_list_context(min(max(shown, LIST_PAGE), 400)))


@bp.get("/list/more")
def more_conversations() -> ResponseReturnValue:
    return render_template("whatsapp/list/_conversation_rows.html", **_list_context())


@bp.get("/conversations/<int:conversation_id>")
def show(conversation_id: int) -> ResponseReturnValue:
    """Show the inbox with one conversation open; `before` and `choose` are for browsers without JavaScript."""
    conversation = queries.get_conversation(conversation_id)
    context = _list_context() | _chat_context(conversation, before=request.args.get("before", ""))
    if "choose" in request.args:
        context |= event_queries.choices_of(conversation, request.args.get("event", ""))
    return render_page("whatsapp/inbox.html", **context)


@bp.get("/conversations/<int:conversation_id>/chat")
def chat(conversation_id: int) -> ResponseReturnValue:
    return render_template(
        "whatsapp/thread/_conversation.html", **_chat_context(queries.get_conversation(conversation_id))
    )


@bp.get("/conversations/<int:conversation_id>/older")
def older(conversation_id: int) -> ResponseReturnValue:
    thread_id = queries.get_conversation(conversation_id).id
    cursor = request.args.get("cursor", "")
    page = queries.list_messages(conversation_id=thread_id, limit=THREAD_PAGE, cursor=cursor, bubbles=True)
    return render_template(
        "whatsapp/thread/_older.html",
        conversation_id=thread_id,
        older=page.next_cursor,
        **thread_context(page.items),
    )


@bp.get("/conversations/<int:conversation_id>/changes")
def changes(conversation_id: int) -> ResponseReturnValue:
    """Answer what changed since the number that the thread has, and another composer if its state moved."""
    since = parse_int_arg(request.args, "since", 0, 0, LARGEST_ID) or 0
    change, now = current_change(), utcnow()
    conversation = queries.get_conversation(conversation_id)
    shape = party_queries.shape_of(conversation, party_queries.list_rows(conversation))
    if request.args.get("shape", shape) != shape:  # It was joined, or taken apart: all of it is shown anew.
        chat = render_template("whatsapp/thread/_conversation.html", **_chat_context(conversation))
        return chat, {"HX-Retarget": "#conversation", "HX-Reswap": "outerHTML"}
    messages = queries.list_changes(conversation.id, since, CHANGES_PAGE)
    days, old = parse_old_rows(request.args)
    more = len(messages) == CHANGES_PAGE
    if more:  # The thread asks again at once, from the last one that it gets now.
        change = messages[-1].change
    shown = queries.with_old(messages, old, conversation_id=conversation.id)
    moved = conversation.writing_state(now) != request.args.get("state")
    return render_template(
        "whatsapp/thread/_changes.html",
        conversation=conversation,
        change=change,
        shape=shape,
        more=more,
        open=conversation.window_open(now),
        moved=moved,
        key=str(uuid.uuid4()),
        quick_replies=list_quick_replies() if moved else [],
        notices=find_notices() if moved else None,
        **thread_context(thread_queries.with_neighbours(shown), days=days),
    )


@bp.post("/conversations/<int:conversation_id>/messages")
@limiter.limit("60 per minute", key_func=person)
def send(conversation_id: int) -> ResponseReturnValue:
    """Send what the composer holds; its hidden key makes a second click the same message."""
    key = parse_key(request.form.get("key")) or str(uuid.uuid4())
    try:
        sending = send_message(parse_composer(request.form, conversation_id), page_key(key), current_user().id)
    except DomainError as refusal:
        return _refuse(conversation_id, key, request.form.get("body", ""), refusal)
    if not is_htmx():
        return see_other(url_for(".show", conversation_id=conversation_id))
    message = queries.get_message(sending.message_id)
    return render_template("whatsapp/composer/_sent.html", **thread_context([message])), 201


def _refuse(conversation_id: int, key: str, body: str, refusal: DomainError) -> ResponseReturnValue:
    """Answer why it was not sent. The header tells the page's own queue that this is our word, and no proxy's."""
    conversation = queries.get_conversation(conversation_id)
    if isinstance(refusal, KeyReused):  # The page came back from before, with other words under a spent key.
        key = str(uuid.uuid4())
    if is_htmx():
        closed = isinstance(refusal, WindowClosed | OptedOut)
        now = utcnow()
        context = {"conversation": conversation, "open": conversation.window_open(now), "key": key, "now": now}
        context |= {"refusal": refusal, "closed": closed, "notices": find_notices() if closed else None}
        answer = render_template("whatsapp/composer/_refused.html", **context)
        return answer, refusal.status, {"Coordina-Refusal": refusal.code}
    context = _chat_context(conversation, body=body, refusal=refusal) | {"key": key}
    return render_page("whatsapp/inbox.html", **_list_context() | context), refusal.status


@bp.post("/conversations/<int:conversation_id>/read")
def mark_read(conversation_id: int) -> ResponseReturnValue:
    """Count as read what was on the screen: all that had come when the thread asked last."""
    reading.mark_read(conversation_id, parse_int_arg(request.form, "until", None, 0, LARGEST_ID))
    return "", 204


@bp.post("/conversations/<int:conversation_id>/unread")
def mark_unread(conversation_id: int) -> ResponseReturnValue:
    """Leave the conversation for later: its chat closes, or whoever looks at it would have read it again."""
    reading.mark_unread(conversation_id)
    if not is_htmx():
        return see_other(url_for(".index"))
    return "", 204, {"HX-Trigger": "close-conversation"}


@bp.post("/coordinaciones/<int:coordinacion_id>/open")
def open_coordinacion(coordinacion_id: int) -> ResponseReturnValue:
    """Open the chat with a coordinación's client: in the panel for htmx, as a page otherwise."""
    conversation_id = open_for_coordinacion(coordinacion_id)
    if not is_htmx():
        return see_other(url_for(".show", conversation_id=conversation_id))
    conversation = queries.get_conversation(conversation_id)
    return render_template(
        "whatsapp/_chat_panel.html", **_list_context() | _chat_context(conversation, focus_composer=True)
    )


@bp.get("/coordinaciones/<int:coordinacion_id>/history")
def history(coordinacion_id: int) -> ResponseReturnValue:
    coordinacion = coordinaciones.get_coordinacion(coordinacion_id)
    change = current_change()
    page = queries.list_messages(
        coordinacion_id=coordinacion_id, limit=THREAD_PAGE, cursor=request.args.get("cursor", ""), bubbles=True
    )
    days, ids = parse_old_rows(request.args)
    messages = queries.with_old(page.items, ids, coordinacion_id=coordinacion_id)
    return render_template(
        "whatsapp/events/_history.html",
        coordinacion_id=coordinacion_id,
        change=change,
        part="older" if "cursor" in request.args else "newest" if "newest" in request.args else "whole",
        older=page.next_cursor,
        elsewhere=event_queries.list_elsewhere(coordinacion) if "cursor" not in request.args else (),
        **thread_context(messages, days=days),
    )


@bp.get("/counts")
def counts() -> ResponseReturnValue:
    """Answer how many unread messages each coordinación of `ids` has, each for its own place on the page."""
    ids = list_numbers(request.args.get("ids", "").split(",")[:200], LARGEST_INT)
    return render_template("whatsapp/list/_counts.html", ids=ids, unread=queries.unread_by_coordinacion(ids))
