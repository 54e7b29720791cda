"""The inbox: conversations and their messages, from Twilio's webhooks to the screen and back."""

from __future__ import annotations

from flask import Flask

from app.auth.actions.people import person_left
from app.coordinaciones.actions import phone_changed, phone_written
from app.jobs.handlers import register
from app.whatsapp import (
    alerts_views,
    api,
    attach,
    cards,
    care,
    choosing,
    cli,
    contacts,
    fetching,
    frame,
    jobs,
    poll,
    retry,
    snippets,
    template_filters,
    typing_indicator,
    views,
    webhook,
)
from app.whatsapp.actions.assignment import release_assigned
from app.whatsapp.actions.untying import let_go
from app.whatsapp.changes import lock_changes
from app.whatsapp.content import picker
from app.whatsapp.content import views as templates
from app.whatsapp.costs import models as _costs  # noqa: F401
from app.whatsapp.costs import views as costs


def init_app(app: Flask) -> None:
    """Give `app` its inbox: pages, JSON API, Twilio's doors and `flask whatsapp`."""
    beside = (contacts.bp, choosing.bp, care.bp, care.own, cards.bp, attach.bp, fetching.bp, retry.bp)
    alerts = (alerts_views.bp, alerts_views.admins)
    rooms = (typing_indicator.bp, snippets.bp, costs.bp, costs.pieces, templates.bp, templates.admin, picker.bp)
    for blueprint in (poll.bp, views.bp, api.bp, webhook.bp, *beside, *alerts, *rooms):
        app.register_blueprint(blueprint)
    template_filters.init_app(app)
    frame.init_app(app)
    person_left.connect(release_assigned)
    phone_written.connect(lock_changes)
    phone_changed.connect(let_go)
    for name, handler in jobs.HANDLERS.items():
        register(app, name, handler)
    app.cli.add_command(cli.whatsapp)
