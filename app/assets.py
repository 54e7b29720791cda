"""The addresses of static files: each tells its version, so that browsers may keep what is behind it for a year."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, url_for

# Of the scripts' own modules: `import { $ } from "../dom.js";`. They import in no other way (tests/test_house.py).
_IMPORTED = re.compile(r'^import [^"]*"(\.[^"]+)";', re.MULTILINE)
_LENGTH = 12

# The subjects of static/css in the one order in which they are linked: a later one may overrule an earlier.
# What everybody gets: the sign-in, the page without a network, an error that nobody signed in meets.
_DOOR = ("tokens", "base", "page")
# What every page of the office gets besides, since a conversation may open beside any of them.
_OFFICE = ("list", "chat", "thread", "media", "composer", "templates", "inbox", "coordinaciones")
# What only those pages get that say so: {% set subject = "costs" %}
_SUBJECTS = ("settings", "costs")


def _static_folder() -> Path:
    return Path(current_app.static_folder or "")


@lru_cache(maxsize=64)
def _digest(path: Path, _modified: float) -> str:
    return sha256(path.read_bytes()).hexdigest()[:_LENGTH]


def asset(filename: str) -> str:
    """Return the URL of a static file with its version in the query."""
    path = _static_folder() / filename
    return url_for("static", filename=filename, v=_digest(path, path.stat().st_mtime))


def _moments(folder: str | Path) -> Iterator[float]:
    """Yield when each file and folder below `folder` was changed last: where that differs, so do they."""
    for entry in os.scandir(folder):
        yield entry.stat().st_mtime
        if entry.is_dir():
            yield from _moments(entry.path)


@lru_cache(maxsize=4)
def _read_modules(folder: Path, _changed: tuple[float, ...]) -> tuple[str, dict[str, list[str]]]:
    """Return the digest of all modules together, and what each of them imports, by names below `folder`."""
    digest, imports = sha256(), {}
    for path in sorted(folder.rglob("*.js")):
        name, source = path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")
        digest.update(f"{name}\0{source}\0".encode())
        relative = (posixpath.join(posixpath.dirname(name), imported) for imported in _IMPORTED.findall(source))
        imports[name] = [posixpath.normpath(imported) for imported in relative]
    return digest.hexdigest()[:_LENGTH], imports


def _modules() -> tuple[str, dict[str, list[str]]]:
    folder = _static_folder() / "js"
    return _read_modules(folder, tuple(_moments(folder)))


def _folder(version: str) -> str:
    return url_for("static", static_version=version, filename="js/")


def module(name: str) -> str:
    """Return the URL of a module of static/js.

    Modules import one another by relative addresses, which carry no query: so the version, one for all of them, is a
    folder of the address. A folder of another version leads to the same files, as another `v` does.
    """
    return _folder(_modules()[0]) + name


def imports_of(name: str) -> list[str]:
    """Return the URLs of all modules that come with `name`: a page names them, so that none waits for another."""
    version, imports = _modules()
    found: list[str] = []
    waiting = [name]
    while waiting:
        new = [module for module in imports[waiting.pop(0)] if module not in found]
        found += new
        waiting += new
    folder = _folder(version)
    return [folder + module for module in found]


def style_sheets(signed_in: bool = False, subject: str = "") -> list[str]:
    """Return the URLs of the style sheets of a page on screen; paper has css/print.css."""
    names = (*_DOOR, *_OFFICE, *(name for name in _SUBJECTS if name == subject)) if signed_in else _DOOR
    return [asset(f"css/{name}.css") for name in names]


def _forget_version(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Take the version out of a static file's address: it says which file the browser means, and not where it lies."""
    if values:
        g.static_version = values.pop("static_version", None)


def _keep_only_our_version(response: Response) -> Response:
    """Let nobody keep a module under the version of another server: while one is deployed, both are asked for both."""
    if (version := g.get("static_version")) is not None and version != _modules()[0]:
        response.headers["Cache-Control"] = "no-cache"
    return response


def init_app(app: Flask) -> None:
    """Give `app` the static files' addresses with a version, and its templates the ways to name them."""
    rule = f"{app.static_url_path}/<string(length={_LENGTH}):static_version>/<path:filename>"
    app.add_url_rule(rule, endpoint="static")
    app.url_value_preprocessor(_forget_version)
    app.after_request(_keep_only_our_version)
    app.jinja_env.globals.update(asset=asset, module=module, imports_of=imports_of, style_sheets=style_sheets)
