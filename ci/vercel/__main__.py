"""`python -m ci.vercel`: build the function with Vercel's own builder, look into it, play the round trip through it.

It builds what is committed (`git archive`), as Vercel does from a push, against a PostgreSQL database of its own on the
server of POSTGRES_URL. What must hold is in test_output.py and test_round_trip.py, beside this file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ci.vercel.database import own_database, relayed
from ci.vercel.on_build import size_of
from ci.vercel.sealing import give_write_rights, sealed, take_write_rights
from ci.vercel.settings import settings_for
from ci.vercel.toolchain import ROOT, BuildFailed, Missing, Toolchain, committed, install


def build(tools: Toolchain, folder: Path, database_url: str) -> Path:
    """Build the committed source and migrate the database on the way; return the output's folder."""
    # Nothing answers at DATABASE_URL: the migration shall take the direct one.
    pooled = "postgresql://nobody@127.0.0.1:1/pooled"
    return tools.build(committed(folder), {**settings_for(pooled), "DATABASE_URL_UNPOOLED": database_url})


def play(output: Path, environment: Mapping[str, str]) -> int:
    """Run the tests beside this file over `output`, shut off from the world where the system permits it."""
    function = output / "functions" / "flask.func"
    print(f"The function has {size_of(function) / 2**20:.0f} MiB, with its bytecode.", flush=True)
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", str(Path(__file__).parent)]
    shut_off = sealed(function, command)
    if shut_off:
        return subprocess.run(shut_off, cwd=ROOT, env={**environment, "CI_VERCEL_SEALED": "1"}, check=False).returncode
    print("This system permits no namespaces: files lose their write rights, and no network is shut off.", flush=True)
    take_write_rights(function)
    try:
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    finally:
        give_write_rights(function)


def main() -> int:
    """Build, look and play; return the exit status."""
    server = os.environ.get("POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
    try:
        tools = install()
        with tempfile.TemporaryDirectory(prefix="vercel-") as folder, own_database(server) as database_url:
            output = build(tools, Path(folder) / "source", database_url)
            with relayed(database_url) as reachable:
                told = {"CI_VERCEL_OUTPUT": str(output), "CI_VERCEL_PYTHON": tools.python, "DATABASE_URL": reachable}
                return play(output, {**os.environ, **told})
    except (Missing, BuildFailed) as problem:
        print(f"Vercel: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
