"""What templates may call of this room: names, words, sizes and marks. None of it asks the database."""

from __future__ import annotations

from functools import partial

from flask import Flask

from app.formats import has_ink
from app.whatsapp import names
from app.whatsapp.alerts.window_queries import notice_key
from app.whatsapp.attachments import labels as attachments
from app.whatsapp.contacts.queries import why_likely
from app.whatsapp.costs import labels as costs
from app.whatsapp.delivery import tick
from app.whatsapp.inbox import bubbles
from app.whatsapp.marks import plain_words, render_marks
from app.whatsapp.messaging.forms import MAX_BODY
from app.whatsapp.outcomes import find_failure
from app.whatsapp.templates import labels as templates
from app.whatsapp.window import CLOSING_SOON

FILTERS = (
    has_ink,
    names.conversation_name,
    names.written_name,
    names.other_names,
    names.type_label,
    names.last_line,
    names.file_name,
    names.voice_note,
    names.contacts_of,
    names.contact_name,
    attachments.media_kind,
    attachments.media_state,
    attachments.shown_size,
    attachments.media_error,
    attachments.may_fetch_again,
    attachments.file_mark,
    attachments.file_family,
    attachments.file_size,
    bubbles.came_by,
    bubbles.row_key,
    bubbles.day_key,
    bubbles.cursor_after,
    bubbles.phone_label,
    bubbles.map_url,
    bubbles.coordinates,
    bubbles.referral_of,
    bubbles.forwarded_label,
    bubbles.chosen_label,
    bubbles.picture_words,
    why_likely,
    plain_words,
    find_failure,
    tick,
    notice_key,
    templates.template_state,
    templates.template_pill,
    templates.template_card,
    templates.template_title,
    templates.category_label,
    templates.kind_label,
    templates.mark_places,
    templates.render_places,
    costs.format_cost,
    costs.format_price,
    costs.format_figure,
    costs.format_month,
    costs.format_month_short,
)


def init_app(app: Flask) -> None:
    """Give these to `app`'s templates, each under the name of its function."""
    for function in FILTERS:
        app.add_template_filter(function, function.__name__)
    app.add_template_filter(bubbles.held_from_when, "from_when")
    app.add_template_filter(bubbles.held_moment, "moment_words")
    app.add_template_filter(partial(render_marks, region=app.config["DEFAULT_REGION"]), "render_marks")
    app.jinja_env.globals.update(CLOSING_SOON=CLOSING_SOON, MAX_BODY=MAX_BODY, **costs.CONSTANTS)
