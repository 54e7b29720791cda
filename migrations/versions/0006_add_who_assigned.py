"""Add who gave a conversation to whom it is assigned; nobody keeps what those look after who may not come in."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _release_those_of_people_who_left() -> None:
    conversations = sa.table("whatsapp_conversaciones", sa.column("assigned_to_id"))
    people = sa.table("usuarios", sa.column("id"), sa.column("active", sa.Boolean()))
    gone = sa.select(people.c.id).where(people.c.active.is_(False))
    op.execute(conversations.update().where(conversations.c.assigned_to_id.in_(gone)).values(assigned_to_id=sa.null()))


def upgrade() -> None:
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.add_column(sa.Column("assigned_by_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_whatsapp_conversaciones_assigned_by_id"), ["assigned_by_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_whatsapp_conversaciones_assigned_by_id"),
            "usuarios",
            ["assigned_by_id"],
            ["id"],
            ondelete="SET NULL",
        )
    _release_those_of_people_who_left()


def downgrade() -> None:
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_whatsapp_conversaciones_assigned_by_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_whatsapp_conversaciones_assigned_by_id"))
        batch_op.drop_column("assigned_by_id")
