"""Add what was known of whoever had a number before another user id wrote from it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("whatsapp_conversaciones", sa.Column("former", sa.JSON(), nullable=True))


def _give_back() -> None:
    """Give whoever is in doubt back what was known of the number's former owner, which is nowhere else."""
    names = ("given_name", "profile_name")
    rows = sa.table(
        "whatsapp_conversaciones",
        *map(sa.column, ("id", "coordinacion_id", "coordinacion_chosen", *names)),
        sa.column("former", sa.JSON(none_as_null=True)),
    )
    events = sa.table("coordinaciones", sa.column("id"))
    for row in op.get_bind().execute(sa.select(rows).where(rows.c.former.is_not(None))).all():
        values = {name: row._mapping[name] or row.former[name] for name in names}
        if row.coordinacion_id is None:
            known = sa.select(events.c.id).where(events.c.id == row.former["coordinacion_id"])
            values["coordinacion_id"] = op.get_bind().scalar(known)
            values["coordinacion_chosen"] = row.former["coordinacion_chosen"]
        op.execute(rows.update().where(rows.c.id == row.id).values(values))


def downgrade() -> None:
    _give_back()
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.drop_column("former")
