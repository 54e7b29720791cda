"""`flask backup` and `flask restore`. What they do is imported when they run: no request needs it."""

from __future__ import annotations

import click
from flask.cli import with_appcontext


class _Shown:
    """Progress on standard error, a line for each table; nothing with --quiet."""

    def __init__(self, quiet: bool) -> None:
        self.quiet, self.midway = quiet, False

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self.quiet:
            self.midway = done < total
            click.echo(f"\r{what}: {done} of {total}", nl=not self.midway, err=True)

    def failed(self, error: Exception) -> click.ClickException:
        """Return what click prints and ends with, on a line of its own."""
        if self.midway:
            click.echo(err=True)
        return click.ClickException(str(error))


@click.command("backup")
@click.argument("file")
@click.option("--force", is_flag=True, help="Replace FILE where there is one.")
@click.option("--quiet", is_flag=True, help="Show no progress: for cron.")
@with_appcontext
def backup(file: str, force: bool, quiet: bool) -> None:
    """Write all that is stored into FILE, or to standard output where FILE is a dash.

    It is a zip that `flask restore` reads on SQLite and on PostgreSQL alike, and it holds what clients wrote: keep it
    as you keep their messages. Nobody has to stop working meanwhile.
    """
    from app.backup import actions, archive, files

    shown = _Shown(quiet)
    try:
        with files.target(file, overwrite=force) as target:
            manifest = actions.back_up(target, shown)
    except archive.BackupError as error:
        raise shown.failed(error) from error
    where = "to standard output" if file == "-" else f"into {file}"
    click.echo(
        f"Backed up {manifest.rows} rows of {len(manifest.tables)} tables {where}, revision {manifest.revision}.",
        err=file == "-",
    )


@click.command("restore")
@click.argument("file")
@click.option("--replace", is_flag=True, help="Delete all that the database holds now.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@with_appcontext
def restore(file: str, replace: bool, quiet: bool) -> None:
    """Fill the database with what FILE holds, or standard input where FILE is a dash.

    The file is checked first, and the database changes wholly or not at all.
    """
    from app.backup import actions, archive, files

    shown = _Shown(quiet)
    try:
        with files.source(file) as source:
            manifest = actions.restore(source, shown, replace=replace)
    except archive.BackupError as error:
        raise shown.failed(error) from error
    click.echo(
        f"Restored {manifest.rows} rows of {len(manifest.tables)} tables, as they were at {manifest.created_at}. "
        "Everybody has to sign in again."
    )
