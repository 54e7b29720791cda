"""What the diagnosis and the metrics read of the database."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, func, literal_column, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.auth.models import User
from app.doctor.checks.house import Database
from app.doctor.checks.webhooks import Arrivals, Refusal
from app.doctor.checks.work import Work
from app.extensions import db
from app.jobs.models import Job
from app.jobs.queries import count_due, find_heartbeat, find_oldest_due
from app.logs import without_passwords
from app.schema import find_revision
from app.whatsapp.delivery import UNSETTLED
from app.whatsapp.messaging.actions.refusals import MISDIRECTED, REFUSED, STRAY
from app.whatsapp.models import Message

MOUNTS = Path("/proc/self/mounts")
# How many of the newest inbound messages are looked at for one that a webhook brought.
_NEWEST = 50


def read_database(engine: Engine, mounts: Path = MOUNTS) -> Database:
    """Look at the database itself; whatever it answers is an answer."""
    kind, place, revision = engine.dialect.name, _place(engine), None
    try:
        with engine.connect() as connection:
            revision = find_revision(connection)
            if revision is not None:
                # Nothing but a write tells whether writes are taken; leaving the block takes this one back.
                connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
    except (SQLAlchemyError, OSError) as error:
        reason = first_line(error)
        if "readonly" in reason or "read-only" in reason:
            return Database(kind, place, revision=revision, read_only=True)
        return Database(kind, place, trouble=reason)
    filesystem = find_filesystem(Path(place), mounts) if kind == "sqlite" else ""
    return Database(kind, place, revision=revision, filesystem=filesystem)


def first_line(error: Exception) -> str:
    """Return what a database itself said, which names hosts and tables and never what is stored."""
    text = str(getattr(error, "orig", None) or error).strip()
    return without_passwords(text.partition("\n")[0].strip() or type(error).__name__)


def _place(engine: Engine) -> str:
    url = engine.url
    if engine.dialect.name == "sqlite":
        return str(url.database or ":memory:").removeprefix("file:").partition("?")[0]
    return f"{url.host or 'localhost'}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def find_filesystem(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the kind of file system that `path` lies on (ext4, nfs4, fuse.sshfs), or nothing where nobody tells."""
    try:
        lines = [line.split(" ") for line in mounts.read_text(encoding="utf-8", errors="replace").split("\n")]
    except OSError:  # Only Linux tells it this way.
        return ""
    whole = path.resolve()
    found = [(len(line[1]), line[2]) for line in lines if len(line) > 2 and whole.is_relative_to(_decoded(line[1]))]
    return max(found, default=(0, ""), key=lambda mount: mount[0])[1]


def _decoded(mount_point: str) -> str:
    return mount_point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")


def count_admins() -> int:
    """Return how many people may sign in as admins."""
    admins = select(func.count(User.id)).where(User.role == "admin", User.active.is_(True))
    return db.session.scalars(admins).one()


def read_work(now: datetime, *, cron_open: bool) -> Work:
    """Return what waits to be done, and when the cron and the worker were last seen."""
    failed = db.session.scalars(select(Job.name).where(Job.failed_at.is_not(None)).limit(100)).all()
    cron, worker = find_heartbeat("cron"), find_heartbeat("worker")
    return Work(
        due=count_due(now),
        oldest_due_at=find_oldest_due(now),
        failed=tuple(failed),
        cron_at=cron.at if cron else None,
        worker_at=worker.at if worker else None,
        cron_open=cron_open,
    )


def read_arrivals() -> Arrivals:
    """Return how clients' messages came in last, and what was refused last."""
    newest = select(Message.created_at, Message.payload).where(Message.direction == "inbound")
    rows = db.session.execute(newest.order_by(Message.id.desc()).limit(_NEWEST)).all()
    # Only a webhook brings parameters that no column takes; what a sync lists has none.
    by_webhook = [at for at, payload in rows if payload]
    by_sync = [at for at, payload in rows if not payload]
    return Arrivals(
        webhook_at=max(by_webhook, default=None),
        sync_at=max(by_sync, default=None),
        refused=_find_refusal(REFUSED),
        misdirected=_find_refusal(MISDIRECTED),
        stray=_find_refusal(STRAY),
    )


def _find_refusal(name: str) -> Refusal | None:
    beat = find_heartbeat(name)
    if beat is None:
        return None
    detail = {key: str(beat.detail.get(key) or "") for key in ("reason", "expected", "signed_for")}
    return Refusal(at=beat.at, ours=bool(beat.detail.get("ours")), **detail)


def find_last_inbound() -> datetime | None:
    """Return when a client wrote last."""
    inbound = select(Message.sent_at).where(Message.direction == "inbound").order_by(Message.id.desc())
    return db.session.scalars(inbound.limit(1)).first()


def count_unconfirmed() -> int:
    """Return how many messages nobody knows the fate of: Twilio was asked to send them and did not answer."""
    # Spelled out as the index of what is unsettled spells it, for only then it answers.
    unsettled = Message.status.in_([literal_column(f"'{status}'") for status in UNSETTLED])
    unconfirmed = select(func.count(Message.id)).where(unsettled, Message.status == "unconfirmed")
    return db.session.scalars(unconfirmed).one()
