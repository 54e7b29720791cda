"""Give columns and tables to what was kept in pockets: our marks in Twilio's payload, three things in the heartbeats.

What the version before still writes while this one starts goes where it went; of that nothing is lost but a line in a
thread and an alarm, which the next failure raises again.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
BATCH = 1000

OPT_OUT, OTHER_USER = "CoordinaOptOut", "CoordinaOtherUserId"
NOTICES, PRICES, TURN = "whatsapp_notices", "whatsapp.prices", "typing:"

MESSAGES = sa.table(
    "whatsapp_mensajes",
    sa.column("id"),
    sa.column("payload", sa.JSON()),
    sa.column("opt_out_choice"),
    sa.column("began_doubt", sa.Boolean()),
)
FILES = sa.table("archivos", *map(sa.column, ("sha256", "finished_at")))
COUNTER = sa.table("cambios", sa.column("id"), sa.column("notices_change"))
CONVERSATIONS = sa.table("whatsapp_conversaciones", sa.column("id"))
BEATS = sa.table("latidos", sa.column("name"), sa.column("at", MOMENT), sa.column("detail", sa.JSON()))
TROUBLE = sa.table(
    "whatsapp_averias", *map(sa.column, ("id", "code")), sa.column("since", MOMENT), sa.column("last_at", MOMENT)
)
REPORTS = sa.table(
    "whatsapp_reportes",
    *map(sa.column, ("code", "reported_by", "conversation_id", "sentence")),
    sa.column("reported_at", MOMENT),
)
TURNS = sa.table("whatsapp_turnos", sa.column("conversation_id"), sa.column("taken_at", MOMENT))
ROUNDS = sa.table("whatsapp_rondas_de_precios", sa.column("id"), sa.column("ended_at", MOMENT), sa.column("message_id"))


def _batches(asked: sa.ColumnElement[bool]) -> Iterator[list[sa.Row[Any]]]:
    """Yield the messages for which `asked` holds, by id, so that no batch reads again what the one before has read."""
    last = 0
    while True:
        some = sa.select(MESSAGES).where(MESSAGES.c.id > last, asked).order_by(MESSAGES.c.id).limit(BATCH)
        found = op.get_bind().execute(some).all()
        if not found:
            return
        yield list(found)
        last = found[-1].id


def _write(rows: list[dict[str, Any]]) -> None:
    """Write the columns of messages that `rows` hold, each with the id as `row_id`."""
    if rows:
        values = {
            name: sa.bindparam(f"new_{name}", type_=MESSAGES.c[name].type) for name in rows[0] if name != "row_id"
        }
        changed = MESSAGES.update().where(MESSAGES.c.id == sa.bindparam("row_id")).values(values)
        named = [{name if name == "row_id" else f"new_{name}": value for name, value in row.items()} for row in rows]
        op.get_bind().execute(changed, named)


def _move_marks_out() -> None:
    marked = [sa.cast(MESSAGES.c.payload, sa.Text()).contains(f'"{name}"') for name in (OPT_OUT, OTHER_USER)]
    for found in _batches(sa.or_(*marked)):
        _write(
            [
                {
                    "row_id": row.id,
                    "opt_out_choice": row.payload.get(OPT_OUT, ""),
                    "began_doubt": OTHER_USER in row.payload,
                    "payload": {k: v for k, v in row.payload.items() if k not in (OPT_OUT, OTHER_USER)},
                }
                for row in found
            ]
        )


def _move_marks_in() -> None:
    for found in _batches(sa.or_(MESSAGES.c.opt_out_choice != "", MESSAGES.c.began_doubt)):
        _write(
            [
                {
                    "row_id": row.id,
                    "payload": (row.payload or {})
                    | ({OPT_OUT: row.opt_out_choice} if row.opt_out_choice else {})
                    | ({OTHER_USER: "1"} if row.began_doubt else {}),
                }
                for row in found
            ]
        )


def _find_beat(name: str) -> sa.Row[Any] | None:
    return op.get_bind().execute(sa.select(BEATS).where(BEATS.c.name == name)).first()


def _exists(conversation_id: int) -> bool:
    known = sa.select(CONVERSATIONS.c.id).where(CONVERSATIONS.c.id == conversation_id)
    return op.get_bind().scalar(known) is not None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _move_notices_out() -> None:
    beat = _find_beat(NOTICES)
    if beat is None:
        return
    op.execute(COUNTER.update().values(notices_change=beat.detail["change"]))
    trouble = beat.detail.get("trouble")
    if trouble:
        since, last_at = _moment(trouble["since"]), _moment(trouble["at"])
        op.execute(TROUBLE.insert().values(id=1, code=trouble["code"], since=since, last_at=last_at))
    for code, told in beat.detail.get("told", {}).items():
        if _exists(told["conversation_id"]):
            report = {"reported_by": told["by"], "reported_at": _moment(told["at"]), "sentence": told["sentence"]}
            op.execute(REPORTS.insert().values(code=int(code), conversation_id=told["conversation_id"], **report))


def _move_notices_in() -> None:
    trouble = op.get_bind().execute(sa.select(TROUBLE)).first()
    told = {
        str(row.code): {
            "by": row.reported_by,
            "at": _aware(row.reported_at),
            "conversation_id": row.conversation_id,
            "sentence": row.sentence,
        }
        for row in op.get_bind().execute(sa.select(REPORTS))
    }
    detail: dict[str, Any] = {"change": op.get_bind().scalar(sa.select(COUNTER.c.notices_change)), "told": told}
    if trouble is not None:
        detail["trouble"] = {"code": trouble.code, "since": _aware(trouble.since), "at": _aware(trouble.last_at)}
    if detail["change"]:
        op.execute(BEATS.insert().values(name=NOTICES, at=datetime.now(UTC), detail=detail))


def _aware(moment: datetime) -> str:
    """Return `moment` in UTC as ISO 8601 says it; SQLite hands back naive ones."""
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).isoformat()


def _move_turns_and_round_out() -> None:
    for beat in op.get_bind().execute(sa.select(BEATS).where(BEATS.c.name.startswith(TURN))).all():
        conversation_id = int(beat.name.removeprefix(TURN))
        if _exists(conversation_id):
            op.execute(TURNS.insert().values(conversation_id=conversation_id, taken_at=beat.at))
    beat = _find_beat(PRICES)
    if beat is not None:
        op.execute(ROUNDS.insert().values(id=1, ended_at=beat.at, message_id=beat.detail.get("after", 0)))


def _move_turns_and_round_in() -> None:
    for turn in op.get_bind().execute(sa.select(TURNS)).all():
        name = f"{TURN}{turn.conversation_id}"
        op.execute(BEATS.insert().values(name=name, at=turn.taken_at, detail={}))
    for ended in op.get_bind().execute(sa.select(ROUNDS)).all():
        op.execute(BEATS.insert().values(name=PRICES, at=ended.ended_at, detail={"after": ended.message_id}))


def _empty_heartbeats() -> None:
    ours = sa.or_(BEATS.c.name.in_([NOTICES, PRICES]), BEATS.c.name.startswith(TURN))
    op.execute(BEATS.delete().where(ours))


def _create_tables() -> None:
    op.create_table(
        "whatsapp_averias",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_whatsapp_averias_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_averias")),
    )
    op.create_table(
        "whatsapp_reportes",
        sa.Column("code", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["whatsapp_conversaciones.id"],
            name=op.f("fk_whatsapp_reportes_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_whatsapp_reportes")),
    )
    op.create_index(op.f("ix_whatsapp_reportes_conversation_id"), "whatsapp_reportes", ["conversation_id"])
    op.create_table(
        "whatsapp_turnos",
        sa.Column("conversation_id", ID, autoincrement=False, nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["whatsapp_conversaciones.id"],
            name=op.f("fk_whatsapp_turnos_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_whatsapp_turnos")),
    )
    op.create_table(
        "whatsapp_rondas_de_precios",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_whatsapp_rondas_de_precios_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_rondas_de_precios")),
    )


def upgrade() -> None:
    # With defaults of the database's own: the version before serves on, and knows none of these.
    op.add_column("cambios", sa.Column("notices_change", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("archivos", sa.Column("parts_put", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "whatsapp_mensajes", sa.Column("opt_out_choice", sa.String(length=5), server_default="", nullable=False)
    )
    op.add_column(
        "whatsapp_mensajes", sa.Column("began_doubt", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    _create_tables()
    _move_marks_out()
    # A mark, half as long as a checksum, stood in its place while the parts of an upload were looked into.
    looked_into = FILES.c.finished_at.is_(None), sa.func.length(FILES.c.sha256) == 32
    op.execute(FILES.update().where(*looked_into).values(sha256=""))
    _move_notices_out()
    _move_turns_and_round_out()
    _empty_heartbeats()


def downgrade() -> None:
    _empty_heartbeats()  # Of what the version before wrote since.
    _move_notices_in()
    _move_turns_and_round_in()
    _move_marks_in()
    op.drop_table("whatsapp_rondas_de_precios")
    op.drop_table("whatsapp_turnos")
    op.drop_index(op.f("ix_whatsapp_reportes_conversation_id"), table_name="whatsapp_reportes")
    op.drop_table("whatsapp_reportes")
    op.drop_table("whatsapp_averias")
    with op.batch_alter_table("whatsapp_mensajes", schema=None) as batch_op:
        batch_op.drop_column("began_doubt")
        batch_op.drop_column("opt_out_choice")
    with op.batch_alter_table("archivos", schema=None) as batch_op:
        batch_op.drop_column("parts_put")
    with op.batch_alter_table("cambios", schema=None) as batch_op:
        batch_op.drop_column("notices_change")
