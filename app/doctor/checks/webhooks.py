"""Where Twilio posts what clients write, where it should, and how its last webhooks fared."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l

from app.doctor.checks import Check, Sentence, bad, ok, since, warn
from app.twilio.console import MISSING, SANDBOX, SENDER, Reception
from app.twilio.signature import WEBHOOK_PATH

WHERE_TO_PASTE = "Console > Messaging > Senders > WhatsApp senders"
WHERE_IN_THE_SANDBOX = "Console > Messaging > Try it out > Send a WhatsApp message > Sandbox settings"


def is_public(host: str) -> bool:
    """Tell whether others may reach `host` by that name: no name of this machine or of its own network."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan", ".test"))


def check_address(webhook_url: str, *, simulated: bool, suggested: str) -> Check:
    """Say whether Twilio can post to the configured address; `suggested` is one that would do."""
    name = "address"
    parts = urlsplit(webhook_url)
    if not webhook_url:
        return bad(
            name,
            _l("Falta TWILIO_WEBHOOK_URL: nadie puede decirle a Twilio dónde avisar, y los tildes no avanzan."),
            _l("Poné TWILIO_WEBHOOK_URL=%(url)s y reiniciá.", url=suggested),
        )
    right = f"https://{parts.netloc}{WEBHOOK_PATH}"
    if not parts.path.endswith(WEBHOOK_PATH):
        return bad(
            name,
            _l("TWILIO_WEBHOOK_URL no lleva al webhook: %(url)s", url=webhook_url),
            _l("Poné TWILIO_WEBHOOK_URL=%(url)s, acá y en Twilio, y reiniciá.", url=right),
        )
    if not simulated and not is_public(parts.hostname or ""):
        return bad(
            name,
            _l("Twilio no puede llegar a %(host)s: es una dirección de esta máquina o de su red.", host=parts.netloc),
            _l("Poné en TWILIO_WEBHOOK_URL una dirección pública con https, de un host o de un túnel."),
        )
    if not simulated and parts.scheme != "https":
        return bad(
            name,
            _l("TWILIO_WEBHOOK_URL empieza con http y no con https: %(url)s", url=webhook_url),
            _l("Poné TWILIO_WEBHOOK_URL=%(url)s, acá y en Twilio, y reiniciá.", url=f"https{webhook_url[4:]}"),
        )
    return ok(name, _l("TWILIO_WEBHOOK_URL es una dirección pública, con la ruta del webhook."))


def same_address(first: str, second: str) -> bool:
    """Tell whether two addresses are one to Twilio: what stands behind # is for Twilio alone."""
    return first.partition("#")[0] == second.partition("#")[0]


def check_reception(reception: Reception, webhook_url: str, number: str) -> Check:
    """Say whether Twilio tells Coordina of what clients write."""
    name = "reception"
    if reception.kind == SANDBOX:
        return ok(
            name,
            _l(
                "El sandbox no se puede leer desde acá. Pegá %(url)s en %(where)s.",
                url=webhook_url,
                where=WHERE_IN_THE_SANDBOX,
            ),
        )
    if reception.kind == MISSING:
        return bad(
            name,
            _l("La cuenta no tiene WhatsApp en el número %(number)s.", number=number),
            _l("Fijate en TWILIO_WHATSAPP_NUMBER, o registrá el número en %(where)s.", where=WHERE_TO_PASTE),
        )
    if reception.kind == SENDER and reception.state not in ("ONLINE", "ONLINE:UPDATING"):
        codes = ", ".join(reception.offline_codes)
        return bad(
            name,
            _l(
                "WhatsApp no está activo en %(number)s: %(state)s %(codes)s",
                number=number,
                state=reception.state,
                codes=codes,
            ),
            _l("Mirá qué pide Twilio en %(where)s.", where=WHERE_TO_PASTE),
        )
    if not same_address(reception.url, webhook_url) or reception.method.upper() != "POST":
        return bad(name, _where_it_posts(reception), _how_to_set(webhook_url))
    return ok(name, _l("Twilio avisa acá cuando alguien escribe."))


def _where_it_posts(reception: Reception) -> Sentence:
    if not reception.url:
        return _l("Twilio no le avisa a nadie cuando un cliente escribe.")
    return _l("Twilio avisa en otra dirección: %(method)s %(url)s", method=reception.method, url=reception.url)


def _how_to_set(webhook_url: str) -> Sentence:
    return _l("Poné %(url)s con POST: con el botón de acá, o con flask doctor --fix.", url=webhook_url)


def check_unknown_reception(code: int | None) -> Check:
    """Say that Twilio did not tell where it posts what clients write."""
    why = _l("error %(code)d", code=code) if code else _l("no contestó a tiempo")
    return warn(
        "reception",
        _l("Twilio no dijo a quién le avisa cuando un cliente escribe: %(why)s.", why=why),
        _l("Miralo vos en %(where)s.", where=WHERE_TO_PASTE),
    )


@dataclass(frozen=True)
class Refusal:
    """What was written down when a webhook was refused."""

    at: datetime
    reason: str
    ours: bool
    expected: str
    signed_for: str


@dataclass(frozen=True)
class Arrivals:
    """When a client's message came last by webhook, and last by sync; and the last refusals of either kind.

    `stray` is the last message that came to another number of the account, or by SMS, and was left alone.
    """

    webhook_at: datetime | None
    sync_at: datetime | None
    refused: Refusal | None
    misdirected: Refusal | None
    stray: Refusal | None = None


def check_webhooks(arrivals: Arrivals, now: datetime) -> Check:
    """Say how the last webhooks fared. What came before the last one that was taken is over."""
    name = "webhooks"
    accepted = arrivals.webhook_at

    def later(moment: datetime | None) -> bool:
        return moment is not None and (accepted is None or moment > accepted)

    if arrivals.misdirected and later(arrivals.misdirected.at):
        return _misdirected(arrivals.misdirected, now)
    refused = arrivals.refused
    if refused and later(refused.at) and refused.reason == "no credentials configured":
        return bad(
            name,
            _l(
                "Se rechazó un aviso %(when)s: faltan TWILIO_ACCOUNT_SID y TWILIO_AUTH_TOKEN.",
                when=since(refused.at, now),
            ),
            _l("Copialos de la consola de Twilio a los ajustes y reiniciá."),
        )
    if refused and later(refused.at) and refused.reason == "wrong signature" and refused.ours:
        return bad(
            name,
            _l("Se rechazó un aviso %(when)s: de esta cuenta, firmado con otra clave.", when=since(refused.at, now)),
            _l("Copiá TWILIO_AUTH_TOKEN otra vez de la consola de Twilio y reiniciá: cambia cuando alguien la rota."),
        )
    if arrivals.stray and later(arrivals.stray.at):
        return _stray(arrivals.stray, now)
    if later(arrivals.sync_at):
        return warn(
            name,
            _l("Lo último entró por la sincronización, y no porque Twilio avisara."),
            _l("Escribile a tu número desde un teléfono: si pasa otra vez, mirá la dirección y quién recibe."),
        )
    return _quiet(arrivals, now)


def _misdirected(refusal: Refusal, now: datetime) -> Check:
    http = refusal.signed_for.startswith("http://") and refusal.expected.startswith("https://")
    finding = (
        _l(
            "Se rechazó un aviso de Twilio %(when)s: firmado para http y no https: %(url)s",
            when=since(refusal.at, now),
            url=refusal.signed_for,
        )
        if http
        else _l(
            "Se rechazó un aviso de Twilio %(when)s: firmado para otra dirección: %(url)s",
            when=since(refusal.at, now),
            url=refusal.signed_for,
        )
    )
    fix = _l(
        "Acá se espera %(url)s. Poné la misma, letra por letra, en Twilio y en TWILIO_WEBHOOK_URL.",
        url=refusal.expected,
    )
    return bad("webhooks", finding, fix)


def _stray(stray: Refusal, now: datetime) -> Check:
    return warn(
        "webhooks",
        _l(
            "Llegó un mensaje %(when)s a %(address)s, que no es tu WhatsApp. Se dejó de lado.",
            when=since(stray.at, now),
            address=stray.signed_for or "?",
        ),
        _l(
            "Acá se espera %(expected)s. Si cambió, corregí TWILIO_WHATSAPP_NUMBER; si no, quitale el webhook al otro.",
            expected=stray.expected,
        ),
    )


def _quiet(arrivals: Arrivals, now: datetime) -> Check:
    name, refused = "webhooks", arrivals.refused
    if arrivals.webhook_at is None:
        if refused is None:
            finding = _l("Todavía no llegó ningún mensaje.")
        else:
            finding = _l(
                "No llegó ningún mensaje. Lo último que se rechazó, %(when)s, no era de Twilio.",
                when=since(refused.at, now),
            )
        return warn(name, finding, _l("Escribile a tu número desde un teléfono, y mirá acá de nuevo."))
    taken = since(arrivals.webhook_at, now)
    if refused is not None and refused.at > arrivals.webhook_at:
        return ok(
            name,
            _l(
                "El último mensaje llegó %(taken)s. Lo que se rechazó %(when)s no era de Twilio.",
                taken=taken,
                when=since(refused.at, now),
            ),
        )
    return ok(name, _l("El último mensaje llegó %(taken)s.", taken=taken))
