"""Add the work that happens after the answer, with the sync that brings in what no webhook told, and heartbeats."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "latidos",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_latidos")),
    )
    jobs = op.create_table(
        "trabajos",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=True),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=120), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trabajos")),
        sa.UniqueConstraint("key", name=op.f("uq_trabajos_key")),
    )
    with op.batch_alter_table("trabajos", schema=None) as batch_op:
        batch_op.create_index(
            "ix_trabajos_due",
            ["run_at"],
            unique=False,
            sqlite_where=sa.text("failed_at IS NULL"),
            postgresql_where=sa.text("failed_at IS NULL"),
        )
    now = datetime.now(UTC)
    sync = {"name": "whatsapp.sync", "key": "whatsapp.sync", "run_at": now + timedelta(minutes=15), "created_at": now}
    op.bulk_insert(jobs, [sync | {"payload": {}, "attempts": 0, "last_error": ""}])


def downgrade() -> None:
    with op.batch_alter_table("trabajos", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_trabajos_due",
            sqlite_where=sa.text("failed_at IS NULL"),
            postgresql_where=sa.text("failed_at IS NULL"),
        )
    op.drop_table("trabajos")
    op.drop_table("latidos")
