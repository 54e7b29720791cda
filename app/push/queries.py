"""Whom to tell, and on which devices."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from flask import current_app
from sqlalchemy import Select, select

from app.auth.models import LoginSession, User
from app.extensions import LARGEST_ID, db, utcnow
from app.formats import to_local
from app.push.models import Preference, Subscription
from app.push.quiet import is_quiet


def is_on() -> bool:
    """Tell whether this office pushes anything at all."""
    return bool(current_app.config["VAPID_PRIVATE_KEY"])


def find_preference(user_id: int) -> Preference:
    """Return what a person wants to be told; one that never said so wants all of it."""
    found = db.session.get(Preference, user_id, populate_existing=True)
    return found or Preference(user_id=user_id, scope="all", hide_text=False)


def _kept() -> Select[Subscription]:
    """Return the devices whose sign-in still stands."""
    return (
        select(Subscription)
        .join(User, Subscription.user_id == User.id)
        .join(LoginSession, Subscription.session_id == LoginSession.id)
        .where(User.active.is_(True), LoginSession.revoked_at.is_(None), LoginSession.expires_at > utcnow())
    )


def find_subscription(subscription_id: int) -> Subscription | None:
    """Return a device, or None when it is gone or nobody is signed in there any more."""
    if not 0 < subscription_id <= LARGEST_ID:
        return None
    kept = _kept().where(Subscription.id == subscription_id).execution_options(populate_existing=True)
    return db.session.scalar(kept)


def list_subscriptions(user_id: int) -> list[Subscription]:
    """Return a person's devices, the newest first."""
    mine = _kept().where(Subscription.user_id == user_id).order_by(Subscription.id.desc())
    return list(db.session.scalars(mine))


def _is_wanted(preference: Preference | None, owner: bool, now: datetime) -> bool:
    if preference is None:
        return True
    asked_for = preference.scope == "all" or (preference.scope == "mine" and owner)
    return asked_for and not is_quiet(to_local(now).time(), preference.quiet_from, preference.quiet_to)


def list_audience(owners: Collection[int], looking: set[int], now: datetime, *, everybody: bool = False) -> list[int]:
    """Return the devices to tell of what belongs to `owners`, if to anybody; none of those who are `looking`.

    What concerns `everybody` is told to those too who asked for their own alone.
    """
    statement = (
        _kept()
        .with_only_columns(Subscription.id, Subscription.user_id, Preference)
        .outerjoin(Preference, Preference.user_id == Subscription.user_id)
        .where(Subscription.user_id.not_in(looking))
        .order_by(Subscription.id)
    )
    return [
        subscription_id
        for subscription_id, user_id, preference in db.session.execute(statement)
        if _is_wanted(preference, everybody or user_id in owners, now)
    ]


def list_devices_to_alert(user_id: int, now: datetime) -> list[int]:
    """Return the devices of one person to tell of what is theirs, none in their quiet hours."""
    devices = [device.id for device in list_subscriptions(user_id)]
    return devices if devices and _is_wanted(find_preference(user_id), True, now) else []


def is_quiet_for(user_id: int, now: datetime) -> bool:
    """Tell whether a person wants to be left in peace at `now`."""
    preference = find_preference(user_id)
    return is_quiet(to_local(now).time(), preference.quiet_from, preference.quiet_to)


def anybody_reachable(now: datetime) -> bool:
    """Tell whether any device of anybody can be told of anything: neither silent nor of one who wants nothing."""
    statement = (
        _kept()
        .with_only_columns(Subscription)
        .outerjoin(Preference, Preference.user_id == Subscription.user_id)
        .where((Preference.scope.is_(None)) | (Preference.scope != "none"))
    )
    return any(not device.silent(now) for device in db.session.scalars(statement))
