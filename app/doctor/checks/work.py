"""Work that must happen after an answer: does anybody do it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_babel.speaklater import LazyString

from app.doctor.checks import Check, Sentence, bad, ok, since, span, warn

LATE = timedelta(minutes=15)
WORKER_SILENT = timedelta(minutes=5)
CRON_SILENT = timedelta(hours=26)


@dataclass(frozen=True)
class Work:
    """What waits to be done, and when those who do it were last seen."""

    due: int
    oldest_due_at: datetime | None
    failed: tuple[str, ...]
    cron_at: datetime | None
    worker_at: datetime | None
    cron_open: bool


def check_work(work: Work, *, alone: bool, now: datetime) -> Check:
    """Say whether what must happen after an answer does. `alone`: one machine whose open pages are enough."""
    name = "work"
    if work.failed:
        return bad(
            name,
            LazyString(
                lambda: ngettext(
                    "%(num)d tarea falló del todo: %(which)s.",
                    "%(num)d tareas fallaron del todo: %(which)s.",
                    len(work.failed),
                    which=", ".join(sorted(set(work.failed))),
                )
            ),
            _l("Mirá el registro (Job failed for good) y arreglá la causa; queda en la tabla trabajos."),
        )
    if work.oldest_due_at is not None and now - work.oldest_due_at > LATE:
        waited = span(now - work.oldest_due_at)
        finding = LazyString(
            lambda: ngettext(
                "%(num)d tarea espera hace %(waited)s: nadie la hace.",
                "%(num)d tareas esperan, la primera hace %(waited)s: nadie las hace.",
                work.due,
                waited=waited,
            )
        )
        return bad(name, finding, _how_to_work(work))
    return _check_workers(work, alone=alone, now=now)


def _how_to_work(work: Work) -> Sentence:
    if work.cron_open:
        return _l("Dejá corriendo flask worker, o que un cron pida /internal/cron/run con CRON_SECRET.")
    return _l("Dejá corriendo flask worker, o poné CRON_SECRET y que un cron pida /internal/cron/run.")


def _check_workers(work: Work, *, alone: bool, now: datetime) -> Check:
    name = "work"
    if work.worker_at is not None and now - work.worker_at <= WORKER_SILENT:
        return ok(name, _l("El worker dio señales %(when)s.", when=since(work.worker_at, now)))
    if work.cron_at is not None and now - work.cron_at <= CRON_SILENT:
        return ok(name, _l("El cron pasó %(when)s.", when=since(work.cron_at, now)))
    if work.worker_at is not None:
        finding = _l("El worker no da señales: las últimas fueron %(when)s.", when=since(work.worker_at, now))
        return warn(name, finding, _l("Volvé a arrancar flask worker."))
    if work.cron_at is not None:
        finding = _l("El cron no pasa: la última vez fue %(when)s.", when=since(work.cron_at, now))
        return warn(name, finding, _l("Fijate que el cron pida /internal/cron/run con el CRON_SECRET de ahora."))
    finding = _l("No hay worker ni cron: lo pendiente se hace mientras alguien tiene Coordina abierta.")
    return ok(name, finding) if alone else warn(name, finding, _how_to_work(work))
