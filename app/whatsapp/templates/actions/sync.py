"""Bringing in what Twilio has of templates and what WhatsApp decided about each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import utcnow, writing
from app.twilio import contents
from app.twilio.content import RemoteTemplate
from app.whatsapp.templates.models import Template

TEMPLATES = "whatsapp.templates"
# For so long Twilio may still be creating what it did not answer for.
_UNCONFIRMED_FOR = timedelta(minutes=2)


@dataclass
class TemplatesReport:
    """How many templates Twilio has, how many of them are new here, and how many it has no longer."""

    listed: int = 0
    added: int = 0
    gone: int = 0


def sync_templates() -> TemplatesReport:
    """Make the templates here those that Twilio has; what an admin said of them stays.

    Raises TwilioError when Twilio cannot be asked, and then everything is as it was.
    """
    remote = contents().list_templates()
    report, now = TemplatesReport(listed=len(remote.items)), utcnow()
    with writing() as session:
        known = {template.content_sid: template for template in session.scalars(select(Template))}
        for item in remote.items:
            template = known.get(item.sid) or _find_unconfirmed(known, item)
            if template is None:
                template = Template(content_sid=item.sid, created_at=now)
                session.add(template)
                report.added += 1
            _follow(template, item, now)
        if remote.complete:
            listed = {item.sid for item in remote.items}
            report.gone = _let_go(session, [it for it in known.values() if it.content_sid not in listed], now)
    return report


def _find_unconfirmed(known: dict[str, Template], item: RemoteTemplate) -> Template | None:
    """Return the template that we asked Twilio to create and whose answer was lost, if `item` is that one."""
    same = (it for it in known.values() if it.unconfirmed and (it.name, it.language) == (item.name, item.language))
    return next(same, None)


def _follow(template: Template, item: RemoteTemplate, now: datetime) -> None:
    template.content_sid, template.name, template.language = item.sid, item.name, item.language
    template.types, template.variables = dict(item.types), dict(item.variables)
    template.status, template.rejection_reason = item.status, item.rejection_reason
    template.category = item.category or template.category or ""
    template.synced_at, template.gone_at = now, None


def _let_go(session: Session, absent: list[Template], now: datetime) -> int:
    gone = 0
    for template in absent:
        if template.unconfirmed:
            if template.created_at < now - _UNCONFIRMED_FOR:
                session.delete(template)
        elif template.gone_at is None:
            template.gone_at, gone = now, gone + 1
    return gone
