"""What can be known without asking anybody outside: settings, database, limits and people."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_babel.speaklater import LazyString

from app.doctor.checks import Check, bad, ok, warn
from app.schema import REVISION, is_behind

# File systems over a network, on which SQLite's locks or its shared memory cannot be relied on.
_OVER_A_NETWORK = ("nfs", "cifs", "smb", "afs", "ceph", "9p", "drvfs", "vboxsf", "fuse.sshfs", "fuse.rclone")


@dataclass(frozen=True)
class Database:
    """What was seen of the database; `trouble` is its own first line of an error, else nothing."""

    kind: str
    place: str
    trouble: str = ""
    revision: str | None = None
    read_only: bool = False
    filesystem: str = ""


def check_settings(*, limits_on: bool, sentry: str, simulated: bool) -> list[Check]:
    """Say what of the settings works and should not stay so; what cannot work is refused at start."""
    name, found = "settings", []
    if sentry == "missing":
        finding = _l("SENTRY_DSN está puesto, pero falta el paquete sentry-sdk: no se avisa de ningún error.")
        found.append(bad(name, finding, _l("Instalalo con pip install sentry-sdk, o sacá SENTRY_DSN.")))
    if not limits_on:
        finding = _l("RATELIMIT_ENABLED está en 0: nadie frena a quien prueba contraseñas.")
        found.append(warn(name, finding, _l("Sacá RATELIMIT_ENABLED, o ponelo en 1, y reiniciá.")))
    if simulated:
        finding = _l("TWILIO_API_BASE_URL está puesto: se habla con un simulador y no con Twilio.")
        found.append(warn(name, finding, _l("Para una oficina de verdad, sacá TWILIO_API_BASE_URL y reiniciá.")))
    return found or [ok(name, _l("Se leyeron todos y se pueden usar."))]


def check_database(database: Database) -> Check:
    """Say whether the database answers and has what this version needs."""
    name, found = "database", database.revision
    if database.trouble:
        return bad(
            name,
            _l("No responde (%(place)s): %(trouble)s", place=database.place, trouble=database.trouble),
            _l("Fijate en DATABASE_URL y en que la base esté encendida y deje entrar desde acá."),
        )
    if found is None:
        return bad(
            name, _l("Responde (%(place)s), pero está vacía.", place=database.place), _l("Corré: flask db upgrade")
        )
    if is_behind(found):
        return bad(
            name,
            _l("Está en la migración %(found)s y esta versión necesita la %(needed)s.", found=found, needed=REVISION),
            _l("Corré: flask db upgrade"),
        )
    if found != REVISION:
        return warn(
            name,
            _l(
                "Está en la migración %(found)s, más nueva que esta versión (%(needed)s).", found=found, needed=REVISION
            ),
            _l("Instalá acá la misma versión de Coordina que migró la base."),
        )
    return ok(name, _l("%(kind)s responde, con la migración %(found)s (%(place)s).", **_named(database), found=found))


def _named(database: Database) -> dict[str, str]:
    return {"kind": {"sqlite": "SQLite"}.get(database.kind, "PostgreSQL"), "place": database.place}


def check_disk(database: Database) -> Check | None:
    """Say whether what is stored stays: the database takes writes, and a SQLite file lies on a disk of its own."""
    name = "disk"
    if database.trouble:
        return None
    if database.read_only:
        return bad(
            name,
            _l("La base solo se puede leer (%(place)s): ningún mensaje se guarda.", place=database.place),
            _l("Dale permiso de escritura al archivo y a su carpeta, o elegí otra base en DATABASE_URL.")
            if database.kind == "sqlite"
            else _l("DATABASE_URL apunta a una réplica: poné la dirección de la base principal."),
        )
    if database.filesystem.startswith(_OVER_A_NETWORK):
        return bad(
            name,
            _l("El archivo de SQLite está en un disco de red (%(kind)s): se puede romper.", kind=database.filesystem),
            _l("Pasalo a un disco de esta máquina, o usá PostgreSQL en DATABASE_URL."),
        )
    return ok(name, _l("Lo que se guarda queda guardado."))


def check_redis(*, configured: bool, reachable: bool, many_processes: bool, refusal: str = "") -> Check:
    """Say where rate limits are counted. `refusal`: the code of the error that Redis answered with."""
    name = "redis"
    if configured and refusal:
        return bad(
            name,
            _l("Redis responde con un error (%(code)s): cada proceso cuenta los límites por su lado.", code=refusal),
            _l("Fijate en la clave de REDIS_URL, en los permisos de ese usuario y en los límites de su plan."),
        )
    if configured and not reachable:
        return bad(
            name,
            _l("Redis no responde a tiempo: cada proceso cuenta los límites por su lado."),
            _l("Fijate en REDIS_URL y en que Redis esté encendido; no hace falta reiniciar."),
        )
    if configured:
        return ok(name, _l("Responde, y cuenta los límites de todos los procesos."))
    if many_processes:
        return warn(
            name,
            _l("Falta REDIS_URL: cada proceso cuenta los límites por su lado."),
            _l("Poné REDIS_URL para que valgan para todos juntos."),
        )
    return ok(name, _l("Sin REDIS_URL cada proceso cuenta los límites por su lado: alcanza para una sola máquina."))


def check_proxies(*, trusted: int, forwarded: bool) -> Check:
    """Say whether proxies are trusted where there are some; `forwarded` tells whether one passed this request on."""
    name = "proxies"
    if forwarded and not trusted:
        return bad(
            name,
            _l("Hay un proxy delante y TRUSTED_PROXIES es 0: todas las personas parecen una sola."),
            _l("Poné TRUSTED_PROXIES=1 y reiniciá."),
        )
    if trusted and not forwarded:
        return bad(
            name,
            _l("TRUSTED_PROXIES es %(trusted)d y este pedido no pasó por ningún proxy.", trusted=trusted),
            _l("Poné TRUSTED_PROXIES=0 y reiniciá: si no, cualquiera inventa su dirección."),
        )
    return ok(name, _l("Se confía en los que hay."))


def check_people(admins: int) -> Check:
    """Say whether somebody can enter who may change things."""
    name = "people"
    if not admins:
        return bad(
            name,
            _l("Nadie puede entrar como admin."),
            _l("Corré: flask users create CORREO --name NOMBRE --role admin. Sin consola: SETUP_TOKEN y /setup."),
        )
    return ok(
        name, LazyString(lambda: ngettext("%(num)d admin puede entrar.", "%(num)d admins pueden entrar.", admins))
    )


def check_devices(*, on: bool, reachable: bool) -> Check:
    """Say whether anybody is told of a message while nobody looks. `reachable`: some device that is not silent."""
    name = "devices"
    if not on:
        finding = _l("No se mandan avisos a los dispositivos: se entera quien tiene Coordina abierta.")
        return warn(name, finding, _l("Corré flask push keys y poné VAPID_PRIVATE_KEY y VAPID_SUBJECT."))
    if not reachable:
        finding = _l("Nadie tiene un dispositivo que reciba avisos.")
        return warn(name, finding, _l("Que cada persona entre desde su teléfono y los active en Avisos, en su menú."))
    return ok(name, _l("Hay dispositivos que reciben avisos."))
