"""`flask doctor`: the same diagnosis in a shell, in English; it ends with 1 when anything is to be mended."""

from __future__ import annotations

from collections.abc import Iterable

import click
from flask.cli import with_appcontext
from flask_babel import force_locale

from app.doctor import actions
from app.doctor.checks import Check, State
from app.doctor.report_queries import examine_here, examine_outside, examine_twilio, suggest_webhook_url
from app.errors import DomainError
from app.logs import without_passwords
from app.twilio.signature import status_url

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.BAD: "red"}


def _show(line: Check) -> None:
    click.echo(f"{click.style(f'{line.state:<5}', fg=_COLOURS[line.state])}{line.name:<12} {line.seen}")
    if line.fix:
        click.echo(f"{'':<17} -> {line.fix}")


def _show_all(lines: Iterable[Check]) -> bool:
    """Show each line as soon as it is known; return whether any is bad."""
    any_bad = False
    for line in lines:
        _show(line)
        any_bad = any_bad or line.state is State.BAD
    return any_bad


@click.command("doctor")
@with_appcontext
@click.option("--fix", is_flag=True, help="Tell Twilio where to post what clients write.")
def doctor(fix: bool) -> None:
    """Say line by line what works and what does not, and how to mend it."""
    with force_locale("en"):
        house, way = examine_here()
        url = without_passwords(suggest_webhook_url())
        click.echo(
            f"Paste into Twilio, both with POST:\n  incoming messages  {url}\n  status (optional)  {status_url(url)}\n"
        )
        any_bad = _show_all([*house, *way])
        if fix:
            try:
                click.echo(f"Twilio posts to {without_passwords(actions.receive_here())} now.")
            except DomainError as error:
                click.echo(f"Nothing was changed at Twilio: {error.detail}", err=True)
        any_bad = _show_all([*examine_outside(), *examine_twilio()[0]]) or any_bad
    if any_bad:
        raise SystemExit(1)
