"""Every error code that Twilio gives for WhatsApp: what happened, and what to do, as staff read it.

Source: Twilio's error reference (docs/api/errors). A code that is not here gets Twilio's own words.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

OPTED_OUT = 21610
WINDOW_CLOSED = 63016


@dataclass(frozen=True)
class Explanation:
    """`sentence` says what happened and the next step; `retry` tells whether the same message may be sent again."""

    sentence: str
    retry: bool = False


_CONFIG = _l("Twilio no acepta nuestra configuración. Avisale al administrador.")
_CONTENT = _l("WhatsApp no aceptó el contenido. Cambialo y probá de nuevo.")
_NO_WHATSAPP = _l("Ese número no tiene WhatsApp. Revisá el número.")
_TEMPLATE = _l("WhatsApp no aceptó la plantilla. Avisale al administrador.")
_LATER = _l("WhatsApp frenó nuestros envíos por un rato. Probá más tarde.")
_THEIR_FAULT = _l("Falló algo en WhatsApp. Probá de nuevo.")

_EXPLANATIONS: dict[int, Explanation] = {
    **dict.fromkeys((20003, 20404, 21212, 21408, 21606, 21609, 63007, 63020), Explanation(_CONFIG)),
    20429: Explanation(_l("Twilio estaba ocupado. Probá de nuevo."), retry=True),
    **dict.fromkeys((21211, 21604, 21614), Explanation(_l("Ese número no es válido. Revisá el número."))),
    **dict.fromkeys((21602, 21603), Explanation(_l("Faltó el texto del mensaje."))),
    21608: Explanation(
        _l("La cuenta de prueba de Twilio solo escribe a números verificados. Avisale al administrador.")
    ),
    OPTED_OUT: Explanation(
        _l("Esta persona pidió no recibir más mensajes. Para volver a recibirlos tiene que mandar START.")
    ),
    21617: Explanation(_l("El mensaje es muy largo: WhatsApp acepta hasta 1600 caracteres. Acortalo.")),
    **dict.fromkeys(
        (21620, 63019), Explanation(_l("WhatsApp no pudo bajar el archivo. Mandalo de nuevo."), retry=True)
    ),
    **dict.fromkeys((21654, 21655, 21656, 21658, 63027, 63028), Explanation(_TEMPLATE)),
    **dict.fromkeys((30001, 30410), Explanation(_l("WhatsApp no dio abasto. Probá más tarde."), retry=True)),
    **dict.fromkeys((63003, 63024), Explanation(_NO_WHATSAPP)),
    **dict.fromkeys((63005, 63006, 63013, 63030), Explanation(_CONTENT)),
    **dict.fromkeys((63009, 63010, 63012), Explanation(_THEIR_FAULT, retry=True)),
    **dict.fromkeys((63014, 63033), Explanation(_l("Esta persona nos bloqueó en WhatsApp. Llamala por teléfono."))),
    63015: Explanation(_l("Este número todavía no se unió a la prueba de Twilio. Pedile que mande el código.")),
    WINDOW_CLOSED: Explanation(
        _l("No salió: pasaron las 24 h desde su último mensaje. Llamalo, o esperá que te escriba.")
    ),
    **dict.fromkeys((63017, 63018), Explanation(_LATER, retry=True)),
    63021: Explanation(_l("La plantilla quedó muy larga con esos datos. Acortalos.")),
    63032: Explanation(_l("WhatsApp no le entrega nuestros mensajes a esta persona. Llamala por teléfono.")),
    63034: Explanation(_l("El archivo pesa demasiado para WhatsApp. Achicalo y mandalo de nuevo.")),
    63038: Explanation(_l("La cuenta llegó a su límite de hoy. Probá mañana."), retry=True),
    63040: Explanation(_l("WhatsApp rechazó esta plantilla. Elegí otra.")),
    63041: Explanation(_l("WhatsApp pausó esta plantilla. Elegí otra.")),
    63042: Explanation(_l("WhatsApp dio de baja esta plantilla. Elegí otra.")),
    63049: Explanation(_l("WhatsApp prefirió no entregarle otro mensaje publicitario. Esperá unos días.")),
    63051: Explanation(_l("WhatsApp bloqueó nuestra cuenta. Avisale al administrador.")),
}


def explain(code: int) -> Explanation | None:
    """Return what `code` means to staff, or None when it is a code we do not know."""
    return _EXPLANATIONS.get(code)
