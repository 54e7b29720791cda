"""What is in the built function and beside it: all that it needs, and nothing that it must not carry."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest

from ci.vercel.on_build import size_of
from ci.vercel.settings import SECRETS
from ci.vercel.toolchain import ROOT

MOST_BYTES = 150 * 2**20
# Everything that may stand at the top of the function. What slips in is named by the test that looks here.
TOP = {".vc-config.json", "__pycache__", "_vendor", "app", "config.py", "docs", "environment.py", "wsgi.py"} | {
    "vc__handler__python.py"
}
STATIC_KINDS = {".css", ".ico", ".js", ".md", ".png", ".svg", ".webmanifest", ".woff2"}
# The version of a module, which is a folder of its address alone.
VERSIONED = ("^/static(?:/([0-9a-f]{12}))(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?$", "/static/$2")
# What no line of ours imports: a URL, a library or the standard library asks for it by its name.
LOADED_BY_NAME = {"psycopg", "psycopg_binary", "redis", "tzdata"}
# Not shipped: whoever sets SENTRY_DSN adds it, and the app says so where it is missing.
ON_REQUEST = {"sentry_sdk"}


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def own_sources(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.py") if "_vendor" not in path.parts and path.parent != folder] + [
        folder / "config.py",
        folder / "environment.py",
        folder / "wsgi.py",
    ]


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports when it runs, at once or late."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def is_there(folder: Path, module: str) -> bool:
    place = (folder / "_vendor").joinpath(*module.split("."))
    return place.is_dir() or any(place.parent.glob(f"{place.name}.*"))


@pytest.fixture(scope="module")
def config(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / ".vc-config.json").read_text()))


@pytest.fixture(scope="module")
def routing(output: Path) -> dict[str, Any]:
    return dict(json.loads((output / "config.json").read_text()))


def test_it_is_one_python_function_with_its_time(output: Path, config: dict[str, Any]) -> None:
    assert [path.name for path in (output / "functions").iterdir()] == ["flask.func"]
    assert config["runtime"] == "python3.12"
    assert config["maxDuration"] == 60  # A key in `functions` that matches nothing is passed over in silence.


def test_the_cron_is_asked_for_once_a_day(routing: dict[str, Any]) -> None:
    assert routing["crons"] == [{"path": "/internal/cron/run", "schedule": "0 5 * * *"}]


def test_no_rewrite_changes_the_path_that_flask_sees(routing: dict[str, Any]) -> None:
    leading = [(route["src"], route["dest"]) for route in routing["routes"] if "dest" in route]

    # A module's version leads to the file itself, which is on the CDN.
    assert leading == [VERSIONED, ("^(?!/api).*$", "/404.html"), ("/(.*)", "/flask")]


def test_only_a_versioned_address_is_kept_by_browsers(routing: dict[str, Any]) -> None:
    keeping = [route for route in routing["routes"] if "Cache-Control" in route.get("headers", {})]

    assert [(route["src"], route.get("has")) for route in keeping] == [
        ("^/static(?:/(.*))$", [{"type": "query", "key": "v"}]),
        ("^/static(?:/([0-9a-f]{12}))(?:/(.*))$", None),
    ]


def test_it_is_small_enough_to_carry_its_bytecode(folder: Path) -> None:
    assert size_of(folder) < MOST_BYTES


def test_every_source_has_its_bytecode(folder: Path) -> None:
    # Vercel compiles nothing at run time that it could keep: what has none is compiled at every cold start.
    without = [
        name
        for name in files(folder)
        if name.endswith(".py") and name != "vc__handler__python.py"
        if not (folder / name).parent.joinpath("__pycache__", f"{Path(name).stem}.cpython-312.pyc").exists()
    ]

    assert without == []


def test_nothing_slips_in(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == TOP
    assert files(folder / "docs") == ["openapi.yaml"]


def test_no_test_is_carried(folder: Path) -> None:
    carried = [name for name in files(folder) if not name.startswith("_vendor/")]

    assert [
        name for name in carried if re.search(r"(^|/)(tests?|conftest\.py|test_[^/]*|[^/]*_test\.py)(/|$)", name)
    ] == []
    assert not {"pytest", "playwright", "schemathesis", "mypy"} & {path.name for path in (folder / "_vendor").iterdir()}


def test_no_secret_and_no_data_is_carried(output: Path, folder: Path) -> None:
    private = re.compile(r"(^|/)\.env|(^|/)\.git(/|$)|\.(db|sqlite3?|pem|key|log)$")
    carried = [name for name in files(output) if "/_vendor/" not in name]
    told = [
        name for name in carried if any(secret.encode() in (output / name).read_bytes() for secret in SECRETS.values())
    ]

    assert [name for name in carried if private.search(name)] == []
    assert told == []


def test_what_the_cdn_serves_is_our_static_files_and_no_source(output: Path) -> None:
    served, ours = output / "static", ROOT / "app" / "static"

    assert files(served) == [f"static/{name}" for name in files(ours)]
    assert [name for name in files(served) if Path(name).suffix not in STATIC_KINDS | {""}] == []
    assert all((served / "static" / name).read_bytes() == (ours / name).read_bytes() for name in files(ours))


def test_every_import_of_ours_is_there(folder: Path) -> None:
    elsewhere = sys.stdlib_module_names | {"app", "config", "environment", "_typeshed"} | ON_REQUEST
    missing = {
        f"{path.relative_to(folder)}: {module}"
        for path in own_sources(folder)
        for module in imports(path)
        if module.split(".")[0] not in elsewhere
        if not is_there(folder, module)
    }

    assert sorted(missing) == [], "requirements.txt names none of these"


def test_what_is_loaded_by_name_is_there(folder: Path) -> None:
    assert [module for module in sorted(LOADED_BY_NAME) if not is_there(folder, module)] == []


def test_every_pin_is_installed_as_it_is_written(folder: Path) -> None:
    lines = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    pins = {
        re.sub(r"\[.*\]", "", name).lower(): version
        for name, _, version in (line.partition("==") for line in lines if line)
    }
    found = {
        re.sub(r"[-_.]+", "-", str(distribution.metadata["Name"])).lower(): distribution.version
        for distribution in map(Distribution.at, (folder / "_vendor").glob("*.dist-info"))
    }

    assert {name: found.get(name) for name in pins} == pins
