"""Gathers the facts and has them checked: the house's own at once, Twilio's when somebody waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from flask import current_app, has_request_context, request
from sqlalchemy.exc import SQLAlchemyError

from app.doctor import knocking, queries
from app.doctor.checks import Check, State
from app.doctor.checks.account import (
    check_clock,
    check_connection,
    check_credentials,
    check_refused,
    check_silent,
)
from app.doctor.checks.house import (
    Database,
    check_database,
    check_devices,
    check_disk,
    check_people,
    check_proxies,
    check_redis,
    check_settings,
)
from app.doctor.checks.outside import check_answer, check_bucket, check_mail, check_no_answer
from app.doctor.checks.sending import check_sending
from app.doctor.checks.webhooks import check_address, check_reception, check_unknown_reception, check_webhooks
from app.doctor.checks.work import check_work
from app.extensions import db, limiter, utcnow
from app.limit_store import PatientRedis
from app.push import queries as push
from app.schema import is_behind
from app.twilio import console, gateway
from app.twilio.client import NoAnswer, Refused, TwilioError
from app.twilio.console import Reception
from app.twilio.signature import WEBHOOK_PATH
from app.whatsapp.alerts.notice_queries import find_notices


def is_simulated() -> bool:
    """Tell whether something stands in for Twilio, so that addresses of this machine will do."""
    return bool(current_app.config["TWILIO_API_BASE_URL"])


def suggest_webhook_url() -> str:
    """Return the webhook's address as far as it is known: the configured one, or one by the name we were asked for."""
    configured: str = current_app.config["TWILIO_WEBHOOK_URL"]
    if urlsplit(configured).path.endswith(WEBHOOK_PATH):
        return configured
    host = request.host if has_request_context() else "YOUR-HOST"
    return f"https://{urlsplit(configured).netloc or host}{WEBHOOK_PATH}"


def examine_here() -> tuple[list[Check], list[Check]]:
    """Return the lines about the house itself, and those about the way to Twilio, as far as nobody need be asked."""
    database = queries.read_database(db.engine)
    try:
        return _examine_house(database), _examine_way(database)
    except SQLAlchemyError as error:  # It is at the right migration and lacks something all the same.
        broken = replace(database, trouble=queries.first_line(error))
        return _examine_house(broken), _examine_way(broken)


def _examine_house(database: Database) -> list[Check]:
    config = current_app.config
    lines = [
        *check_settings(
            limits_on=config["RATELIMIT_ENABLED"],
            sentry=current_app.extensions["sentry"],
            simulated=is_simulated(),
        ),
        *_examine_database(database),
        *_examine_redis(database),
    ]
    if has_request_context():  # A shell is asked by nobody.
        forwarded = bool(request.headers.get("X-Forwarded-For"))
        lines.append(check_proxies(trusted=config["TRUSTED_PROXIES"], forwarded=forwarded))
    if _is_readable(database):
        now, alone = utcnow(), database.kind == "sqlite" and not config["VERCEL"]
        lines.append(check_people(queries.count_admins()))
        lines.append(check_devices(on=push.is_on(), reachable=push.anybody_reachable(now)))
        work = queries.read_work(now, cron_open=bool(config["CRON_SECRET"]))
        lines.append(check_work(work, alone=alone, now=now))
    return lines


def _is_readable(database: Database) -> bool:
    return not database.trouble and not is_behind(database.revision)


def _examine_database(database: Database) -> Iterator[Check]:
    if not (database.read_only and database.revision is None):
        yield check_database(database)
    disk = check_disk(database)
    if disk is not None:
        yield disk


def _examine_redis(database: Database) -> Iterator[Check]:
    if not current_app.config["RATELIMIT_ENABLED"]:
        return  # Then nothing is counted anywhere, and another line says so.
    storage = limiter.storage
    redis = storage if isinstance(storage, PatientRedis) else None
    reachable = redis is not None and redis.answers()
    yield check_redis(
        configured=redis is not None,
        reachable=reachable,
        refusal="" if redis is None or reachable else redis.refusal,
        many_processes=database.kind != "sqlite" or current_app.config["VERCEL"],
    )


def missing_settings() -> list[str]:
    """Return the names of the settings that are empty and without which nothing goes through Twilio."""
    return gateway().account.missing


def _examine_way(database: Database) -> list[Check]:
    missing = missing_settings()
    lines = [check_connection(missing)]
    if current_app.config["TWILIO_WEBHOOK_URL"] or "TWILIO_ACCOUNT_SID" not in missing:
        lines.append(check_our_address())
    if _is_readable(database):
        lines.append(check_webhooks(queries.read_arrivals(), utcnow()))
        trouble = find_notices().trouble
        lines.append(check_sending(trouble.code if trouble else None, trouble.since if trouble else None, utcnow()))
    return lines


def check_our_address() -> Check:
    """Return the line about the configured address."""
    url = current_app.config["TWILIO_WEBHOOK_URL"]
    return check_address(url, simulated=is_simulated(), suggested=suggest_webhook_url())


def is_anybody_to_ask() -> bool:
    """Tell whether the lines of examine_outside or examine_twilio say anything."""
    known = not {"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"} & set(missing_settings())
    return known or bool(current_app.extensions["media_bucket"] or current_app.config["SMTP_URL"])


def examine_outside() -> list[Check]:
    """Try the public address, the bucket and the mail server, those that there are; it may take some seconds."""
    config, lines = current_app.config, []
    url = config["TWILIO_WEBHOOK_URL"]
    if url and check_our_address().state is State.OK:
        try:
            lines.append(check_answer(url, current_app.extensions["public_address"](url)))
        except knocking.Silent as silence:
            lines.append(check_no_answer(url, str(silence)))
    if current_app.extensions["media_bucket"]:
        lines.append(check_bucket(knocking.try_bucket(current_app.extensions["media_bucket"])))
    if config["SMTP_URL"]:
        lines.append(check_mail(knocking.try_mail(config["SMTP_URL"])))
    return lines


def examine_twilio() -> tuple[list[Check], Reception | None]:
    """Ask Twilio, and return its lines and where it posts what clients write; nothing where there is nobody to ask."""
    account = console().account
    if not (account.sid and account.token):
        return [], None
    try:
        remote = console().fetch_account()
    except Refused as error:
        return [check_refused(error.code, error.http_status)], None
    except TwilioError as error:
        return [check_silent(reached=isinstance(error, NoAnswer))], None
    clock = check_clock(remote.clock_ahead)
    lines = [check_credentials(remote), *([clock] if clock else [])]
    if not account.complete:
        return lines, None
    try:
        reception = console().find_reception()
    except TwilioError as error:
        return [*lines, check_unknown_reception(error.code if isinstance(error, Refused) else None)], None
    url = current_app.config["TWILIO_WEBHOOK_URL"] or suggest_webhook_url()
    return [*lines, check_reception(reception, url, account.whatsapp_number)], reception
