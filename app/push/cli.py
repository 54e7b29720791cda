"""`flask push keys`: what an office needs before it can push anything."""

from __future__ import annotations

import click

from app.push import webpush


@click.group("push")
def push() -> None:
    """Web push: notifications on people's devices."""


@push.command("keys")
def keys() -> None:
    """Print a new pair of keys: the private one is for VAPID_PRIVATE_KEY."""
    private, public = webpush.make_keys()
    click.echo(f"VAPID_PRIVATE_KEY={private}")
    click.echo(f"# Its public half, which browsers are given: {public}")
