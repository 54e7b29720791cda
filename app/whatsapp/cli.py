"""`flask whatsapp`: asking Twilio what the webhooks did not tell."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from app.extensions import db
from app.schema import require_schema
from app.twilio import gateway
from app.twilio.client import NoAnswer, NotReached, Refused, TwilioError
from app.whatsapp.messaging.actions.sync import SyncReport
from app.whatsapp.messaging.actions.sync import sync as run_sync
from app.whatsapp.templates.actions.sync import sync_templates

whatsapp = AppGroup("whatsapp", help="What Coordina does with Twilio from a shell.")


def _reason(error: TwilioError) -> str:
    if isinstance(error, Refused):
        return f"Twilio refused with {error.code}: {error.message}"
    if isinstance(error, NotReached):
        return "Twilio could not be reached: check the network and TWILIO_API_BASE_URL."
    return "Twilio did not answer in time." if isinstance(error, NoAnswer) else "Twilio failed."


def _require_both_ends() -> None:
    """Raise ClickException where there is no database to fill or no account to ask: nothing is asked then or stored."""
    require_schema(db.engine)
    missing = gateway().account.missing
    if missing:
        raise click.ClickException(f"Twilio is not connected. Missing: {', '.join(missing)}")


def _show(report: SyncReport) -> None:
    click.echo(
        f"\rListed {report.listed}, seen {report.seen}, added {report.added}, settled {report.settled}",
        nl=False,
        err=True,
    )


@whatsapp.command("sync")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="UTC; the last sync if not given."
)
def sync(since: datetime | None) -> None:
    """Bring in messages that no webhook brought, and settle what is still on its way."""
    _require_both_ends()
    try:
        report = run_sync(_show, since.replace(tzinfo=UTC) if since else None)
    except TwilioError as error:
        click.echo(err=True)
        raise click.ClickException(f"{_reason(error)} Nothing is lost; run it again.") from error
    click.echo(err=True)
    click.echo(f"Seen {report.seen}, added {report.added}, settled {report.settled}.")
    if report.missing:
        click.echo(f"Twilio knows nothing of {len(report.missing)} messages that it had accepted.", err=True)


@whatsapp.command("templates")
def templates() -> None:
    """Bring in WhatsApp's templates and what WhatsApp decided about each."""
    _require_both_ends()
    try:
        report = sync_templates()
    except TwilioError as error:
        raise click.ClickException(f"{_reason(error)} The templates stay as they were.") from error
    click.echo(f"Listed {report.listed}, new {report.added}, gone {report.gone}.")
