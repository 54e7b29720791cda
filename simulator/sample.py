"""Filling a new world from the sample file: clients, templates, and a history with real dates and no webhooks."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from simulator.compose import compose
from simulator.records import Client, Message, Template, stable_hex, utcnow
from simulator.settings import Settings, SettingsError
from simulator.state import World


def new_world(settings: Settings) -> World:
    """Return a world with the sample of `settings`, or an empty one.

    Raises SettingsError when the sample file cannot be read.
    """
    world = World(settings)
    if settings.sample:
        fill_world(world, read_sample(settings.sample))
    return world


def read_sample(path: Path) -> dict[str, Any]:
    """Read a sample file; raises SettingsError when it is not a JSON object."""
    try:
        sample = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise SettingsError(f"The sample file {path} cannot be read: {problem}.") from problem
    if not isinstance(sample, dict):
        raise SettingsError(f"The sample file {path} must hold one JSON object.")
    return sample


def fill_world(world: World, sample: dict[str, Any]) -> None:
    """Put the people, templates and messages of a sample into the world."""
    for person in sample.get("clients", []):
        world.add_client(person["name"], person.get("phone"), person.get("user_id"), person.get("auto_read", True))
    for at, template in enumerate(sample.get("templates", [])):
        add_template(world, template, at)
    for at, given in enumerate(sample.get("messages", [])):
        client = world.find_client(given.get("phone") or given.get("user_id") or "")
        if client is None:
            raise SettingsError(f"Message {at + 1} of the sample belongs to nobody among its clients.")
        stable = stable_hex(f"{client.key} {at}")
        message = compose(world, client, {"sid": f"SM{stable}", "media_sid": f"ME{stable}", **given})
        world.add_message(message if given["direction"] == "inbound" else _sent(world, client, message, given))


def _sent(world: World, client: Client, message: Message, given: dict[str, Any]) -> Message:
    """Turn a composed message round: the office sent it, and it ended in the state the sample tells."""
    message.direction = "outbound-api"
    message.sender, message.recipient = world.settings.address, client.address
    message.body = given.get("body", "")
    message.status = given.get("status", "read")
    message.error_code = given.get("error_code")
    message.content_sid = given.get("content_sid")
    message.kind = "template" if message.content_sid else message.kind
    used = world.templates.get(message.content_sid or "")
    message.category = used.category if used else ""
    return message


def add_template(world: World, given: dict[str, Any], at: int) -> None:
    """Remember a template of the sample; earlier ones in the file are shown as newer."""
    name = given["friendly_name"]
    template = Template(
        sid=given.get("sid") or "HX" + stable_hex(name),
        friendly_name=name,
        language=given.get("language", "es_AR"),
        variables=given.get("variables", {}),
        types=given["types"],
        created_at=utcnow() - timedelta(days=30 + at),
        status=given.get("status", "approved"),
        category=given.get("category", "UTILITY"),
        rejection_reason=given.get("rejection_reason", ""),
        approval_name=given.get("approval_name", name),
        allow_category_change=given.get("allow_category_change", True),
    )
    with world.changing():
        world.templates[template.sid] = template
