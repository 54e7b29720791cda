"""Which state of the database this code was written for, and which one it finds; Alembic is not asked.

migrations/ is not shipped everywhere (a function of Vercel has none), and Alembic takes longer to import than a request
to answer.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

# The newest file of migrations/versions. A test holds the two together.
REVISION = "0005"


def find_revision(connection: Connection) -> str | None:
    """Return the migration that the database has come to, or None when none was ever run."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def is_behind(found: str | None) -> bool:
    """Tell whether the database lacks what this code needs. One that is ahead serves the code before it too."""
    return found is None or found < REVISION
