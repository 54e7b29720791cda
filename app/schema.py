"""Which state of the database this code was written for, and which one it finds; Alembic is not asked.

migrations/ is not shipped everywhere (a function of Vercel has none), and Alembic takes longer to import than a request
to answer.
"""

from __future__ import annotations

import click
from sqlalchemy import Connection, Engine, inspect, text

# The newest file of migrations/versions. A test holds the two together.
REVISION = "0012"

UNREACHABLE = "The database cannot be reached. `flask doctor` says why."
BEHIND = "The database is not migrated. Run: flask db upgrade."


def find_revision(connection: Connection) -> str | None:
    """Return the migration that the database has come to, or None when none was ever run."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def is_behind(found: str | None) -> bool:
    """Tell whether the database lacks what this code needs. What one that is ahead serves: docs/deploy.md."""
    return found is None or found < REVISION


def find_trouble(engine: Engine) -> str:
    """Return why nothing can be read from the database or written to it, or nothing. Waits for as long as it takes."""
    try:
        with engine.connect() as connection:
            return BEHIND if is_behind(find_revision(connection)) else ""
    except Exception:  # Whatever it is, whoever waits must hear of it.
        return UNREACHABLE


def require_schema(engine: Engine) -> None:
    """Raise ClickException, with one sentence, where a command could do nothing with the database as it is."""
    trouble = find_trouble(engine)
    if trouble:
        raise click.ClickException(trouble)
