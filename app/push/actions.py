"""Telling one device of something, and what is learnt of it; whoever wants that to be durable calls it from a job."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import DomainError, Invalid, NotFound
from app.extensions import LARGEST_ID, db, utcnow, writing
from app.push import queries, webpush
from app.push.devices import describe
from app.push.forms import Wanted
from app.push.models import Preference, Subscription

log = logging.getLogger(__name__)
TTL = timedelta(hours=4)
WORDS = 120


class PushFailed(DomainError):
    status = 502  # type: ignore[assignment]
    code = "push_failed"


@dataclass(frozen=True)
class Notice:
    """What one notification says: who, their words, the coordinación, where a click leads, and how many are unread.

    A newer one of the same `tag` takes its place on the screen. `unread` is None where it has nothing to do with it.
    A `lasting` one stays when everything is read: it asks for more than that. `change` is the number of what it tells
    of, so that a page which knows less than that does not take it for read.
    """

    title: str
    text: str
    about: str
    url: str
    tag: str
    unread: int | None
    at: datetime
    lasting: bool = False
    change: int = 0


def _payload(notice: Notice, hide_text: bool) -> dict[str, Any]:
    """Return what a device is told: short, for push services take no more than 4096 bytes (RFC 8030, 7.2)."""
    text = _("Mensaje nuevo") if hide_text else notice.text[:WORDS]
    return {
        "title": notice.title[:WORDS],
        "body": "\n".join(filter(None, (text, notice.about[:WORDS]))),
        "url": notice.url,
        "tag": notice.tag,
        "unread": notice.unread,
        "lasting": notice.lasting,
        "change": notice.change,
        "timestamp": int(notice.at.timestamp() * 1000),
    }


def _learn(subscription_id: int, outcome: webpush.Outcome, now: datetime) -> None:
    with writing() as session:
        device = session.get(Subscription, subscription_id)
        if device is None:
            return
        if outcome.gone:
            session.delete(device)
        elif outcome.taken:
            device.last_used_at, device.failing_since = now, None
        else:
            device.failing_since = device.failing_since or now


def _send(device: Subscription, payload: dict[str, Any]) -> webpush.Outcome:
    """Push `payload` and keep what is learnt of the device. Raises Unreachable."""
    config, subscription_id, topic = current_app.config, device.id, payload["tag"][:32]
    reached = webpush.Device(device.endpoint, device.p256dh, device.auth)
    db.session.commit()  # Nothing stays open while a push service answers.
    try:
        outcome = webpush.push(reached, payload, topic, TTL, config["VAPID_PRIVATE_KEY"], config["VAPID_SUBJECT"])
    except webpush.Unreachable:
        _learn(subscription_id, webpush.Outcome(0), utcnow())
        raise
    except webpush.Unusable:
        outcome = webpush.Outcome(410)
    _learn(subscription_id, outcome, utcnow())
    if not outcome.taken and not outcome.gone:
        log.warning("Push service refused", extra={"status": outcome.status, "subscription_id": subscription_id})
    return outcome


def _is_spoken_to(device: Subscription) -> bool:
    """Tell whether the device's push service is one of those that we speak to, today."""
    return queries.is_on() and webpush.is_known(device.endpoint, current_app.config["PUSH_SERVICES"])


def notify(subscription_id: int, notice: Notice) -> timedelta | None:
    """Push `notice` to a device; return how long its service asks to wait before it is tried again, if it does.

    Raises PushFailed when it was not taken and may be tried again. A device that is gone, or that no known push
    service keeps, is no failure; neither is somebody whose quiet hours have begun.
    """
    device = queries.find_subscription(subscription_id)
    if device is None or not _is_spoken_to(device) or queries.is_quiet_for(device.user_id, utcnow()):
        return None
    try:
        outcome = _send(device, _payload(notice, queries.find_preference(device.user_id).hide_text))
    except webpush.Unreachable as error:
        raise PushFailed from error
    if outcome.taken or outcome.gone:
        return None
    if outcome.retry_after is not None:
        return outcome.retry_after
    if outcome.status == 429 or outcome.status >= 500:
        raise PushFailed
    return None


def try_device(user_id: int, subscription_id: int) -> None:
    """Push a notice that says that notices arrive. Raises NotFound, or PushFailed with what to do about it."""
    device = queries.find_subscription(subscription_id)
    if device is None or device.user_id != user_id or not _is_spoken_to(device):
        raise NotFound
    text = _("Los avisos llegan a este dispositivo.")
    notice = Notice(_("Aviso de prueba"), text, "", "/settings/notifications", "trial", None, utcnow())
    try:
        outcome = _send(device, _payload(notice, hide_text=False))
    except webpush.Unreachable as error:
        raise PushFailed(_("El servicio de avisos no contestó. Probá de nuevo en un rato.")) from error
    if outcome.gone:
        raise PushFailed(_("Ese dispositivo ya no recibe avisos. Abrí Coordina ahí y activalos de nuevo."))
    if not outcome.taken:
        fix = _("Abrí Coordina en ese dispositivo, dejá de recibir y activá los avisos de nuevo.")
        raise PushFailed(_("El servicio de avisos contestó %(status)d.", status=outcome.status) + f" {fix}")


def subscribe(user_id: int, session_id: str, device: webpush.Device, user_agent: str, replaces: str = "") -> int:
    """Keep a device of a person, whoever had it before, and return its id.

    `replaces` is the endpoint that the same device had until now: it keeps its name and place. Raises Invalid when no
    known push service keeps it.
    """
    if not webpush.is_known(device.endpoint, current_app.config["PUSH_SERVICES"]):
        raise Invalid(_("Este navegador usa un servicio de avisos que no conocemos."))
    try:
        return _keep(user_id, session_id, device, user_agent, replaces)
    except IntegrityError:  # The page and its service worker said the same at the same moment.
        return _keep(user_id, session_id, device, user_agent, replaces)


def _keep(user_id: int, session_id: str, device: webpush.Device, user_agent: str, replaces: str) -> int:
    with writing() as session:
        kept, before = _find(session, device.endpoint), _find(session, replaces) if replaces else None
        if before is not None and before.user_id == user_id and before is not kept:
            if kept is None:
                kept = before
            else:
                session.delete(before)
        if kept is None:
            kept = Subscription(user_agent=user_agent[:400], created_at=utcnow())
            session.add(kept)
        if kept.user_id != user_id:  # Somebody else signed in on it: what the one before called it is theirs.
            kept.name = describe(user_agent) or _("Navegador")
        kept.user_id, kept.session_id, kept.endpoint = user_id, session_id, device.endpoint
        kept.p256dh, kept.auth, kept.failing_since = device.p256dh, device.auth, None
        session.flush()
        return kept.id


def _find(session: Session, endpoint: str) -> Subscription | None:
    return session.scalar(select(Subscription).where(Subscription.endpoint == endpoint).with_for_update())


def _get_own(session: Session, user_id: int, subscription_id: int) -> Subscription:
    device = session.get(Subscription, subscription_id) if 0 < subscription_id <= LARGEST_ID else None
    if device is None or device.user_id != user_id:
        raise NotFound
    return device


def rename(user_id: int, subscription_id: int, name: str) -> None:
    """Call a person's device by another name. Raises NotFound when it is not theirs."""
    with writing() as session:
        _get_own(session, user_id, subscription_id).name = name


def forget(user_id: int, subscription_id: int) -> None:
    """Tell a person's device of nothing any more. Raises NotFound when it is not theirs."""
    with writing() as session:
        session.delete(_get_own(session, user_id, subscription_id))


def prefer(user_id: int, preference: Wanted) -> None:
    """Keep what a person wants to be told, on all their devices."""
    with writing() as session:
        session.merge(Preference(user_id=user_id, **asdict(preference)))
