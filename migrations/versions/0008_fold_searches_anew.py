"""Fold what searches look into anew: marks and dashes as keyboards have them, nothing invisible; notes of events too.

Only what differs is written: messages and conversations that hold a letter which is folded otherwise by now, found by
the database itself, and every event, since its notes were not looked into. A million messages take seconds to look
through; those found are written in batches, in the one transaction of the migration, and only they are locked.
"""

import re
import unicodedata
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BATCH = 1000
# What app/letters.py had when this was written, since what was migrated must not change with the app.
INVISIBLE = (
    "\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
ALIKE = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u2035\u2039\u203a\u02b9\u02bb\u02bc\u02bd\u02be"
    "\u02bf\u02c8\u055a\u05f3`\u00b4\u1fef\u1ffd\uff07",
    '"': "\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\u02ba\u05f4\u301d\u301e\u301f\uff02",
    "-": "\u02d7\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043"
    "\u207b\u208b\u2212\u2e3a\u2e3b\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d",
    " ": "\u115f\u1160\u2800\u3164\uffa0\U0001d159",
    "o": "\u00f8\u00d8",
    "l": "\u0142\u0141",
    "d": "\u0111\u0110",
    "i": "\u0131",
}
AS_TYPED = {ord(letter): plain for plain, letters in ALIKE.items() for letter in letters}
# Fancy letters were left as capitals. The class is read alike by PostgreSQL's regular expressions and SQLite's GLOB.
FOLDED_OTHERWISE = f"[A-Z{INVISIBLE}{''.join(ALIKE.values())}]"
# An acute accent alone fell apart into a space and a mark that was dropped: only the words themselves still have it.
LOST = "\u00b4"


def as_typed(text: str) -> str:
    return re.sub(f"[{INVISIBLE}]", "", text).translate(AS_TYPED)


def fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", as_typed(text)).casefold())
    return as_typed("".join(letter for letter in decomposed if not unicodedata.combining(letter)))


def _texts(table: str, *columns: str) -> sa.TableClause:
    return sa.table(table, sa.column("id"), sa.column("search_text"), *map(sa.column, columns))


def _holds(column: sa.ColumnElement[str], letters: str) -> sa.ColumnElement[bool]:
    if op.get_bind().dialect.name == "sqlite":
        return column.op("GLOB")(f"*{letters}*")
    return column.op("~")(letters)


def _batches(rows: sa.TableClause, asked: sa.ColumnElement[bool]) -> Iterator[list[sa.Row]]:
    """Yield the rows for which `asked` holds, by id, so that no batch reads again what the one before has read."""
    last = 0
    while True:
        some = sa.select(rows).where(rows.c.id > last, asked).order_by(rows.c.id).limit(BATCH)
        found = op.get_bind().execute(some).all()
        if not found:
            return
        yield found
        last = found[-1].id


def _write(rows: sa.TableClause, texts: list[dict[str, object]]) -> None:
    changed = rows.update().where(rows.c.id == sa.bindparam("row_id")).values(search_text=sa.bindparam("folded"))
    if texts:
        op.get_bind().execute(changed, texts)


def _fold_anew(table: str, *words: str) -> None:
    """Fold the search texts of `table` anew, with the columns `words` where something of them was lost in it."""
    rows = _texts(table, *words)
    lost = [rows.c[name].contains(LOST) for name in words]
    for found in _batches(rows, sa.or_(_holds(rows.c.search_text, FOLDED_OTHERWISE), *lost)):
        texts = []
        for row in found:
            again = [row._mapping[name] for name in words if LOST in row._mapping[name]]
            texts.append({"row_id": row.id, "folded": fold(" ".join([row.search_text, *again]))})
        _write(rows, texts)


def _fold_events() -> None:
    parts = ("title", "client_name", "place", "phone", "external_ref", "notes")
    rows = _texts("coordinaciones", *parts)
    for found in _batches(rows, sa.true()):
        texts = [(row.id, fold(" ".join(filter(None, (row._mapping[name] for name in parts))))) for row in found]
        _write(rows, [{"row_id": row_id, "folded": text} for row_id, text in texts])


def upgrade() -> None:
    _fold_events()
    _fold_anew("whatsapp_conversaciones", "given_name", "profile_name")
    _fold_anew("whatsapp_mensajes", "body")


def downgrade() -> None:
    # The code before finds less in these texts than in its own, and nothing wrong.
    pass
