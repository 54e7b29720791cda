"""Give contacts a table of their own: who talks in a conversation, apart from what is said in it.

Each conversation's own contact gets the conversation's number, so a message's contact is found without looking anything
up: it is where the message came to. Messages are written by one statement each way, however many there are.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
NOT_FOUND_ANY_MORE = "successor_id IS NULL"

CONVERSATIONS = sa.table(
    "whatsapp_conversaciones",
    *map(sa.column, ("id", "joined_to_id", "coordinacion_id", "coordinacion_chosen", "given_name", "search_text")),
    *map(sa.column, ("unread_count", "opted_out", "seen_sid", "change", "former_id", "phone_number")),
    *(sa.column(name, MOMENT) for name in ("last_message_at", "created_at", "window_expires_at")),
    sa.column("former", sa.JSON(none_as_null=True)),
)
CONTACTS = sa.table(
    "whatsapp_contactos",
    *map(sa.column, ("id", "home_id", "conversation_id", "phone_number", "phone_key", "user_id", "profile_name")),
    *map(sa.column, ("opted_out", "successor_id")),
    *(sa.column(name, MOMENT) for name in ("window_expires_at", "created_at")),
)
MESSAGES = sa.table(
    "whatsapp_mensajes", *map(sa.column, ("contact_id", "conversation_id")), sa.column("sent_at", MOMENT)
)

INTO_CONTACTS = (
    """UPDATE whatsapp_conversaciones SET answered_id = m.id FROM whatsapp_conversaciones m
    WHERE m.joined_to_id = whatsapp_conversaciones.id
        AND coalesce(m.phone_number, m.user_id) = whatsapp_conversaciones.answer_to""",
    """INSERT INTO whatsapp_contactos (id, home_id, conversation_id, phone_number, phone_key, user_id, profile_name,
        window_expires_at, opted_out, created_at)
    SELECT c.id, c.id, coalesce(c.joined_to_id, c.id), c.phone_number, c.phone_key, c.user_id, c.profile_name,
        CASE WHEN t.answered_id = c.id THEN NULL WHEN c.joined_to_id IS NOT NULL THEN c.window_expires_at
            WHEN c.answer_to IS NOT NULL THEN c.own_window_expires_at END,
        CASE WHEN c.answer_to IS NULL THEN c.opted_out ELSE c.own_opted_out END, c.created_at
    FROM whatsapp_conversaciones c LEFT JOIN whatsapp_conversaciones t ON t.id = c.joined_to_id
    WHERE c.phone_key IS NOT NULL OR c.user_id IS NOT NULL""",
    "UPDATE whatsapp_conversaciones SET window_expires_at = NULL, opted_out = false WHERE joined_to_id IS NOT NULL",
)
# PostgreSQL writes the table and its indexes anew in one go, a fifth of the time that changing each row would take.
CONTACT_OF_MESSAGE = {
    "postgresql": """ALTER TABLE whatsapp_mensajes ALTER COLUMN contact_id TYPE bigint
        USING coalesce(joined_from_id, conversation_id)""",
    "sqlite": "UPDATE whatsapp_mensajes SET contact_id = coalesce(joined_from_id, conversation_id)",
}
OUT_OF_CONTACTS = (
    """UPDATE whatsapp_conversaciones
    SET phone_key = k.phone_key, user_id = k.user_id, profile_name = k.profile_name
    FROM whatsapp_contactos k WHERE k.home_id = whatsapp_conversaciones.id""",
    """UPDATE whatsapp_conversaciones SET own_window_expires_at = k.window_expires_at, own_opted_out = k.opted_out
    FROM whatsapp_contactos k WHERE k.home_id = whatsapp_conversaciones.id AND answered_id IS NOT NULL""",
    """UPDATE whatsapp_conversaciones SET answer_to = coalesce(k.phone_number, k.user_id)
    FROM whatsapp_contactos k WHERE k.id = answered_id""",
    """UPDATE whatsapp_conversaciones SET opted_out = k.opted_out, window_expires_at =
        CASE WHEN t.answered_id = k.id THEN t.window_expires_at ELSE k.window_expires_at END
    FROM whatsapp_contactos k JOIN whatsapp_conversaciones t ON t.id = k.conversation_id
    WHERE k.home_id = whatsapp_conversaciones.id AND whatsapp_conversaciones.joined_to_id IS NOT NULL""",
    """UPDATE whatsapp_mensajes SET joined_from_id = k.home_id FROM whatsapp_contactos k
    WHERE k.id = whatsapp_mensajes.contact_id AND k.home_id <> whatsapp_mensajes.conversation_id""",
)
# The conversations' own numbers were given to their contacts; SQLite looks at the rows themselves.
NUMBER_ON = """SELECT setval(pg_get_serial_sequence('whatsapp_contactos', 'id'),
    coalesce((SELECT max(id) FROM whatsapp_contactos), 0) + 1, false)"""


def _execute(statements: Iterable[str]) -> None:
    for statement in statements:
        op.execute(sa.text(statement))


def _wait_briefly() -> None:
    """Give up after ten seconds, with nothing changed, rather than keep the office waiting behind a lock."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text("SET LOCAL lock_timeout = '10s'"))


def _create_contacts() -> None:
    op.create_table(
        "whatsapp_contactos",
        sa.Column("id", ID, nullable=False),
        sa.Column("home_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("phone_number", sa.String(length=20), nullable=True),
        sa.Column("phone_key", sa.String(length=20), nullable=True),
        sa.Column("user_id", sa.String(length=140), nullable=True),
        sa.Column("profile_name", sa.Text(), nullable=False),
        sa.Column("window_expires_at", MOMENT, nullable=True),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("successor_id", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("phone_key IS NOT NULL OR user_id IS NOT NULL", name=op.f("ck_whatsapp_contactos_contact")),
        sa.CheckConstraint("(phone_key IS NULL) = (phone_number IS NULL)", name=op.f("ck_whatsapp_contactos_phone")),
        sa.ForeignKeyConstraint(
            ["home_id"], ["whatsapp_conversaciones.id"], name=op.f("fk_whatsapp_contactos_home_id")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["whatsapp_conversaciones.id"], name=op.f("fk_whatsapp_contactos_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_contactos")),
        sa.UniqueConstraint("home_id", name=op.f("uq_whatsapp_contactos_home_id")),
        sa.UniqueConstraint("phone_key", name=op.f("uq_whatsapp_contactos_phone_key")),
    )
    op.create_index(op.f("ix_whatsapp_contactos_conversation_id"), "whatsapp_contactos", ["conversation_id"])
    op.create_index(
        "uq_whatsapp_contactos_user_id",
        "whatsapp_contactos",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text(NOT_FOUND_ANY_MORE),
        postgresql_where=sa.text(NOT_FOUND_ANY_MORE),
    )


def _part_doubts() -> None:
    """Make a contact of whoever had a number that another user id writes from: at any moment there are few."""
    connection = op.get_bind()
    events = sa.table("coordinaciones", sa.column("id"))
    doubted = sa.select(CONVERSATIONS).where(CONVERSATIONS.c.former.is_not(None))
    for row in connection.execute(doubted.order_by(CONVERSATIONS.c.id)).all():
        known, at = row.former, datetime.fromisoformat(row.former["at"]).astimezone(UTC)
        event = connection.scalar(sa.select(events.c.id).where(events.c.id == known["coordinacion_id"]))
        kept = {
            "coordinacion_id": event,
            "coordinacion_chosen": known["coordinacion_chosen"],
            "given_name": known["given_name"],
            "joined_to_id": known["joined_to_id"],
            "search_text": "",
            "unread_count": 0,
            "opted_out": False,
            "seen_sid": "",
            "change": row.change,
            "last_message_at": at,
            "created_at": row.created_at,
        }
        home = connection.scalar(CONVERSATIONS.insert().values(kept).returning(CONVERSATIONS.c.id))
        own = connection.execute(sa.select(CONTACTS).where(CONTACTS.c.home_id == row.id)).one()
        former = {
            "home_id": home,
            "conversation_id": own.conversation_id,
            "user_id": known["user_id"],
            "profile_name": known["profile_name"],
            "opted_out": own.opted_out,
            "successor_id": own.id,
            "created_at": own.created_at,
        }
        contact = connection.scalar(CONTACTS.insert().values(former).returning(CONTACTS.c.id))
        connection.execute(CONTACTS.update().where(CONTACTS.c.id == own.id).values(created_at=at))
        connection.execute(CONVERSATIONS.update().where(CONVERSATIONS.c.id == row.id).values(former_id=home))
        theirs = MESSAGES.c.contact_id == own.id, MESSAGES.c.sent_at < at
        connection.execute(MESSAGES.update().where(*theirs).values(contact_id=contact))


def _join_doubts() -> None:
    """Keep in one row again what is known of whoever had a number."""
    connection = op.get_bind()
    gone, now = CONTACTS.alias("gone"), CONTACTS.alias("now")
    both = (
        sa.select(
            gone.c.id,
            gone.c.user_id,
            gone.c.profile_name,
            gone.c.home_id,
            now.c.id.label("now_id"),
            now.c.home_id.label("now_home_id"),
            now.c.created_at,
            *(CONVERSATIONS.c[name] for name in ("given_name", "coordinacion_id", "coordinacion_chosen")),
            CONVERSATIONS.c.joined_to_id,
        )
        .join(now, now.c.id == gone.c.successor_id)
        .join(CONVERSATIONS, CONVERSATIONS.c.id == gone.c.home_id)
    )
    for row in connection.execute(both).all():
        at = row.created_at if row.created_at.tzinfo else row.created_at.replace(tzinfo=UTC)
        names = ("user_id", "profile_name", "given_name", "coordinacion_id", "joined_to_id")
        former = {name: getattr(row, name) for name in names} | {
            "at": at.astimezone(UTC).isoformat(),
            "coordinacion_chosen": bool(row.coordinacion_chosen),
        }
        theirs = MESSAGES.update().where(MESSAGES.c.contact_id == row.id)
        connection.execute(theirs.values(contact_id=row.now_id))
        connection.execute(CONVERSATIONS.update().where(CONVERSATIONS.c.id == row.now_home_id).values(former=former))
        connection.execute(CONTACTS.delete().where(CONTACTS.c.id == row.id))
        connection.execute(CONVERSATIONS.delete().where(CONVERSATIONS.c.id == row.home_id))


def upgrade() -> None:
    _wait_briefly()
    _create_contacts()
    op.add_column("whatsapp_conversaciones", sa.Column("answered_id", ID, nullable=True))
    op.add_column("whatsapp_conversaciones", sa.Column("former_id", ID, nullable=True))
    op.add_column("whatsapp_mensajes", sa.Column("contact_id", ID, nullable=True))
    _execute((*INTO_CONTACTS, CONTACT_OF_MESSAGE[op.get_bind().dialect.name]))
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_whatsapp_conversaciones_contact"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_whatsapp_conversaciones_phone"), type_="check")
        batch_op.drop_constraint(batch_op.f("uq_whatsapp_conversaciones_phone_key"), type_="unique")
        batch_op.drop_constraint(batch_op.f("uq_whatsapp_conversaciones_user_id"), type_="unique")
        batch_op.drop_column("phone_key")
        batch_op.drop_column("user_id")
        batch_op.drop_column("profile_name")
        batch_op.drop_column("answer_to")
        batch_op.drop_column("own_window_expires_at")
        batch_op.drop_column("own_opted_out")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(NUMBER_ON))
    _part_doubts()
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.drop_column("former")
    with op.batch_alter_table("whatsapp_mensajes", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_whatsapp_mensajes_joined_from_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_whatsapp_mensajes_joined_from_id"))
        batch_op.drop_column("joined_from_id")
        batch_op.alter_column("contact_id", existing_type=ID, nullable=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_whatsapp_mensajes_contact_id"), "whatsapp_contactos", ["contact_id"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_whatsapp_mensajes_contact_id"), ["contact_id"], unique=False)


def downgrade() -> None:
    _wait_briefly()
    for column in (
        sa.Column("phone_key", sa.String(length=20), nullable=True),
        sa.Column("user_id", sa.String(length=140), nullable=True),
        sa.Column("profile_name", sa.Text(), server_default="", nullable=False),
        sa.Column("answer_to", sa.String(length=150), nullable=True),
        sa.Column("own_window_expires_at", MOMENT, nullable=True),
        sa.Column("own_opted_out", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("former", sa.JSON(), nullable=True),
    ):
        op.add_column("whatsapp_conversaciones", column)
    op.add_column("whatsapp_mensajes", sa.Column("joined_from_id", ID, nullable=True))
    _join_doubts()
    _execute(OUT_OF_CONTACTS)
    with op.batch_alter_table("whatsapp_mensajes", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_whatsapp_mensajes_contact_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_whatsapp_mensajes_contact_id"))
        batch_op.drop_column("contact_id")
        batch_op.create_index(batch_op.f("ix_whatsapp_mensajes_joined_from_id"), ["joined_from_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_whatsapp_mensajes_joined_from_id"),
            "whatsapp_conversaciones",
            ["joined_from_id"],
            ["id"],
            ondelete="SET NULL",
        )
    with op.batch_alter_table("whatsapp_conversaciones", schema=None) as batch_op:
        batch_op.drop_column("former_id")
        batch_op.drop_column("answered_id")
        batch_op.create_unique_constraint(batch_op.f("uq_whatsapp_conversaciones_phone_key"), ["phone_key"])
        batch_op.create_unique_constraint(batch_op.f("uq_whatsapp_conversaciones_user_id"), ["user_id"])
        batch_op.create_check_constraint(
            batch_op.f("ck_whatsapp_conversaciones_contact"),
            "phone_key IS NOT NULL OR user_id IS NOT NULL OR joined_to_id IS NOT NULL",
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_whatsapp_conversaciones_phone"), "(phone_key IS NULL) = (phone_number IS NULL)"
        )
    op.drop_table("whatsapp_contactos")
