"""Bringing what a backup of an older revision holds to the revision of this code, as `flask db upgrade` would."""

from __future__ import annotations

from sqlalchemy import Connection

from app.backup import queries
from app.backup.archive import Manifest
from app.extensions import Base


def is_older(manifest: Manifest, revision: str) -> bool:
    """Tell whether a backup is of a revision before `revision` that the migrations here know."""
    return manifest.revision < revision and manifest.revision in [table.revision for table in queries.migrations()]


def migrate(connection: Connection, after: str, until: str) -> None:
    """Run the migrations that come after revision `after`, up to `until`."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    context = MigrationContext.configure(connection, opts={"target_metadata": Base.metadata})
    with Operations.context(context):
        for migration in queries.migrations():
            if after < migration.revision <= until:
                migration.module.upgrade()
