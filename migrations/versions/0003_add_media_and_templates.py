"""Add kept files, templates, rates, joined conversations, and what a message cost."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Brazil's mobiles are compared without their ninth digit from here on (app/phones.py, as it was then).
BRAZILIAN_MOBILE = re.compile(r"(55[1-9][0-9])9([6-9][0-9]{7})")


def _rewrite_brazilian_keys(key_of: Callable[[str], str]) -> None:
    """Give Brazilian numbers the key that `key_of` makes of their digits; what is taken already stays as it is."""
    for table, phone in (("whatsapp_conversaciones", "phone_number"), ("coordinaciones", "phone")):
        rows = sa.table(table, sa.column("id"), sa.column(phone), sa.column("phone_key"))
        connection = op.get_bind()
        ours = sa.select(rows.c.id, rows.c[phone], rows.c.phone_key).where(rows.c.phone_key.like("55%"))
        found = connection.execute(ours.order_by(rows.c.id)).all()
        taken = {row.phone_key for row in found} if table == "whatsapp_conversaciones" else set()
        for row_id, number, old in found:
            key = key_of(re.sub(r"\D", "", number))
            if key == old or key in taken:
                continue
            taken = (taken - {old}) | {key} if taken else taken
            connection.execute(rows.update().where(rows.c.id == row_id).values(phone_key=key))


def _without_ninth(digits: str) -> str:
    found = BRAZILIAN_MOBILE.fullmatch(digits)
    return found[1] + found[2] if found else digits


def upgrade() -> None:
    _rewrite_brazilian_keys(_without_ninth)
    op.create_table(
        "whatsapp_plantillas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content_sid", sa.String(length=34), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("rejection_reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_plantillas")),
        sa.UniqueConstraint("content_sid", name=op.f("uq_whatsapp_plantillas_content_sid")),
    )
    op.create_table(
        "whatsapp_tarifas",
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=6), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("category", name=op.f("pk_whatsapp_tarifas")),
    )
    op.create_table(
        "archivos",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content_type", sa.String(length=120), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("store", sa.String(length=10), nullable=False),
        sa.Column("storage_key", sa.String(length=200), nullable=False),
        sa.Column("uploaded_by_id", sa.Integer(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["usuarios.id"], name=op.f("fk_archivos_uploaded_by_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archivos")),
    )
    with op.batch_alter_table("archivos", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_archivos_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_archivos_uploaded_by_id"), ["uploaded_by_id"], unique=False)

    op.create_table(
        "archivos_partes",
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["archivos.id"], name=op.f("fk_archivos_partes_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "position", name=op.f("pk_archivos_partes")),
    )
    op.create_table(
        "whatsapp_distintas",
        sa.Column(
            "first_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "second_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["first_id"],
            ["whatsapp_conversaciones.id"],
            name=op.f("fk_whatsapp_distintas_first_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["second_id"],
            ["whatsapp_conversaciones.id"],
            name=op.f("fk_whatsapp_distintas_second_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_whatsapp_distintas")),
    )
    with op.batch_alter_table("whatsapp_distintas", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_whatsapp_distintas_second_id"), ["second_id"], unique=False)

    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.add_column(sa.Column("given_name", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("joined_to_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(sa.Column("answer_to", sa.String(length=150), nullable=True))
        batch_op.add_column(sa.Column("own_window_expires_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("own_opted_out", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("closing_told_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("seen_sid", sa.String(length=34), server_default="", nullable=False))
        batch_op.drop_constraint(batch_op.f("ck_whatsapp_conversaciones_contact"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_whatsapp_conversaciones_contact"),
            "phone_key IS NOT NULL OR user_id IS NOT NULL OR joined_to_id IS NOT NULL",
        )
        batch_op.create_index(batch_op.f("ix_whatsapp_conversaciones_joined_to_id"), ["joined_to_id"], unique=False)
        batch_op.create_index("ix_whatsapp_conversaciones_window", ["window_expires_at"], unique=False)

    with op.batch_alter_table("whatsapp_medios", schema=None) as batch_op:
        batch_op.add_column(sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.add_column(
            sa.Column("thumbnail_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(sa.Column("state", sa.String(length=10), server_default="remote", nullable=False))
        batch_op.add_column(sa.Column("error", sa.String(length=40), server_default="", nullable=False))
        batch_op.add_column(sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("details", sa.JSON(none_as_null=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_whatsapp_medios_file_id"), ["file_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_whatsapp_medios_thumbnail_id"), ["thumbnail_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_whatsapp_medios_file_id"), "archivos", ["file_id"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_whatsapp_medios_thumbnail_id"), "archivos", ["thumbnail_id"], ["id"], ondelete="SET NULL"
        )

    with op.batch_alter_table("whatsapp_mensajes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("price", sa.Numeric(precision=12, scale=6), nullable=True))
        batch_op.add_column(sa.Column("price_unit", sa.String(length=3), server_default="", nullable=False))
        batch_op.add_column(sa.Column("category", sa.String(length=20), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("retry_of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(
            sa.Column("joined_from_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.create_index(batch_op.f("ix_whatsapp_mensajes_joined_from_id"), ["joined_from_id"], unique=False)
        batch_op.create_index(
            "ix_whatsapp_mensajes_reactions",
            ["reply_to_sid"],
            unique=False,
            sqlite_where=sa.text("type = 'reaction'"),
            postgresql_where=sa.text("type = 'reaction'"),
        )
        batch_op.create_index(batch_op.f("ix_whatsapp_mensajes_retry_of_id"), ["retry_of_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_whatsapp_mensajes_joined_from_id"),
            "whatsapp_conversaciones",
            ["joined_from_id"],
            ["id"],
            ondelete="SET NULL",
        )


def downgrade() -> None:
    _rewrite_brazilian_keys(lambda digits: digits)
    # What was joined without a contact of its own had given it up: it holds nothing that the other one has not.
    op.execute(sa.text("DELETE FROM whatsapp_conversaciones WHERE phone_key IS NULL AND user_id IS NULL"))
    with op.batch_alter_table("whatsapp_mensajes", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_whatsapp_mensajes_joined_from_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_whatsapp_mensajes_retry_of_id"))
        batch_op.drop_index(
            "ix_whatsapp_mensajes_reactions",
            sqlite_where=sa.text("type = 'reaction'"),
            postgresql_where=sa.text("type = 'reaction'"),
        )
        batch_op.drop_index(batch_op.f("ix_whatsapp_mensajes_joined_from_id"))
        batch_op.drop_column("joined_from_id")
        batch_op.drop_column("retry_of_id")
        batch_op.drop_column("category")
        batch_op.drop_column("price_unit")
        batch_op.drop_column("price")

    with op.batch_alter_table("whatsapp_medios", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_whatsapp_medios_thumbnail_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_whatsapp_medios_file_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_whatsapp_medios_thumbnail_id"))
        batch_op.drop_index(batch_op.f("ix_whatsapp_medios_file_id"))
        batch_op.drop_column("details")
        batch_op.drop_column("attempts")
        batch_op.drop_column("error")
        batch_op.drop_column("state")
        batch_op.drop_column("thumbnail_id")
        batch_op.drop_column("file_id")

    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_whatsapp_conversaciones_contact"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_whatsapp_conversaciones_contact"), "phone_key IS NOT NULL OR user_id IS NOT NULL"
        )
        batch_op.drop_index("ix_whatsapp_conversaciones_window")
        batch_op.drop_index(batch_op.f("ix_whatsapp_conversaciones_joined_to_id"))
        batch_op.drop_column("seen_sid")
        batch_op.drop_column("closing_told_at")
        batch_op.drop_column("own_opted_out")
        batch_op.drop_column("own_window_expires_at")
        batch_op.drop_column("answer_to")
        batch_op.drop_column("joined_to_id")
        batch_op.drop_column("given_name")

    with op.batch_alter_table("whatsapp_distintas", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_whatsapp_distintas_second_id"))

    op.drop_table("whatsapp_distintas")
    op.drop_table("archivos_partes")
    with op.batch_alter_table("archivos", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_archivos_uploaded_by_id"))
        batch_op.drop_index(batch_op.f("ix_archivos_created_at"))

    op.drop_table("archivos")
    op.drop_table("whatsapp_tarifas")
    op.drop_table("whatsapp_plantillas")
