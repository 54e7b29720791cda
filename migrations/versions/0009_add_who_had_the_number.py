"""Add what was known of whoever had a number before another user id wrote from it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("whatsapp_conversaciones", sa.Column("former", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.drop_column("former")
