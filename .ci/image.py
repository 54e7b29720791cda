"""Do what the Dockerfile says without Docker, and run what comes out of it.

Its instructions are carried out in their order on a folder that stands for the image's root, with this Python for
the image's. Then the commands of compose.yaml and the Dockerfile's own CMD and HEALTHCHECK run there. So a file that
COPY or .dockerignore leaves out, a requirement that is not in requirements.txt, and an address that is gone are found
where there is no Docker. What stays unseen is what only an engine knows: whether a tag exists, what the base image
holds, and that user 10001 may read what root made.

`make image` runs it. POSTGRES_URL names a server for a database of this run's own; without it, SQLite.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import yaml

ROOT = Path(__file__).resolve().parent.parent
# What must never be in it: what only developers need, what holds secrets, and what would let it change itself.
NEVER = {"tests", "simulator", "bench", "docs/decisions", ".env", ".git", ".ci", "requirements-dev.txt", "instance"}
MOST_MEGABYTES = 150


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction of a Dockerfile and what follows it, comments left out and lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name.upper(), rest.strip()


def sent_to_the_engine(ignore: str) -> set[str]:
    """Return the tracked files that .dockerignore lets through; it must name what it lets through, as ours does."""
    lines = [line for line in ignore.splitlines() if line and not line.startswith("#")]
    wanted = [line[1:] for line in lines if line.startswith("!")]
    other = set(lines) - {f"!{path}" for path in wanted}
    assert other == {"*", "**/__pycache__"}, f".dockerignore has lines that this script cannot read: {other}"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {file for file in listed.split("\0") if any(file == path or file.startswith(f"{path}/") for path in wanted)}


class Image:
    """The image as a folder. `root` stands for /, at one place for all stages, since environments know their place."""

    def __init__(self, folder: Path, context: Path) -> None:
        self.folder, self.context, self.root = folder, context, folder / "image"
        self.stage = self.workdir = ""
        self.environment: dict[str, str] = {}
        self.said: dict[str, str] = {}  # What an engine would keep for later: CMD, HEALTHCHECK, USER and the like.
        base = folder / "base"
        base.mkdir()
        for name, command in (("python", ""), ("pip", " -m pip")):
            (base / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{command} "$@"\n')
            (base / name).chmod(0o755)
        self.path = f"{base}:{os.environ['PATH']}"

    def inside(self, text: str) -> str:
        """Return `text` with the image's paths as paths of this machine."""
        return re.sub(r"(?<![\w./])/(opt|srv)(?=/)", rf"{self.root}/\1", text)

    def begin(self, rest: str) -> None:
        """FROM: set aside the stage before, and begin with nothing."""
        if self.root.exists():
            self.root.rename(self.folder / f"stage-{self.stage}")
        self.root.mkdir()
        self.stage, self.workdir = rest.partition(" AS ")[2] or "last", "/"
        self.environment, self.said = {"PATH": self.path}, {"FROM": rest}

    def set_environment(self, rest: str) -> None:
        """ENV: NAME=value, several on a line."""
        for pair in rest.split():
            name, _, value = pair.partition("=")
            self.environment[name] = self.inside(value).replace("$PATH", self.environment["PATH"])

    def copy(self, rest: str) -> None:
        """COPY: from the context or from a stage before; a source that is not there is an error, as for an engine."""
        *sources, target = rest.split()
        source_root = self.context
        if sources[0].startswith("--from="):
            source_root = self.folder / f"stage-{sources.pop(0).removeprefix('--from=')}"
        place = Path(self.inside(target))
        for name in sources:
            source = source_root / name.lstrip("/")
            if source.is_dir():
                shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
            else:
                into = place / source.name if target.endswith("/") else place
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, into)

    def run(self, rest: str) -> None:
        """RUN: the very command, in a shell. Pip may use its cache here, which an engine would not have."""
        environment = {**os.environ, "PIP_QUIET": "2", **self.environment}
        for name in ("PIP_NO_CACHE_DIR", "VIRTUAL_ENV", "PYTHONPATH"):
            environment.pop(name, None)
        place = Path(self.inside(f"{self.workdir}/"))
        subprocess.run(["/bin/sh", "-euc", self.inside(rest)], cwd=place, env=environment, check=True)

    def build(self, dockerfile: str) -> None:
        """Carry out every instruction of `dockerfile`."""
        doing: dict[str, Callable[[str], None]] = {
            "FROM": self.begin,
            "ENV": self.set_environment,
            "COPY": self.copy,
            "RUN": self.run,
        }
        for name, rest in instructions(dockerfile):
            if name == "WORKDIR":
                self.workdir = rest
            elif name in doing:
                doing[name](rest)
            else:
                assert name in {"USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}, f"{name} is not understood here"
                self.said[name] = rest

    def command(self, name: str) -> list[str]:
        """Return the words of CMD or HEALTHCHECK, which are written as JSON."""
        return list(json.loads(self.said[name][self.said[name].index("[") :]))

    def start(self, command: list[str], settings: dict[str, str], **more: object) -> subprocess.Popen[str]:
        """Start `command` as a container would: with the image's environment and `settings`, and nothing of ours."""
        environment = {"HOME": str(self.folder), "LANG": "C.UTF-8", **self.environment, **settings}
        program = shutil.which(command[0], path=environment["PATH"]) or command[0]
        assert program.startswith(str(self.root)), f"{command[0]} is not in the image"
        place = self.inside(f"{self.workdir}/")
        return subprocess.Popen([program, *command[1:]], cwd=place, env=environment, text=True, **more)  # type: ignore[call-overload,no-any-return]

    def call(self, command: list[str], settings: dict[str, str], given: str = "") -> None:
        """Run `command` to its end, which must be a good one."""
        process = self.start(command, settings, stdin=subprocess.PIPE)
        process.communicate(given, timeout=60)
        assert process.returncode == 0, f"{' '.join(command)} ended with {process.returncode}"

    def files(self) -> dict[str, tuple[int, int]]:
        """Return every file with its size and the time of its last change."""
        found = ((path, path.lstat()) for path in self.root.rglob("*"))
        return {str(path.relative_to(self.root)): (stat.st_size, stat.st_mtime_ns) for path, stat in found}


@contextlib.contextmanager
def database(folder: Path) -> Iterator[str]:
    """Give the address of an empty database, and take it away again."""
    server = os.environ.get("POSTGRES_URL", "")
    if not server:
        yield f"sqlite:///{folder / 'image.db'}"
        return
    name = f"coordina_image_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield re.sub(r"/[^/]*$", f"/{name}", server)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def get(url: str, body: dict[str, str] | None = None) -> bytes:
    """Return what `url` answers; anything but 200 raises."""
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} if body else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())


def wait_for(url: str, process: subprocess.Popen[str]) -> None:
    """Return when `url` answers; raise when the server has ended, or after half a minute."""
    deadline = time.monotonic() + 30
    while True:
        try:
            get(url)
        except OSError:
            assert process.poll() is None, "the server ended by itself"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)
        else:
            return


def check_contents(image: Image) -> None:
    """What is in it, what must not be, and how large it is beside its Python."""
    home, files = image.inside(f"{image.workdir}/"), image.files()
    for name in NEVER:
        assert not Path(home, name).exists(), f"{name} is in the image"
    assert any(name.endswith(".pyc") and "/app/whatsapp/" in name for name in files), "the app is not compiled"
    assert not any("site-packages/pip/" in name for name in files), "pip is in the image"
    assert image.said["USER"].split(":")[0] not in ("", "0", "root"), "it runs as root"
    size = sum(size for size, _changed in files.values()) / 1e6
    print(f"image: {len(files)} files, {size:.0f} MB on top of {image.said['FROM']}", flush=True)
    assert size < MOST_MEGABYTES, f"{size:.0f} MB is more than {MOST_MEGABYTES}"


def check_running(image: Image, services: dict[str, dict[str, list[str]]], database_url: str) -> None:
    """Migrate, add a person, serve, sign in, ask for its health, stop: as compose.yaml and the Dockerfile do."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"SECRET_KEY": secrets.token_urlsafe(48), "DATABASE_URL": database_url, "PORT": str(port)}
    flask, password = ["flask", "--app", "wsgi"], secrets.token_urlsafe(12)
    # On a machine that others share, the server listens to this one alone, whatever PORT means in a container.
    settings["GUNICORN_CMD_ARGS"] = f"--bind 127.0.0.1:{port}"
    before = image.files()
    image.call(services["migrate"]["command"], settings)
    person = ["users", "create", "ana@example.com", "--name", "Ana", "--role", "admin", "--password-stdin"]
    image.call([*flask, *person], settings, given=password)
    server = image.start(image.command("CMD"), settings)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/login", server)
        for path in ("/static/css/base.css", "/api/openapi.yaml"):
            get(url + path)
        assert b"access_token" in get(f"{url}/api/auth/login", {"email": "ana@example.com", "password": password})
        image.call(image.command("HEALTHCHECK"), settings)
        image.call([*services["worker"]["command"], "--help"], settings)
    finally:
        server.send_signal(signal.Signals[image.said["STOPSIGNAL"]])
        ended = server.wait(timeout=60)
    assert ended == 0, f"the server ended with {ended} when it was told to stop"
    assert image.files() == before, "something was written into the image, which in a container is read-only"


def main() -> None:
    """Build and run; the first thing that is wrong ends it."""
    with tempfile.TemporaryDirectory(prefix="coordina-image-") as temporary:
        folder = Path(temporary)
        context = folder / "context"
        for file in sent_to_the_engine((ROOT / ".dockerignore").read_text()):
            (context / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, context / file)
        image = Image(folder, context)
        began = time.monotonic()
        image.build((ROOT / "Dockerfile").read_text())
        print(f"image: built in {time.monotonic() - began:.0f} s", flush=True)
        check_contents(image)
        services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
        with database(folder) as database_url:
            check_running(image, services, database_url)
    print("image: migrates, serves, says it is well, and stops when told")


if __name__ == "__main__":
    main()
