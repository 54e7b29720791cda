"""The account at Twilio: is it named, does Twilio let it in, and do both go by the same clock?"""

from __future__ import annotations

from datetime import timedelta

from flask_babel import lazy_gettext as _l

from app.doctor.checks import Check, bad, ok, span, warn
from app.twilio.console import RemoteAccount


def check_connection(missing: list[str]) -> Check:
    """Say whether the settings name an account and a sender; `missing` are the settings that are empty."""
    name = "connection"
    if not missing:
        return ok(name, _l("Están la cuenta, la clave y el número."))
    finding = _l("Falta conectar Twilio: no se manda ni se recibe nada. Faltan: %(which)s", which=", ".join(missing))
    fix = _l("Copialos de la consola de Twilio a los ajustes y reiniciá.")
    # An office that has not begun yet is not broken; one that stopped half-way is.
    return (
        warn(name, finding, fix)
        if {"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"} <= set(missing)
        else bad(name, finding, fix)
    )


def check_credentials(account: RemoteAccount) -> Check:
    """Say whether the account that Twilio let in may send."""
    name = "credentials"
    if account.status != "active":
        return bad(
            name,
            _l("Twilio acepta la clave, pero la cuenta está %(status)s.", status=account.status),
            _l("Entrá a la consola de Twilio: dice qué falta para reactivarla."),
        )
    if account.trial:
        return ok(name, _l("Twilio acepta la clave. La cuenta es de prueba: tiene límites de mensajes por día."))
    return ok(name, _l("Twilio acepta la clave."))


def check_refused(code: int, http_status: int) -> Check:
    """Say why Twilio answers no to a plain question about the account."""
    name = "credentials"
    if http_status in (401, 403) or code == 20003:
        return bad(
            name,
            _l("Twilio no acepta TWILIO_ACCOUNT_SID con TWILIO_AUTH_TOKEN (error %(code)d).", code=code),
            _l("Copiá los dos otra vez de la consola de Twilio: la clave cambia cuando alguien la rota."),
        )
    if http_status == 404:
        return bad(
            name,
            _l("Twilio no conoce esa cuenta (error %(code)d).", code=code),
            _l("Copiá TWILIO_ACCOUNT_SID otra vez de la consola de Twilio."),
        )
    return bad(
        name, _l("Twilio contestó con el error %(code)d.", code=code), f"https://www.twilio.com/docs/errors/{code}"
    )


def check_silent(*, reached: bool) -> Check:
    """Say that Twilio could not be asked."""
    name = "credentials"
    if reached:
        return warn(
            name, _l("Twilio no contestó a tiempo."), _l("Probá de nuevo en un rato: https://status.twilio.com")
        )
    return bad(
        name,
        _l("No se puede llegar a Twilio desde acá."),
        _l("Fijate en la red de este servidor, y en TWILIO_API_BASE_URL si está puesto."),
    )


def check_clock(ahead: timedelta | None) -> Check | None:
    """Say how far this machine's clock is from Twilio's, where Twilio said it."""
    name = "clock"
    if ahead is None:
        return None
    apart = abs(ahead)
    if apart <= timedelta(seconds=30):
        return ok(name, _l("Va con el de Twilio."))
    finding = (
        _l("Está adelantado %(apart)s respecto de Twilio.", apart=span(apart))
        if ahead > timedelta(0)
        else _l("Está atrasado %(apart)s respecto de Twilio.", apart=span(apart))
    )
    fix = _l("Poné la máquina en hora por red (NTP): la ventana de 24 h y las sesiones dependen de eso.")
    return (bad if apart > timedelta(minutes=5) else warn)(name, finding, fix)
