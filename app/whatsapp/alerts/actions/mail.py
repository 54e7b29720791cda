"""Mailing the admins who waits for an answer, when telling everybody's devices brought none: one mail for all."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import force_locale, gettext, ngettext

from app.auth.queries import list_admin_emails
from app.extensions import db, utcnow
from app.formats import format_day, format_left
from app.push import mail
from app.push.queries import anybody_reachable, is_on
from app.whatsapp.alerts.actions.push_alerts import unanswered_after
from app.whatsapp.alerts.waiting_queries import find_first_waiting, list_waiting_in_the_week
from app.whatsapp.models import Message
from app.whatsapp.names import conversation_name


def _link(path: str) -> str:
    """Return the public address of a page, or nothing where the office has not said what it is."""
    parts = urlsplit(current_app.config["TWILIO_WEBHOOK_URL"])
    return f"{parts.scheme}://{parts.netloc}{path}" if parts.netloc else ""


def _line(message: Message, now: datetime) -> str:
    """Say who waits, for which event, since when and where to answer; never what they wrote."""
    conversation = message.conversation
    coordinacion, event = conversation.coordinacion, ""
    if coordinacion is not None and coordinacion.event_on is not None:
        event = f"{coordinacion.title}, {format_day(coordinacion.event_on)}"
    waited = gettext("espera hace %(waited)s", waited=format_left(now - message.sent_at))
    sentence = " · ".join(filter(None, (conversation_name(conversation), event, waited)))
    return "\n".join(filter(None, (sentence, _link(f"/whatsapp/conversations/{conversation.id}"))))


def _list_late(now: datetime) -> list[Message]:
    wait = unanswered_after()
    late = list_waiting_in_the_week(now, wait) if wait is not None else []
    return [message for conversation in late if (message := find_first_waiting(conversation.id)) is not None]


def mail_unanswered(_payload: dict[str, Any]) -> None:
    """Mail those who wait to every admin, if anybody still does. Raises MailFailed, and then it is tried again."""
    config, now = current_app.config, utcnow()
    to, late = list_admin_emails(), _list_late(now)
    if not late or not to or not config["SMTP_URL"]:
        return
    with force_locale(config["APP_LANGUAGE"]):
        subject = ngettext("%(num)d cliente espera respuesta", "%(num)d clientes esperan respuesta", len(late))
        parts = [
            gettext("Son de eventos de esta semana y nadie les contestó:"),
            *(_line(message, now) for message in late),
        ]
        if is_on() and not anybody_reachable(now):
            parts.append(gettext("Nadie tiene un dispositivo que reciba avisos. Se activan en Avisos, en el menú."))
    db.session.commit()  # Nothing stays open while a mail server answers.
    mail.send(config["SMTP_URL"], config["MAIL_FROM"], to, subject, "\n\n".join(parts) + "\n")
