"""Add the sid of the message that Twilio sent in place of one that failed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("whatsapp_mensajes", sa.Column("other_sid", sa.String(length=34), nullable=True))
    op.create_index(op.f("ix_whatsapp_mensajes_other_sid"), "whatsapp_mensajes", ["other_sid"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_whatsapp_mensajes_other_sid"), table_name="whatsapp_mensajes")
    with op.batch_alter_table("whatsapp_mensajes", schema=None) as batch_op:
        batch_op.drop_column("other_sid")
