"""Every error code that Twilio gives for WhatsApp: what happened, and what to do, as staff read it.

Source: Twilio's error reference (docs/api/errors). A code that is not here gets Twilio's own words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from flask_babel import lazy_gettext as _l

OPTED_OUT = 21610
WINDOW_CLOSED = 63016


class Step(StrEnum):
    """What a person does next, beside sending the same again: each is a button under the bubble."""

    NONE = ""
    TEMPLATE = "template"
    NUMBER = "number"
    SHRINK = "shrink"
    REWRITE = "rewrite"
    TELL = "tell"
    CALL = "call"


@dataclass(frozen=True)
class Explanation:
    """`sentence` says what happened and what to do; that an admin has to look is for `step`'s button to say.

    `retry` tells whether sending the same again can help, and `wait` how long after the failure it first may.
    """

    sentence: str
    step: Step = Step.NONE
    retry: bool = False
    wait: timedelta | None = None


# Whatever is sent fails with these until an admin mends the account or the settings.
ACCOUNT_WIDE = frozenset({20003, 20005, 21212, 21606, 63007, 63020, 63051})
# Those of them that Twilio gives at once, so that whatever it takes afterwards shows them mended.
REFUSED_AT_ONCE = frozenset({20003, 20005, 21212, 21606, 63007})

_TODAY, _HOURS, _MINUTES = timedelta(days=1), timedelta(hours=2), timedelta(minutes=15)

_KEY = _l("Twilio no aceptó nuestra clave, o suspendió la cuenta.")
_SENDER = _l("Twilio no reconoce nuestro número de WhatsApp.")
_NUMBER = _l("Ese número no es válido. Revisalo.")
_NO_WHATSAPP = _l("Ese número no tiene WhatsApp, o lo tiene muy viejo. Revisalo.")
_CONTENT = _l("WhatsApp no aceptó lo que dice el mensaje. Cambialo y mandalo otra vez.")
_DATA = _l("A la plantilla le faltan datos o no le sirven. Elegila de nuevo y completalos.")
_OTHER_TEMPLATE = _l("WhatsApp ya no tiene esta plantilla. Elegí otra.")
_FILE = _l("WhatsApp no pudo bajar el archivo. Mandalo de nuevo; si vuelve a pasar, que lo mire quien administra.")
_BUSY = _l("WhatsApp no dio abasto. Probá de nuevo en un cuarto de hora.")
_SLOWER = _l("WhatsApp frenó nuestros mensajes por un rato. Probá de nuevo en dos horas.")
_THEIR_FAULT = _l("Falló algo en WhatsApp. Mandalo de nuevo.")
_BLOCKED = _l("Esta persona nos bloqueó en WhatsApp. Llamala por teléfono.")

_EXPLANATIONS: dict[int, Explanation] = {
    **dict.fromkeys((20003, 20005), Explanation(_KEY, Step.TELL)),
    20404: Explanation(_l("Twilio no encontró algo que este mensaje usa."), Step.TELL),
    20429: Explanation(_l("Twilio estaba ocupado. Mandalo de nuevo."), retry=True),
    20500: Explanation(_l("Twilio tuvo un problema y no lo mandó. Mandalo de nuevo."), retry=True),
    **dict.fromkeys((21211, 21604, 21614), Explanation(_NUMBER, Step.NUMBER)),
    **dict.fromkeys((21212, 21603, 21606, 63007), Explanation(_SENDER, Step.TELL)),
    21408: Explanation(_l("La cuenta de Twilio no tiene habilitado ese país."), Step.TELL),
    21602: Explanation(_l("El mensaje salió sin texto. Escribilo de nuevo."), Step.REWRITE),
    21608: Explanation(_l("La cuenta de prueba de Twilio solo escribe a números verificados."), Step.TELL),
    21609: Explanation(_l("Twilio no acepta la dirección donde avisarnos de los estados."), Step.TELL),
    OPTED_OUT: Explanation(
        _l("Esta persona pidió no recibir más mensajes. Llamala, o esperá que mande START."), Step.CALL
    ),
    21617: Explanation(_l("El mensaje es muy largo: WhatsApp acepta hasta 1600 caracteres. Acortalo."), Step.REWRITE),
    **dict.fromkeys((21620, 63019), Explanation(_FILE, Step.TELL, retry=True)),
    21654: Explanation(_l("Acá solo se puede mandar una plantilla. Elegí una."), Step.TEMPLATE),
    21655: Explanation(_OTHER_TEMPLATE, Step.TEMPLATE),
    **dict.fromkeys((21656, 63028), Explanation(_DATA, Step.TEMPLATE)),
    21658: Explanation(_l("Un dato de la plantilla es muy largo. Elegila de nuevo y acortalo."), Step.TEMPLATE),
    **dict.fromkeys((30001, 30410), Explanation(_BUSY, retry=True, wait=_MINUTES)),
    **dict.fromkeys((63003, 63024), Explanation(_NO_WHATSAPP, Step.NUMBER)),
    **dict.fromkeys((63005, 63006, 63013), Explanation(_CONTENT, Step.REWRITE)),
    **dict.fromkeys((63009, 63010, 63012), Explanation(_THEIR_FAULT, retry=True)),
    **dict.fromkeys((63014, 63033), Explanation(_BLOCKED, Step.CALL)),
    63015: Explanation(
        _l("Este número todavía no se unió a la prueba de Twilio. Llamá y pedile que mande el código."), Step.CALL
    ),
    WINDOW_CLOSED: Explanation(
        _l("No salió: pasaron las 24 h desde su último mensaje. Elegí una plantilla."), Step.TEMPLATE
    ),
    **dict.fromkeys((63017, 63018), Explanation(_SLOWER, retry=True, wait=_HOURS)),
    63020: Explanation(_l("Falta aceptar la invitación de Meta a la cuenta."), Step.TELL),
    63021: Explanation(_l("La plantilla quedó muy larga con esos datos. Elegila de nuevo y acortalos."), Step.TEMPLATE),
    63027: Explanation(_l("Esta plantilla no está en ese idioma. Elegí otra."), Step.TEMPLATE),
    63030: Explanation(_l("Este tipo de mensaje no se puede mandar por WhatsApp. Mandalo como texto."), Step.REWRITE),
    63032: Explanation(_l("WhatsApp no le entrega nuestros mensajes a esta persona. Llamala por teléfono."), Step.CALL),
    63034: Explanation(_l("El archivo pesa demasiado para WhatsApp. Achicalo y mandalo de nuevo."), Step.SHRINK),
    63038: Explanation(_l("La cuenta llegó a su límite del día. Probá de nuevo mañana."), retry=True, wait=_TODAY),
    63040: Explanation(_l("WhatsApp rechazó esta plantilla. Elegí otra."), Step.TEMPLATE),
    63041: Explanation(_l("WhatsApp pausó esta plantilla. Elegí otra."), Step.TEMPLATE),
    63042: Explanation(_l("WhatsApp dio de baja esta plantilla. Elegí otra."), Step.TEMPLATE),
    63049: Explanation(
        _l("WhatsApp no le entrega más publicidad por ahora. Esperá unos días, o llamala por teléfono."), Step.CALL
    ),
    63051: Explanation(_l("WhatsApp bloqueó la cuenta de la oficina."), Step.TELL),
}


def explain(code: int) -> Explanation | None:
    """Return what `code` means to staff, or None when it is a code we do not know."""
    return _EXPLANATIONS.get(code)


def page_of(code: int) -> str:
    """Return the address of Twilio's own page about `code`."""
    return f"https://www.twilio.com/docs/api/errors/{code}"
