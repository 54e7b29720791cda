"""Add who said that nothing has to be answered, and quick replies that were deleted and can come back."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.add_column(sa.Column("done_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("done_marked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("done_before_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_whatsapp_conversaciones_done_by_id"), ["done_by_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_whatsapp_conversaciones_done_by_id"), "usuarios", ["done_by_id"], ["id"], ondelete="SET NULL"
        )
    with op.batch_alter_table("respuestas_rapidas", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("deleted_by_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_respuestas_rapidas_deleted_by_id"), ["deleted_by_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_respuestas_rapidas_deleted_by_id"),
            "usuarios",
            ["deleted_by_id"],
            ["id"],
            ondelete="SET NULL",
        )


def downgrade() -> None:
    op.execute("DELETE FROM respuestas_rapidas WHERE deleted_at IS NOT NULL")
    with op.batch_alter_table("respuestas_rapidas", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_respuestas_rapidas_deleted_by_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_respuestas_rapidas_deleted_by_id"))
        batch_op.drop_column("deleted_by_id")
        batch_op.drop_column("deleted_at")
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_whatsapp_conversaciones_done_by_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_whatsapp_conversaciones_done_by_id"))
        for column in ("done_before_at", "done_marked_at", "done_by_id"):
            batch_op.drop_column(column)
