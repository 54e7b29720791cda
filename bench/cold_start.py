"""`python -m bench.cold_start`: how long the first webhook waits for a function that is not running yet.

Ours and a bare one (bench/bare_function) are built by Vercel's own builder, both with their bytecode, and started in
turns by Vercel's own runtime on one PostgreSQL. Only the ratio counts: the times are this machine's.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import create_engine, text

from ci.vercel.database import own_database
from ci.vercel.function import HOST, running
from ci.vercel.settings import settings_for
from ci.vercel.toolchain import ROOT, BuildFailed, Missing, Toolchain, committed, install
from config import parse_database_url
from tests.signing import inbound_form, sign

ROUNDS = 20
TARGET = 1.6
WEBHOOK = "/api/whatsapp/webhook"
_BARE_PACKAGES = ("flask", "flask-sqlalchemy", "psycopg[binary]", "sqlalchemy", "werkzeug")
_BARE_TABLE = "CREATE TABLE bare_notes (id serial PRIMARY KEY, sender text NOT NULL, body text NOT NULL)"


@dataclass(frozen=True)
class Start:
    """One cold start, in milliseconds.

    `ready`: until the runtime said so. `answered`: until the first webhook was. `worked`: the processor's time in both.
    """

    ready: float
    answered: float
    worked: float


def bare_source(folder: Path) -> Path:
    """Copy the bare function into `folder`, with our own pins of its packages."""
    shutil.copytree(ROOT / "bench" / "bare_function", folder)
    pins = (ROOT / "requirements.txt").read_text().splitlines()
    own = [pin for pin in pins if pin.partition("==")[0] in _BARE_PACKAGES]
    (folder / "requirements.txt").write_text("\n".join(own) + "\n")
    return folder


def build_both(tools: Toolchain, folder: Path, settings: dict[str, str]) -> dict[str, Path]:
    """Build both functions below `folder` and make their tables; return where they are."""
    sources = {"ours": committed(folder / "ours"), "bare": bare_source(folder / "bare")}
    engine = create_engine(parse_database_url(settings["DATABASE_URL"]))
    with engine.begin() as connection:
        connection.execute(text(_BARE_TABLE))
    engine.dispose()
    return {name: tools.build(source, settings) / "functions" / "flask.func" for name, source in sources.items()}


def _processor_seconds() -> float:
    """Return what the processes that were started here, and have ended, had of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start_once(function: Path, python: str, settings: dict[str, str]) -> Start:
    """Start `function` cold, and give it a webhook at once."""
    form = inbound_form("Hola")
    signature = sign(WEBHOOK, form, settings["TWILIO_AUTH_TOKEN"], f"https://{HOST}")
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}
    before = _processor_seconds()
    with running(function, python, settings) as started:
        answer = started.request("POST", WEBHOOK, urlencode(form).encode(), headers)
        answered = (time.monotonic() - started.begun) * 1000
    if answer.status != 200:
        raise BuildFailed(f"The webhook was answered with {answer.status}.")
    return Start(started.init_ms, answered, (_processor_seconds() - before) * 1000)


def measure(functions: dict[str, Path], start: Callable[[Path], Start]) -> dict[str, list[Start]]:
    """Start the functions in turns, each as often as first as second; the first round only warms the disk."""
    starts: dict[str, list[Start]] = {name: [] for name in functions}
    for number in range(ROUNDS + 1):
        for name in sorted(functions, reverse=number % 2 == 0):
            took = start(functions[name])
            if number:
                starts[name].append(took)
    return starts


def report(starts: dict[str, list[Start]]) -> float:
    """Print the fastest starts and their ratios; return that of the processor's time, first answer included.

    The fastest, since whatever else the machine does can only make a start slower. On a busy machine even those tell
    more about its other work than about the functions; the processor's time does not.
    """
    kinds = {
        "ready": "until it is ready",
        "answered": "until its first webhook is answered",
        "worked": "the processor's share of that",
    }
    print(f"\nCold start through Vercel's runtime, the fastest of {ROUNDS}, in turns, with bytecode:")
    ratios: dict[str, float] = {}
    for kind, words in kinds.items():
        ours, bare = (min(getattr(start, kind) for start in starts[name]) for name in ("ours", "bare"))
        ratios[kind] = ours / bare
        print(f"  {words:<37}{ours:6.0f} ms ours {bare:6.0f} ms bare   ratio {ratios[kind]:.2f}")
    print(f"  The target is {TARGET} at most. On a busy machine trust the last line.")
    return ratios["worked"]


def main() -> int:
    """Build, measure, report; return 1 when the target is missed."""
    server = os.environ.get("POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
    try:
        tools = install()
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, own_database(server) as database_url:
            settings = settings_for(database_url)
            functions = build_both(tools, Path(folder), settings)
            ratio = report(measure(functions, lambda path: start_once(path, tools.python, settings)))
    except (Missing, BuildFailed) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    return 0 if ratio <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
