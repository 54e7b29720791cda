"""What goes out: does the account send at all?"""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _l

from app.doctor.checks import Check, Sentence, bad, ok, since
from app.twilio.codes import page_of

_FIXES: dict[int, Sentence] = {
    20003: _l("Copiá TWILIO_ACCOUNT_SID y TWILIO_AUTH_TOKEN otra vez de la consola de Twilio y reiniciá."),
    20005: _l("Entrá a la consola de Twilio: dice qué falta para reactivar la cuenta."),
    63020: _l("Aceptá la invitación de Meta que llegó por correo, en Meta Business Manager."),
    63051: _l("Entrá a Meta Business Manager y pedí que revisen el bloqueo de la cuenta."),
}
_SENDER = _l(
    "Poné en TWILIO_WHATSAPP_NUMBER el número que la consola de Twilio muestra como WhatsApp Sender, y reiniciá."
)


def check_sending(code: int | None, failing_since: datetime | None, now: datetime) -> Check:
    """Say whether messages go out; `code` is why none has since `failing_since`, or None."""
    name = "sending"
    if code is None or failing_since is None:
        return ok(name, _l("Nada dice que los mensajes no salgan."))
    finding = _l("No sale ningún mensaje: error %(code)s, %(when)s.", code=code, when=since(failing_since, now))
    fix = _FIXES.get(code, _SENDER)
    return bad(name, finding, _l("%(fix)s Más en %(page)s", fix=fix, page=page_of(code)))
