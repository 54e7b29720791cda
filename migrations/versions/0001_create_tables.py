"""Create every table of the round trip: people, coordinaciones, conversations, messages, and the change counter."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cambios",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_cambios_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cambios")),
    )
    op.create_table(
        "respuestas_rapidas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_respuestas_rapidas")),
    )
    op.create_table(
        "usuarios",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('admin', 'staff')", name=op.f("ck_usuarios_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usuarios")),
        sa.UniqueConstraint("email", name=op.f("uq_usuarios_email")),
    )
    op.create_table(
        "whatsapp_sincronizaciones",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_count", sa.Integer(), nullable=False),
        sa.Column("added_count", sa.Integer(), nullable=False),
        sa.Column("settled_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_sincronizaciones")),
    )
    op.create_table(
        "coordinaciones",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("client_name", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("phone_key", sa.String(length=20), nullable=True),
        sa.Column("event_kind", sa.String(length=20), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=True),
        sa.Column("start_time", sa.Time(), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("dj_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("external_ref", sa.String(length=120), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "event_kind IN ('wedding', 'fifteenth', 'birthday', 'corporate', 'graduation', 'other')",
            name=op.f("ck_coordinaciones_event_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('quote', 'missing_data', 'in_preparation', 'confirmed', 'done', 'cancelled')",
            name=op.f("ck_coordinaciones_state"),
        ),
        sa.ForeignKeyConstraint(["dj_id"], ["usuarios.id"], name=op.f("fk_coordinaciones_dj_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coordinaciones")),
        sa.UniqueConstraint("external_ref", name=op.f("uq_coordinaciones_external_ref")),
    )
    with op.batch_alter_table("coordinaciones", schema=None) as batch_op:
        batch_op.create_index("ix_coordinaciones_archived_at_event_on", ["archived_at", "event_on", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_coordinaciones_dj_id"), ["dj_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_coordinaciones_phone_key"), ["phone_key"], unique=False)

    op.create_table(
        "sesiones",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("refresh_id", sa.String(length=32), nullable=False),
        sa.Column("browser", sa.Boolean(), nullable=False),
        sa.Column("previous_refresh_id", sa.String(length=32), nullable=True),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["usuarios.id"], name=op.f("fk_sesiones_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sesiones")),
    )
    with op.batch_alter_table("sesiones", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sesiones_user_id"), ["user_id"], unique=False)

    op.create_table(
        "whatsapp_conversaciones",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("coordinacion_id", sa.Integer(), nullable=True),
        sa.Column("coordinacion_chosen", sa.Boolean(), nullable=False),
        sa.Column("phone_number", sa.String(length=20), nullable=True),
        sa.Column("phone_key", sa.String(length=20), nullable=True),
        sa.Column("user_id", sa.String(length=140), nullable=True),
        sa.Column("profile_name", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("last_message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unread_count", sa.Integer(), nullable=False),
        sa.Column("window_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(phone_key IS NULL) = (phone_number IS NULL)", name=op.f("ck_whatsapp_conversaciones_phone")
        ),
        sa.CheckConstraint(
            "phone_key IS NOT NULL OR user_id IS NOT NULL", name=op.f("ck_whatsapp_conversaciones_contact")
        ),
        sa.CheckConstraint("unread_count >= 0", name=op.f("ck_whatsapp_conversaciones_unread_count")),
        sa.ForeignKeyConstraint(
            ["coordinacion_id"],
            ["coordinaciones.id"],
            name=op.f("fk_whatsapp_conversaciones_coordinacion_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_conversaciones")),
        sa.UniqueConstraint("phone_key", name=op.f("uq_whatsapp_conversaciones_phone_key")),
        sa.UniqueConstraint("user_id", name=op.f("uq_whatsapp_conversaciones_user_id")),
    )
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_whatsapp_conversaciones_coordinacion_id"), ["coordinacion_id"], unique=False
        )
        batch_op.create_index("ix_whatsapp_conversaciones_newest", ["last_message_at", "id"], unique=False)
        batch_op.create_index(
            "ix_whatsapp_conversaciones_unread",
            ["unread_count"],
            unique=False,
            sqlite_where=sa.text("unread_count > 0"),
            postgresql_where=sa.text("unread_count > 0"),
        )

    op.create_table(
        "whatsapp_mensajes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("coordinacion_id", sa.Integer(), nullable=True),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("from_number", sa.String(length=150), nullable=False),
        sa.Column("to_number", sa.String(length=150), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("message_sid", sa.String(length=34), nullable=True),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("template", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("location", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("reply_to_sid", sa.String(length=34), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('inbound', 'outbound')", name=op.f("ck_whatsapp_mensajes_direction")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["usuarios.id"], name=op.f("fk_whatsapp_mensajes_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["whatsapp_conversaciones.id"],
            name=op.f("fk_whatsapp_mensajes_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["coordinacion_id"],
            ["coordinaciones.id"],
            name=op.f("fk_whatsapp_mensajes_coordinacion_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_mensajes")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_whatsapp_mensajes_idempotency_key")),
        sa.UniqueConstraint("message_sid", name=op.f("uq_whatsapp_mensajes_message_sid")),
    )
    with op.batch_alter_table("whatsapp_mensajes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_whatsapp_mensajes_author_id"), ["author_id"], unique=False)
        batch_op.create_index("ix_whatsapp_mensajes_changes", ["conversation_id", "change"], unique=False)
        batch_op.create_index("ix_whatsapp_mensajes_history", ["coordinacion_id", "sent_at", "id"], unique=False)
        batch_op.create_index("ix_whatsapp_mensajes_thread", ["conversation_id", "sent_at", "id"], unique=False)
        batch_op.create_index(
            "ix_whatsapp_mensajes_unread",
            ["conversation_id", "coordinacion_id"],
            unique=False,
            sqlite_where=sa.text("direction = 'inbound' AND read_at IS NULL"),
            postgresql_where=sa.text("direction = 'inbound' AND read_at IS NULL"),
        )
        batch_op.create_index(
            "ix_whatsapp_mensajes_unsettled",
            ["created_at"],
            unique=False,
            sqlite_where=sa.text("status IN ('queued', 'unconfirmed', 'accepted', 'scheduled', 'sending', 'sent')"),
            postgresql_where=sa.text("status IN ('queued', 'unconfirmed', 'accepted', 'scheduled', 'sending', 'sent')"),
        )

    op.create_table(
        "whatsapp_medios",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("content_type", sa.String(length=120), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["whatsapp_mensajes.id"], name=op.f("fk_whatsapp_medios_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_medios")),
    )
    with op.batch_alter_table("whatsapp_medios", schema=None) as batch_op:
        batch_op.create_index("uq_whatsapp_medios_message_id_position", ["message_id", "position"], unique=True)

    op.execute("INSERT INTO cambios (id, value) VALUES (1, 0)")


def downgrade() -> None:
    with op.batch_alter_table("whatsapp_medios", schema=None) as batch_op:
        batch_op.drop_index("uq_whatsapp_medios_message_id_position")

    op.drop_table("whatsapp_medios")
    with op.batch_alter_table("whatsapp_mensajes", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_whatsapp_mensajes_unsettled",
            sqlite_where=sa.text("status IN ('queued', 'unconfirmed', 'accepted', 'scheduled', 'sending', 'sent')"),
            postgresql_where=sa.text("status IN ('queued', 'unconfirmed', 'accepted', 'scheduled', 'sending', 'sent')"),
        )
        batch_op.drop_index(
            "ix_whatsapp_mensajes_unread",
            sqlite_where=sa.text("direction = 'inbound' AND read_at IS NULL"),
            postgresql_where=sa.text("direction = 'inbound' AND read_at IS NULL"),
        )
        batch_op.drop_index("ix_whatsapp_mensajes_thread")
        batch_op.drop_index("ix_whatsapp_mensajes_history")
        batch_op.drop_index("ix_whatsapp_mensajes_changes")
        batch_op.drop_index(batch_op.f("ix_whatsapp_mensajes_author_id"))

    op.drop_table("whatsapp_mensajes")
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_whatsapp_conversaciones_unread",
            sqlite_where=sa.text("unread_count > 0"),
            postgresql_where=sa.text("unread_count > 0"),
        )
        batch_op.drop_index(batch_op.f("ix_whatsapp_conversaciones_coordinacion_id"))

    op.drop_table("whatsapp_conversaciones")
    with op.batch_alter_table("sesiones", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sesiones_user_id"))

    op.drop_table("sesiones")
    with op.batch_alter_table("coordinaciones", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_coordinaciones_phone_key"))
        batch_op.drop_index(batch_op.f("ix_coordinaciones_dj_id"))
        batch_op.drop_index("ix_coordinaciones_archived_at_event_on")

    op.drop_table("coordinaciones")
    op.drop_table("whatsapp_sincronizaciones")
    op.drop_table("usuarios")
    op.drop_table("respuestas_rapidas")
    op.drop_table("cambios")
