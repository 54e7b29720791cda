"""How many messages a second can be stored through the one counter of changes, and through other kinds of it.

Each transaction is what a webhook writes: the counter, the message, its conversation. pgbench plays 1, 4 and 16 writers
at once; the second table lets every statement travel a millisecond, as to a database elsewhere in the same region.
"""

from __future__ import annotations

import argparse
import re
import statistics
from pathlib import Path

from bench.cluster import Cluster, new_cluster
from bench.figures import print_table
from bench.office import make_office

CONVERSATIONS = 1000
COUNTERS = 16
WRITERS = (1, 4, 16)
_SET = r"\set who random(1, {conversations})"
_ONE = "UPDATE cambios SET value = value + 1 WHERE id = 1 RETURNING value AS number \\gset"
_MANY = "UPDATE counters SET value = value + 1 WHERE id = :who % {counters} RETURNING value AS number \\gset"
_NONE = "SELECT value AS number FROM cambios WHERE id = 1 \\gset"
_INSERT = """INSERT INTO whatsapp_mensajes (conversation_id, contact_id, direction, type, body, search_text,
from_number, to_number, status, error_message, message_sid, request_digest, payload, sent_at, change, created_at)
{values} RETURNING id AS message"""
_VALUES = """'inbound', 'text', 'hola, una pregunta', 'hola, una pregunta', 'whatsapp:+5491100000000',
'whatsapp:+14155550100', 'received', '', 'SM' || md5(random()::text || clock_timestamp()), '',
'{{"ProfileName": "Clienta de Ejemplo", "NumSegments": "1"}}', now(), {change}, now()"""
_UPDATE = """UPDATE whatsapp_conversaciones SET unread_count = unread_count + 1, change = {change},
last_message_id = {message}, last_message_at = now() WHERE id = :who"""
# The same three writes in one statement, and so in one journey.
_TOGETHER = f"""WITH taken AS (UPDATE cambios SET value = value + 1 WHERE id = 1 RETURNING value),
stored AS ({_INSERT.format(values="SELECT :who, :who, " + _VALUES.format(change="value") + " FROM taken")})
{_UPDATE.format(change="(SELECT value FROM taken)", message="(SELECT message FROM stored)")};"""
NOTHING, ONE, MANY, TOGETHER = "no counter", "the one counter", f"{COUNTERS} counters", "the one counter, one statement"


def _steps(counter: str) -> list[str]:
    insert = _INSERT.format(values=f"VALUES (:who, :who, {_VALUES.format(change=':number')})")
    return [
        "BEGIN;",
        counter,
        f"{insert} \\gset",
        _UPDATE.format(change=":number", message=":message") + ";",
        "COMMIT;",
    ]


def script(kind: str, journey: int) -> str:
    """Return pgbench's script for one message; each statement travels `journey` microseconds."""
    counters = {NOTHING: _NONE, ONE: _ONE, MANY: _MANY}
    steps = [_TOGETHER] if kind == TOGETHER else _steps(counters[kind].format(counters=COUNTERS))
    travel = f"\\sleep {journey} us\n" if journey else ""
    lines = [_SET.format(conversations=CONVERSATIONS), *(travel + step.replace("\n", " ") for step in steps)]
    return "\n".join(lines) + "\n"


def per_second(cluster: Cluster, kind: str, writers: int, journey: int, seconds: int) -> float:
    """Return how many transactions a second `writers` carry out."""
    path = Path(cluster.folder, "script.sql")
    path.write_text(script(kind, journey))
    path.chmod(0o644)
    options = ["-n", "-c", str(writers), "-j", str(min(writers, 2)), "-T", str(seconds), "-f", str(path)]
    printed = cluster.run("pgbench", *options, cluster.url("office"))
    found = re.search(r"tps = ([0-9.]+)", printed)
    if found is None:
        raise RuntimeError(printed)
    return float(found[1])


def measure(cluster: Cluster, journey: int, kinds: tuple[str, ...], seconds: int, rounds: int) -> None:
    """Print messages a second for each kind of counter and number of writers, in ratio to one writer without one.

    Each ratio is taken within one round and the middle one of all rounds is printed, since a machine has busy minutes.
    """
    cells = [(kind, writers) for kind in kinds for writers in WRITERS]
    found = [{cell: per_second(cluster, *cell, journey, seconds) for cell in cells} for _round in range(rounds)]
    ratios = {cell: statistics.median(one[cell] / one[NOTHING, 1] for one in found) for cell in cells}
    print(f"1.00 is {statistics.median(one[NOTHING, 1] for one in found):.0f} a second")
    rows = [[kind, *(f"{ratios[kind, writers]:.2f}" for writers in WRITERS)] for kind in kinds]
    print_table(["", *(f"{writers} at once" for writers in WRITERS)], rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with new_cluster() as cluster:
        make_office(cluster, "office", CONVERSATIONS * 100)
        cluster.execute(
            "CREATE TABLE counters (id int PRIMARY KEY, value bigint NOT NULL)",
            f"INSERT INTO counters SELECT n, 0 FROM generate_series(0, {COUNTERS - 1}) n",
            database="office",
        )
        for journey in (0, 1000):
            print(f"each statement travels {journey / 1000:.0f} ms")
            measure(cluster, journey, (NOTHING, ONE, MANY, TOGETHER), given.seconds, given.rounds)


if __name__ == "__main__":
    main()
