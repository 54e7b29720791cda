"""Partition the messages, by month and by conversation, and read them with the app's own queries: `--messages 200000`.

Prints how long each query takes in ratio to the one table of today, how many partitions its plan opens, and what
taking old months away costs.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event, select, tuple_

from app.cursors import write_cursor
from app.extensions import db, utcnow
from app.twilio.payloads import Address, Inbound
from app.whatsapp import queries
from app.whatsapp.messaging.actions.receive import receive
from app.whatsapp.models import Message
from bench.cluster import Cluster, new_cluster
from bench.divided import BY_CONVERSATION, BY_MONTH, ONE, make_offices
from bench.figures import medians, milliseconds, print_table
from bench.office import MONTHS

ARRIVES = "a message comes in"
_count = itertools.count(1)


def _arrive(conversation: int, sid: str = "") -> Message | None:
    sender = Address(phone=f"+{5491100000000 + conversation}")
    return receive(
        Inbound(
            message_sid=sid or f"SM{next(_count):032x}",
            sender=sender,
            from_number=f"whatsapp:{sender.phone}",
            to_number="whatsapp:+14155550100",
            type="text",
            body="hola, una pregunta",
        )
    )


def work(messages: int) -> dict[str, Callable[[int], object]]:
    """Return what the app does with messages; each takes a number, and does the same for the same number."""
    conversations = messages // 100
    middle = utcnow() - timedelta(days=30 * MONTHS // 2)

    def who(n: int) -> int:
        return 1 + n * 7919 % conversations

    def sid(n: int) -> str:  # As bench/office.py makes them.
        return "SM" + hashlib.md5(str(1 + n * 104729 % messages).encode()).hexdigest()

    def older(n: int) -> object:
        """The page before a cursor, its moment said once more, in words by which partitions can be left out."""
        place = (Message.conversation_id == who(n), Message.sent_at <= middle)
        page = select(Message).where(*place, tuple_(Message.sent_at, Message.id) < (middle, 1))
        return db.session.scalars(page.order_by(Message.sent_at.desc(), Message.id.desc()).limit(51)).all()

    wanted = queries.ConversationFilter
    return {
        "thread, newest 50": lambda n: queries.list_messages(limit=50, conversation_id=who(n)),
        "thread, 50 from a year ago": lambda n: queries.list_messages(
            limit=50, conversation_id=who(n), cursor=write_cursor(middle, 1)
        ),
        "the same, with sent_at <= said too": older,
        "an event's messages, newest 50": lambda n: queries.list_messages(limit=50, coordinacion_id=who(n)),
        "what changed in a thread": lambda n: queries.list_changes(who(n), messages - conversations),
        "list of conversations, 30": lambda _n: queries.list_conversations(wanted(now=utcnow()), 30),
        "search, a seldom word": lambda n: queries.list_conversations(wanted(now=utcnow(), q=f"zz{n}"), 30),
        "a message by its sid": lambda n: queries.find_message_by_sid(sid(n)),
        ARRIVES: lambda n: _arrive(who(n)),
    }


def check(apps: dict[str, Flask], messages: int) -> None:
    """See that a divided office answers as the undivided one does, and still takes each sid once."""
    pages, sid = set(), f"SM{next(_count):032x}"
    for name, app in apps.items():
        with app.app_context():
            page = queries.list_messages(limit=50, conversation_id=messages // 200, cursor="").items
            pages.add(tuple(message.message_sid for message in page))
            if _arrive(1, sid) is None or _arrive(1, sid) is not None:
                raise RuntimeError(f"{name}: a message must be stored when it comes, and not when it comes again.")
            db.session.remove()
    if len(pages) != 1:
        raise RuntimeError("The offices do not show the same thread.")


def times(apps: dict[str, Flask], act: Callable[[int], object], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of `act` in each office."""
    numbers = {name: itertools.count() for name in apps}

    def in_office(name: str) -> Callable[[], object]:
        def run() -> None:
            act(next(numbers[name]))
            db.session.remove()

        return lambda: _inside(apps[name], run)

    return medians({name: in_office(name) for name in apps}, rounds)


def _inside(app: Flask, act: Callable[[], object]) -> object:
    with app.app_context():
        return act()


def explain(app: Flask, act: Callable[[int], object]) -> list[str]:
    """Return PostgreSQL's plan of the first statement of `act`, as it was carried out."""
    seen: list[tuple[str, Any]] = []

    def remember(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        seen.append((statement, parameters))

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", remember)
        act(1)
        event.remove(db.engine, "before_cursor_execute", remember)
        db.session.remove()
        with db.engine.connect() as connection:
            statement, parameters = seen[0]
            options = "ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF"
            rows = connection.exec_driver_sql(f"EXPLAIN ({options}) {statement}", parameters)
            return [str(row[0]) for row in rows]


def opened(lines: list[str]) -> str:
    """Return how many tables of messages a plan reads, of how many that it names."""
    scans = [line for line in lines if re.search(r"(?<!Bitmap Index) Scan.* on whatsapp_mensajes", line)]
    return f"{sum('never executed' not in line for line in scans)} of {len(scans)}"


def take_away_months(cluster: Cluster) -> list[list[str]]:
    """Return what it costs to take the oldest two months away: rows deleted, or partitions dropped."""
    border = "date_trunc('month', now() - interval '22 months')"
    size = """SELECT pg_size_pretty(sum(pg_total_relation_size(relid))) FROM pg_stat_user_tables
        WHERE relname LIKE 'whatsapp_mensajes%'"""
    before = {name: cluster.ask(size, database=name) for name in ("one", "months")}
    deleted = milliseconds(
        lambda: cluster.execute(
            f"DELETE FROM whatsapp_mensajes WHERE sent_at < {border}", "VACUUM whatsapp_mensajes", database="one"
        )
    )
    names = cluster.ask(
        f"""SELECT string_agg(relid::text, ', ') FROM pg_partition_tree('whatsapp_mensajes') WHERE isleaf
            AND relid::text < 'whatsapp_mensajes_' || to_char({border}, 'YYYY_MM')""",
        database="months",
    )
    dropped = milliseconds(lambda: cluster.execute(f"DROP TABLE {names}", database="months"))
    after = {name: cluster.ask(size, database=name) for name in before}
    return [
        [ONE, "DELETE and VACUUM", "1.00", before["one"], after["one"]],
        [BY_MONTH, "DROP TABLE", f"{dropped / deleted:.3f}", before["months"], after["months"]],
    ]


def print_reading(apps: dict[str, Flask], acts: dict[str, Callable[[int], object]], rounds: int) -> None:
    """Print how long each act takes, and how many tables its plan opens."""
    rows = []
    for name, act in acts.items():
        taken = times(apps, act, rounds)
        row: list[str] = [name, f"{taken[ONE]:.1f} ms"]
        for way in (BY_MONTH, BY_CONVERSATION):
            row += [
                f"{taken[way] / taken[ONE]:.2f}",
                opened(explain(apps[way], act)) if act is not acts[ARRIVES] else "-",
            ]
        rows.append(row)
    print_table(["what the app does", ONE, BY_MONTH, "opens", BY_CONVERSATION, "opens"], rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    with new_cluster() as cluster:
        apps = make_offices(cluster, given.messages)
        check(apps, given.messages)
        whole, bare = (
            int(cluster.ask(f"SELECT pg_{size}_size('whatsapp_mensajes')", database="one")) / given.messages
            for size in ("total_relation", "table")
        )
        print(f"{given.messages} messages over {MONTHS} months, {whole:.0f} bytes each, {bare:.0f} without indexes\n")
        print_reading(apps, work(given.messages), given.rounds)
        for app in apps.values():
            with app.app_context():
                db.engine.dispose()
        print_table(["the oldest two months", "how", "time", "size before", "after"], take_away_months(cluster))


if __name__ == "__main__":
    main()
