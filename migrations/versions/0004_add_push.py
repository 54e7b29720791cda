"""Add the devices that people want to be told on, and what each person wants to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "push_suscripciones",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("endpoint", sa.String(length=1000), nullable=False),
        sa.Column("p256dh", sa.String(length=100), nullable=False),
        sa.Column("auth", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["usuarios.id"], name=op.f("fk_push_suscripciones_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sesiones.id"], name=op.f("fk_push_suscripciones_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_suscripciones")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_suscripciones_endpoint")),
    )
    op.create_index(op.f("ix_push_suscripciones_user_id"), "push_suscripciones", ["user_id"], unique=False)
    op.create_index(op.f("ix_push_suscripciones_session_id"), "push_suscripciones", ["session_id"], unique=False)
    op.create_table(
        "push_preferencias",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_to", sa.Time(), nullable=True),
        sa.Column("hide_text", sa.Boolean(), nullable=False),
        sa.CheckConstraint("scope IN ('all', 'mine', 'none')", name=op.f("ck_push_preferencias_scope")),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name=op.f("ck_push_preferencias_quiet")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["usuarios.id"], name=op.f("fk_push_preferencias_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_push_preferencias")),
    )


def downgrade() -> None:
    op.drop_table("push_preferencias")
    op.drop_index(op.f("ix_push_suscripciones_session_id"), table_name="push_suscripciones")
    op.drop_index(op.f("ix_push_suscripciones_user_id"), table_name="push_suscripciones")
    op.drop_table("push_suscripciones")
