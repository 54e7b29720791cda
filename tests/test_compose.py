"""What the two files for containers promise beyond their form, which `make lint` checks."""

from __future__ import annotations

import re
import runpy
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from config import ROOT

TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service.get("image") == "coordina"]


def test_only_the_app_can_be_reached_and_from_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert list(published) == ["app"]
    assert all(port.startswith("127.0.0.1:") for port in published["app"])


@pytest.mark.parametrize("name", ["database", "redis"])
def test_what_keeps_data_has_no_way_out(name: str) -> None:
    assert [COMPOSE["networks"][network]["internal"] for network in SERVICES[name]["networks"]] == [True]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_cannot_write_to_themselves_nor_gain_rights(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", OURS)
def test_settings_name_services_that_can_be_reached(name: str) -> None:
    service = SERVICES[name]
    filled = [re.sub(r"\$\{[^}]*\}", "x", service["environment"][key]) for key in ("DATABASE_URL", "REDIS_URL")]
    hosts = {str(urlsplit(url).hostname) for url in filled}

    assert hosts == {"database", "redis"}
    assert all(set(SERVICES[host]["networks"]) & set(service["networks"]) for host in hosts)


def test_who_waits_for_health_waits_for_somebody_who_tells_it() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], f"{name} waits for {other}, which never says how it is"
            if how["condition"] == "service_completed_successfully":
                assert SERVICES[other]["restart"] == "no", f"{name} waits for {other}, which begins again for ever"


def test_nothing_of_ours_serves_or_works_before_the_tables_are_up_to_date() -> None:
    for name in set(OURS) - {"migrate"}:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_a_stop_waits_longer_than_gunicorn_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "a key for gunicorn's settings, and no secret")
    needed = runpy.run_path(str(ROOT / "gunicorn.conf.py"))["graceful_timeout"]

    assert int(SERVICES["app"]["stop_grace_period"].removesuffix("s")) > needed


def test_whatever_must_be_filled_in_is_explained_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text()
    names = set(re.findall(r"\$\{(\w+)", TEXT)) | {"PORT", "WEB_CONCURRENCY"}

    assert [name for name in sorted(names) if not re.search(rf"^# {name}=", example, re.M)] == []
