"""The inbox: conversations and their messages, from Twilio's webhooks to the screen and back."""

from __future__ import annotations

from flask import Flask

from app.auth.actions.people import person_left
from app.coordinaciones.actions import phone_changed, phone_written
from app.jobs.handlers import register
from app.whatsapp import api, cli, jobs
from app.whatsapp.alerts import views as alerts
from app.whatsapp.attachments import views as attachments
from app.whatsapp.changes import lock_changes
from app.whatsapp.contacts import card_views
from app.whatsapp.contacts import views as contacts
from app.whatsapp.contacts.actions.untying import let_go
from app.whatsapp.costs import models as _costs  # noqa: F401
from app.whatsapp.costs import views as costs
from app.whatsapp.inbox import (
    assignment_views,
    attach_views,
    event_views,
    page_queries,
    poll_views,
    retry_views,
    snippet_views,
    template_filters,
    template_views,
    typing_views,
)
from app.whatsapp.inbox import views as inbox
from app.whatsapp.inbox.actions.assignment import release_assigned
from app.whatsapp.messaging import webhook
from app.whatsapp.templates import views as templates

BLUEPRINTS = (
    poll_views.bp,
    inbox.bp,
    event_views.bp,
    assignment_views.bp,
    assignment_views.own,
    attach_views.bp,
    typing_views.bp,
    snippet_views.bp,
    retry_views.bp,
    template_views.bp,
    contacts.bp,
    card_views.bp,
    attachments.bp,
    alerts.bp,
    alerts.admins,
    templates.bp,
    templates.admin,
    costs.bp,
    costs.pieces,
    api.bp,
    webhook.bp,
)


def init_app(app: Flask) -> None:
    """Give `app` its inbox: pages, JSON API, Twilio's doors and `flask whatsapp`."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    template_filters.init_app(app)
    page_queries.init_app(app)
    person_left.connect(release_assigned)
    phone_written.connect(lock_changes)
    phone_changed.connect(let_go)
    for name, handler in jobs.HANDLERS.items():
        register(app, name, handler)
    app.cli.add_command(cli.whatsapp)
