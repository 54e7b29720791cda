"""What was tried just now: the public address, the bucket of files, the mail server."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.doctor.checks import Check, bad, ok, warn


def check_answer(url: str, instead: str) -> Check:
    """Say what answered at the public address; `instead` is the status that came, or nothing when we answered."""
    if instead:
        return bad(
            "outside",
            _l("En %(url)s no contesta este webhook: llegó un %(status)s.", url=url, status=instead),
            _l("Fijate en el dominio, en el túnel y en el servidor web de adelante: tienen que llevar acá."),
        )
    return ok("outside", _l("Preguntamos por la dirección pública y contestó el webhook."))


def check_no_answer(url: str, why: str) -> Check:
    """Say that nobody answered. Some networks do not let a server reach itself from outside, so it may still do."""
    return warn(
        "outside",
        _l("Desde este servidor nadie contesta en %(url)s: %(why)s.", url=url, why=why),
        _l("Fijate en el dominio, en el certificado y en el túnel. Si desde otra red contesta, está bien."),
    )


def check_bucket(failure: str) -> Check:
    """Say whether files can be kept in the bucket."""
    if failure:
        return bad(
            "bucket",
            _l("No se pudo guardar, leer y borrar un archivo de prueba: %(why)s", why=failure),
            _l("Fijate en los MEDIA_S3_* y en qué le deja hacer el bucket a esa clave."),
        )
    return ok("bucket", _l("Se guardó, se leyó y se borró un archivo de prueba."))


def check_mail(failure: str) -> Check:
    """Say whether the mail server lets us in."""
    if failure:
        return bad(
            "mail",
            _l("No se puede entrar al servidor de correo: %(why)s.", why=failure),
            _l("Fijate en SMTP_URL: el servidor, el puerto, el usuario y la clave."),
        )
    return ok("mail", _l("El servidor de correo deja entrar. No se mandó ningún correo."))
