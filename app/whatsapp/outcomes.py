"""Why a message did not arrive, as its bubble says it: the sentence, the step, and whether the same may go again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from app.formats import format_clock, format_day, office_day, today
from app.twilio.codes import ACCOUNT_WIDE, Explanation, Step, explain, page_of
from app.whatsapp.delivery import FAILED
from app.whatsapp.models import Contact, Message
from app.whatsapp.window import is_open

_OWN_WORDS = re.compile(r"\s*(Twilio Error:|Generated new message with sid: \S+)\s*")


@dataclass(frozen=True)
class Failure:
    """What a bubble says of a message that did not arrive.

    `page` is Twilio's own about a code that we have no words for; `retry_at` when sending again first can help, where
    that is not now; `everything` says that nothing goes out, whatever is sent, and that admins know it by themselves.
    """

    sentence: str
    step: Step
    retry: bool
    page: str = ""
    retry_at: datetime | None = None
    everything: bool = False


def _unknown(message: Message) -> Failure:
    code = message.error_code
    if not code:
        # Ours: nobody was reached, or Twilio never had it. Nothing is known that would speak against trying again.
        sentence = message.error_message or _("No salió, y WhatsApp no dijo por qué.")
        return Failure(sentence, Step.NONE, retry=True)
    words = _OWN_WORDS.sub(" ", message.error_message).strip(" .")
    sentence = (
        _("No salió. Twilio dice: «%(words)s» (error %(code)s).", words=words, code=code)
        if words
        else _("No salió. Twilio dio el error %(code)s.", code=code)
    )
    return Failure(sentence, Step.TELL, retry=False, page=page_of(code))


def find_failure(message: Message) -> Failure | None:
    """Return why `message` did not arrive and what to do, or None when it did not fail."""
    if message.status not in FAILED:
        return None
    known: Explanation | None = explain(message.error_code) if message.error_code else None
    if known is None:
        return _unknown(message)
    return Failure(
        str(known.sentence),
        known.step,
        known.retry,
        retry_at=message.sent_at + known.wait if known.wait else None,
        everything=message.error_code in ACCOUNT_WIDE,
    )


def failure(message: Message) -> str:
    """Return why a message did not arrive and what to do, for those without buttons; nothing when it did not fail."""
    found = find_failure(message)
    if found is None:
        return ""
    tell = _("Que lo mire quien administra Coordina.") if found.step is Step.TELL else ""
    return f"{found.sentence} {tell}".strip()


def is_repeatable(message: Message) -> bool:
    """Tell whether sending the same again can help, and all that it was made of is still here."""
    found = find_failure(message)
    if message.inbound or found is None or not found.retry:
        return False
    if message.type == "text":
        return True
    # A template that was sent outside of Coordina has values that are not known here; a file may be gone.
    return bool(message.template) or any(media.file_id for media in message.media)


def goes_through(message: Message, contact: Contact, now: datetime) -> bool:
    """Tell whether WhatsApp would let the same through at `now`, to `contact` whom it was for."""
    return not contact.opted_out and (bool(message.template) or is_open(contact.window_expires_at, now))


def from_when(moment: datetime, now: datetime) -> str:
    """Return from when something can be done, as people say it: desde las 15:40, desde mañana a las 10:15."""
    day = office_day(moment)
    days = (day - office_day(now)).days
    if days == 0:
        return str(_("desde las %(clock)s", clock=format_clock(moment)))
    if days == 1:
        return str(_("desde mañana a las %(clock)s", clock=format_clock(moment)))
    return str(_("desde el %(day)s", day=format_day(day)))


def moment_words(moment: datetime) -> str:
    """Return a moment after "desde": las 14:32 today, ayer a las 14:32, el lun 16 nov a las 14:32."""
    clock, day = format_clock(moment), office_day(moment)
    days = (today() - day).days
    if days <= 0:
        return str(_("las %(clock)s", clock=clock))
    if days == 1:
        return str(_("ayer a las %(clock)s", clock=clock))
    return str(_("el %(day)s a las %(clock)s", day=format_day(day), clock=clock))
