"""Static files have an address for each version, and a module's leads to what it imports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.assets import asset, imports_of, module
from app.auth.models import User
from tests.browser import SignedInClient

SCRIPTS = Path(__file__).resolve().parents[1] / "app" / "static" / "js"


@pytest.fixture(autouse=True)
def _in_a_request(migrated_app: Flask) -> Iterator[None]:
    with migrated_app.test_request_context("/"):
        yield


def test_a_file_has_a_new_address_when_it_changes(
    tmp_path: Path, migrated_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = asset("favicon.svg")
    changed = tmp_path / "favicon.svg"
    changed.write_text("<svg/>")
    monkeypatch.setattr(migrated_app, "static_folder", str(tmp_path))

    assert asset("favicon.svg").split("?")[0] == before.split("?")[0] == "/static/favicon.svg"
    assert asset("favicon.svg") != before


def test_modules_share_a_version_that_changes_with_any_of_them(
    tmp_path: Path, migrated_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "js" / "thread").mkdir(parents=True)
    (tmp_path / "js" / "start.js").write_text('import { init } from "./thread/swap.js";\n')
    (tmp_path / "js" / "thread" / "swap.js").write_text('import { $ } from "../dom.js";\n')
    (tmp_path / "js" / "dom.js").write_text("")
    monkeypatch.setattr(migrated_app, "static_folder", str(tmp_path))
    before = module("start.js")

    (tmp_path / "js" / "dom.js").write_text("export const $ = null;")

    assert module("start.js") != before
    assert [re.sub("[0-9a-f]{12}", "VERSION", address) for address in imports_of("start.js")] == [
        "/static/VERSION/js/thread/swap.js",
        "/static/VERSION/js/dom.js",
    ]


def test_a_module_lies_in_the_same_folder_as_what_it_imports(nobody: FlaskClient) -> None:
    for address in (module("start.js"), *imports_of("start.js")):
        with nobody.get(address) as answer:
            assert answer.status_code == 200, address
            assert answer.mimetype == "text/javascript"
            assert answer.headers["Cache-Control"].endswith("max-age=31536000")
            assert answer.data == (SCRIPTS / address.partition("/js/")[2]).read_bytes()


def test_a_page_of_before_a_deploy_still_finds_its_modules(nobody: FlaskClient) -> None:
    with nobody.get("/static/0123456789ab/js/attach/tray.js") as answer:
        assert answer.data == (SCRIPTS / "attach" / "tray.js").read_bytes()


def test_a_page_names_each_module_once_and_begins_with_one(
    sign_in: Callable[[User], SignedInClient], ana: User
) -> None:
    page = sign_in(ana).get("/coordinaciones").text

    named = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)
    assert re.findall(r'<script type="module" src="([^"]+)">', page) == [module("start.js")]
    assert named == imports_of("start.js")
    assert len(set(named)) == len(named) > 20


def test_a_page_before_the_sign_in_loads_next_to_nothing(nobody: FlaskClient) -> None:
    page = nobody.get("/login").text

    assert re.findall(r'<script[^>]*src="([^"?]+)', page) == ["/static/js/signed-out.js"]
    assert "modulepreload" not in page


def test_a_module_of_another_version_is_answered_and_not_kept(nobody: FlaskClient) -> None:
    address = re.sub("/[0-9a-f]{12}/", f"/{'0' * 12}/", module("start.js"))

    with nobody.get(address) as answer:
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
