"""What a message is paid for: its template's category, or what it is where it has none."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

# As WhatsApp names what it charges for, in the order in which they are shown. An answer within the 24 hours is a
# "service" message, charged since 1 October 2026 after the first 1,000 of a number and month; what clients write costs
# Twilio's own fee; a template sent before categories were kept has none.
CATEGORIES = ("marketing", "utility", "authentication", "service", "inbound", "unknown")
# Those that an admin may give a rate to.
RATED = ("marketing", "utility", "authentication", "service")

# In the words with which templates are shown (content/labels.py).
LABELS = {
    "marketing": _l("Plantillas de publicidad"),
    "utility": _l("Plantillas de servicio"),
    "authentication": _l("Plantillas de código de acceso"),
    "service": _l("Respuestas en las 24 h"),
    "inbound": _l("Mensajes de clientes"),
    "unknown": _l("Plantillas sin categoría"),
}
