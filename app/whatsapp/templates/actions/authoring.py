"""What an admin does with templates: says what their variables mean, creates one, asks WhatsApp to approve it.

The row comes first and then Twilio, as with messages: a second click finds the row, and a lost answer is no lost
template, since the next sync recognises it by name and language.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from http import HTTPStatus

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.errors import DomainError, Invalid
from app.extensions import utcnow, writing
from app.twilio import client as twilio
from app.twilio import contents
from app.whatsapp.errors import NotConfigured
from app.whatsapp.templates import queries
from app.whatsapp.templates.forms import NewTemplate
from app.whatsapp.templates.models import Template


class TwilioSaid(DomainError):
    """Twilio did not do what it was asked; the sentence holds its own words where it had any."""

    status = HTTPStatus.BAD_GATEWAY
    code = "twilio_refused"


def twilio_said(error: twilio.TwilioError) -> TwilioSaid:
    """Return what became of a request to Twilio about templates, as people read it."""
    if isinstance(error, twilio.Refused):
        refusal = {"code": error.code, "words": error.message}
        return TwilioSaid(_("Twilio no la aceptó: %(words)s (error %(code)s)", **refusal))
    if isinstance(error, twilio.NotReached):
        return TwilioSaid(_("No pudimos conectarnos con Twilio. Probá de nuevo."))
    return TwilioSaid(_("Twilio no dijo si lo hizo. Actualizá la lista antes de probar de nuevo."))


def map_variables(template_id: int, mapping: dict[str, str]) -> None:
    """Keep what the variables of a template mean at the office. Raises NotFound."""
    queries.get_template(template_id)
    with writing() as session:
        session.get_one(Template, template_id).mapping = mapping


def _placeholder(new: NewTemplate) -> str:
    """Return what stands for the sid of a template that Twilio has not made yet: always the same for the same one."""
    digested = json.dumps([new.name, new.language, new.category, new.types, new.variables], sort_keys=True)
    return "new:" + hashlib.sha256(digested.encode()).hexdigest()[:30]


def _store(new: NewTemplate, mapping: dict[str, str], sid: str) -> int:
    now = utcnow()
    with writing() as session:
        template = Template(
            content_sid=sid,
            name=new.name,
            language=new.language,
            category=new.category,
            types=dict(new.types),
            variables=dict(new.variables),
            mapping=mapping,
            created_at=now,
            synced_at=now,
        )
        session.add(template)
        session.flush()
        return template.id


@dataclass(frozen=True)
class Creating:
    """Which template was asked for, by its id here, and whether it was there `already`."""

    template_id: int
    already: bool = False


def create_template(new: NewTemplate, mapping: dict[str, str]) -> Creating:
    """Create a template at Twilio; asked twice, it is made once. Its approval is asked for by `submit_template`.

    Raises Invalid when another one has that name, or TwilioSaid: then nothing was created, or nobody knows yet and the
    next sync will tell.
    """
    if not contents().account.complete:
        raise NotConfigured
    known = queries.find_named(new.name, new.language)
    if known is not None:
        if dict(known.types) == dict(new.types):
            return Creating(known.id, already=True)
        raise Invalid(fields={"name": _("Ya hay una plantilla con ese nombre en ese idioma. Poné otro nombre.")})
    placeholder = _placeholder(new)
    try:
        template_id = _store(new, mapping, placeholder)
    except IntegrityError:  # The sid is unique: another click was faster by a moment.
        found = queries.find_template(placeholder)
        if found is None:
            raise
        return Creating(found.id, already=True)
    _settle(template_id, _create_at_twilio(template_id, new))
    return Creating(template_id)


def _create_at_twilio(template_id: int, new: NewTemplate) -> str:
    try:
        return contents().create(new.name, new.language, new.types, new.variables)
    except twilio.NoAnswer as error:
        raise twilio_said(error) from error  # The row stays: Twilio may have made it.
    except twilio.TwilioError as error:
        with writing() as session:
            session.delete(session.get_one(Template, template_id))
        raise twilio_said(error) from error


def _settle(template_id: int, sid: str) -> None:
    """Write down the sid; a sync that came in between has done so already, in this row or in one of its own."""
    with writing() as session:
        brought = session.scalar(select(Template).where(Template.content_sid == sid, Template.id != template_id))
        if brought is not None:
            session.delete(brought)
            session.flush()
        session.get_one(Template, template_id).content_sid = sid


def submit_template(template_id: int) -> None:
    """Ask WhatsApp to approve a template that waits for it; another one is left alone.

    Raises NotFound, or TwilioSaid when it could not be asked.
    """
    with writing():  # No transaction stays open while Twilio answers.
        template = queries.get_template(template_id)
        waits = template.status == "unsubmitted" and bool(template.category)
        if template.unconfirmed or template.gone_at or not waits:
            return
        submission = (template.content_sid, template.name, template.category)
    try:
        status = contents().submit(*submission)
    except twilio.TwilioError as error:
        raise twilio_said(error) from error
    with writing() as session:
        row = session.get_one(Template, template_id)
        if row.status == "unsubmitted":
            row.status = status
