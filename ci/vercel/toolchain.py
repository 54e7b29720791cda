"""Vercel's own builder on this machine: where its tools come from, and how a source tree becomes a function.

The CLI comes from npm and uv from PyPI, both at exact versions, into .venv/vercel; Node and Python 3.12 must be there.
No account is needed: `vercel build` is content with a project file whose `settings` are there, and asks nobody.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".venv" / "vercel"
UV = "uv==0.10.11"
_PROJECT = {"orgId": "team_ci", "projectId": "prj_ci", "settings": {"framework": None}}


class Missing(RuntimeError):
    """This machine lacks something; the text is one sentence that says what."""


class BuildFailed(RuntimeError):
    """The builder gave up; the text is the end of what it said."""


@dataclass(frozen=True)
class Toolchain:
    """The interpreter that Vercel runs functions with, and the environment in which its CLI finds all it needs."""

    python: str
    cli: Path
    environment: dict[str, str]

    def build(self, source: Path, settings: Mapping[str, str]) -> Path:
        """Build `source` as Vercel would for production with `settings`, and return the output's folder.

        The build writes into `source` (pyproject.toml, uv.lock): give it a copy. Raises BuildFailed.
        """
        (source / ".vercel").mkdir()
        (source / ".vercel" / "project.json").write_text(json.dumps(_PROJECT))
        done = subprocess.run(
            [str(self.cli), "build", "--prod", "--yes", "--standalone"],
            cwd=source,
            env={**self.environment, "VERCEL_ENV": "production", **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise BuildFailed(done.stdout[-3000:])
        return source / ".vercel" / "output"


def _pythons() -> Iterator[str]:
    """Yield where Python 3.12 may be: the path first, then every version that pyenv has, in use or not."""
    if found := shutil.which("python3.12"):
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from (str(path) for path in sorted(pyenv.glob("versions/3.12.*/bin/python3.12")))


def find_python() -> str:
    """Return the real path of a Python 3.12, which Vercel runs unless told otherwise. Raises Missing.

    uv must find it too, and knows nothing of pyenv's shims: the path is the interpreter's own.
    """
    for candidate in _pythons():
        asked = [candidate, "-c", "import os, sys; print(os.path.realpath(sys.executable))"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.returncode == 0:  # A shim of a version that is not in use is there, and fails.
            return done.stdout.strip()
    raise Missing("Python 3.12 is missing, which Vercel runs: install it (pyenv install 3.12), here or on the PATH.")


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"`{' '.join(command[:4])} ...` failed: {(done.stderr or done.stdout).strip()[-1500:]}")


def _install_cli() -> Path:
    """Install what package.json pins, and return the CLI.

    Its `overrides` lets go of the CLI's exact pin on `sandbox`, which no build touches and not every registry has.
    There is no lock: it would name the native parts for every other system too.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("npm is missing: install Node 22 or newer.")
    wanted = Path(__file__).with_name("package.json")
    folder = TOOLS / f"vercel@{json.loads(wanted.read_text())['devDependencies']['vercel']}"
    cli = folder / "node_modules" / ".bin" / "vercel"
    if not cli.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(wanted, folder)
        quiet = ["--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
        _run([npm, "install", *quiet], folder, os.environ)
    return cli


def _install_uv() -> Path:
    folder = TOOLS / UV
    if not (folder / "bin" / "uv").exists():
        _run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), UV], ROOT, os.environ)
    return folder / "bin"


def install() -> Toolchain:
    """Return the builder's tools, installed where they are not yet. Raises Missing."""
    python, cli, uv = find_python(), _install_cli(), _install_uv()
    path = os.pathsep.join((str(Path(python).parent), str(uv), os.environ["PATH"]))
    # At Vercel COMPILEALL comes from `build.env` of vercel.json, which a build on one's own machine does not read.
    own = {"PATH": path, "VERCEL_TELEMETRY_DISABLED": "1", "VERCEL_PYTHON_COMPILEALL": "1"}
    return Toolchain(python, cli, os.environ | own)


def committed(folder: Path) -> Path:
    """Copy what is committed into `folder`."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder
