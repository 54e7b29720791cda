"""Read the history from a streaming replica: what it may not know yet, and how a reader waits for what it must know.

Whoever wrote, or polled, knows the number of the newest change it has seen. A replica that has reached that number in
`cambios` has everything up to it, since numbers come in the order of commits. So a reader asks the replica for its
number first, waits a moment when it is too low, and goes to the primary when that does not help: `read_up_to` below is
all that the app would have to do before it lists a thread from a replica.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from app.extensions import db, utcnow
from app.twilio.payloads import Address, Inbound
from app.whatsapp import queries
from app.whatsapp.changes import current_change
from app.whatsapp.messaging.actions.receive import receive
from bench import counter
from bench.cluster import Cluster, new_cluster, new_replica
from bench.figures import medians, print_table, quantile
from bench.office import make_office, open_app

LOOK_EVERY_SECONDS = 0.001
WAIT_AT_MOST_SECONDS = 0.25
_count = itertools.count(1)


def reaches(change: int, patience: float) -> bool:
    """Tell whether the database of the app at hand has come to `change`, or comes to it within `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        number = current_change()
        db.session.rollback()  # The next look must see what has come since.
        if number >= change:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOK_EVERY_SECONDS)


def read_up_to(change: int, replica: Flask, primary: Flask, conversation_id: int) -> tuple[str, int]:
    """Return who answered, replica or primary, and the newest change in a thread that holds all up to `change`."""
    for name, app, patience in (("replica", replica, WAIT_AT_MOST_SECONDS), ("primary", primary, 0.0)):
        with app.app_context():
            if reaches(change, patience):
                page = queries.list_messages(limit=50, conversation_id=conversation_id)
                db.session.remove()
                return name, max(message.change for message in page.items)
    raise RuntimeError("The primary does not know a change that it gave out itself.")


def write(primary: Flask, conversation_id: int) -> int:
    """Let a client's message come in, and return the number of its change."""
    sender = Address(phone=f"+{5491100000000 + conversation_id}")
    with primary.app_context():
        message = receive(
            Inbound(
                message_sid=f"SM{next(_count):032x}",
                sender=sender,
                from_number=f"whatsapp:{sender.phone}",
                to_number="whatsapp:+14155550100",
                type="text",
                body=f"hola, son las {utcnow():%H:%M}",
            )
        )
        db.session.remove()
    assert message is not None
    return message.change


def follow(primary: Flask, replica: Flask, writes: int) -> list[str]:
    """Write `writes` times, and after each look at the replica: at once, and until it knows."""
    late, waits = 0, []
    for number in range(writes):
        change = write(primary, 1 + number % 100)
        began = time.perf_counter()
        with replica.app_context():
            late += not reaches(change, 0.0)
            reaches(change, 10.0)
        waits.append((time.perf_counter() - began) * 1000)
    figures = (f"{quantile(waits, share):.1f} ms" for share in (0.5, 0.95, 1.0))
    return [f"{100 * late / writes:.0f} %", *figures]


@contextmanager
def others_writing(primary: Cluster, writers: int) -> Iterator[None]:
    """Let pgbench write messages meanwhile, `writers` at once."""
    path = Path(primary.folder, "script.sql")
    path.write_text(counter.script(counter.ONE, 0))
    options = ["-n", "-c", str(writers), "-T", "600", "-f", str(path), primary.url("office")]
    busy = subprocess.Popen(
        [str(primary.binaries / "pgbench"), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        busy.terminate()
        busy.wait()


def cost_of_asking(replica: Flask) -> str:
    """Return what the question for the number adds to a page of a thread."""

    def page(ask: bool) -> Callable[[], object]:
        def act() -> None:
            with replica.app_context():
                if ask:
                    reaches(1, 0.0)
                queries.list_messages(limit=50, conversation_id=next(_count) % 1000 + 1)
                db.session.remove()

        return act

    taken = medians({"without": page(False), "with": page(True)}, 100)
    return f"{taken['with'] / taken['without']:.2f}"


def while_it_stands_still(standby: Cluster, primary: Flask, replica: Flask) -> str:
    """Return who answers a reader while the replica takes nothing in, and see that it answers with the new message."""
    standby.execute("SELECT pg_wal_replay_pause()")
    change = write(primary, 7)
    who, newest = read_up_to(change, replica, primary, 7)
    standby.execute("SELECT pg_wal_replay_resume()")
    assert newest == change
    return who


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--writes", type=int, default=300)
    given = parser.parse_args()
    with new_cluster() as cluster:
        primary = make_office(cluster, "office", given.messages)
        with new_replica(cluster) as standby:
            replica = open_app(standby.url("office"))
            rows = [["nobody else", *follow(primary, replica, given.writes)]]
            for writers in (4, 16):
                with others_writing(cluster, writers):
                    rows.append([f"{writers} others", *follow(primary, replica, given.writes)])
            print_table(["writing meanwhile", "late at first look", "waited, half", "19 of 20", "longest"], rows)
            print(
                f"A thread's page that asks for the number first takes {cost_of_asking(replica)} of one that does not."
            )
            change = write(primary, 7)
            who, newest = read_up_to(change, replica, primary, 7)
            print(f"Reading up to change {change}: the {who} answered, newest {newest}.")
            print(f"While the replica stands still: the {while_it_stands_still(standby, primary, replica)} answered.")
            for app in (primary, replica):
                with app.app_context():
                    db.engine.dispose()


if __name__ == "__main__":
    main()
