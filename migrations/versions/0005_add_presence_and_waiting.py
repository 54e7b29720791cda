"""Add who a conversation is assigned to, since when its client waits, and who has it open."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _wait_for_answers() -> None:
    """Let those wait whose last word is the client's: since the first message after our last answer."""
    conversations = sa.table(
        "whatsapp_conversaciones", sa.column("id"), sa.column("waiting_since", sa.DateTime(timezone=True))
    )
    messages = sa.table(
        "whatsapp_mensajes", *map(sa.column, ("conversation_id", "direction", "type", "status", "sent_at"))
    )
    answers = messages.alias()
    answered = sa.select(sa.func.max(answers.c.sent_at)).where(
        answers.c.conversation_id == conversations.c.id,
        answers.c.direction == "outbound",
        answers.c.status.not_in(["failed", "undelivered", "canceled"]),
    )
    since = sa.select(sa.func.min(messages.c.sent_at)).where(
        messages.c.conversation_id == conversations.c.id,
        messages.c.direction == "inbound",
        messages.c.type != "reaction",
        sa.or_(answered.scalar_subquery().is_(None), messages.c.sent_at > answered.scalar_subquery()),
    )
    op.execute(conversations.update().values(waiting_since=since.scalar_subquery()))


def upgrade() -> None:
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.add_column(sa.Column("assigned_to_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("done_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("unanswered_told_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_whatsapp_conversaciones_assigned_to_id"), ["assigned_to_id"], unique=False)
        batch_op.create_index(
            "ix_whatsapp_conversaciones_waiting",
            ["waiting_since"],
            unique=False,
            sqlite_where=sa.text("waiting_since IS NOT NULL"),
            postgresql_where=sa.text("waiting_since IS NOT NULL"),
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_whatsapp_conversaciones_assigned_to_id"),
            "usuarios",
            ["assigned_to_id"],
            ["id"],
            ondelete="SET NULL",
        )
    _wait_for_answers()
    op.create_table(
        "presencias",
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", ID, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("typed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sesiones.id"], name=op.f("fk_presencias_session_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["whatsapp_conversaciones.id"],
            name=op.f("fk_presencias_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["usuarios.id"], name=op.f("fk_presencias_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session_id", "conversation_id", name=op.f("pk_presencias")),
    )
    op.create_index(op.f("ix_presencias_conversation_id"), "presencias", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_presencias_user_id"), "presencias", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_presencias_user_id"), table_name="presencias")
    op.drop_index(op.f("ix_presencias_conversation_id"), table_name="presencias")
    op.drop_table("presencias")
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_whatsapp_conversaciones_assigned_to_id"), type_="foreignkey")
        batch_op.drop_index(
            "ix_whatsapp_conversaciones_waiting",
            sqlite_where=sa.text("waiting_since IS NOT NULL"),
            postgresql_where=sa.text("waiting_since IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_whatsapp_conversaciones_assigned_to_id"))
        batch_op.drop_column("unanswered_told_at")
        batch_op.drop_column("done_at")
        batch_op.drop_column("waiting_since")
        batch_op.drop_column("assigned_to_id")
