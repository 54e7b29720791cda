"""Where Twilio sends whoever asks for a client's file, and what may go wrong there."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from simulator.records import Media
from simulator.state import World

# Where the machines of a cloud ask who they are: nobody's file, and nothing that an address should lead to.
PRIVATE = "http://169.254.169.254/latest/meta-data/"
MEGABYTE = 1_000_000


def _zeros(megabytes: int) -> Iterator[bytes]:
    for _ in range(megabytes):
        yield bytes(MEGABYTE)


def answer_with_file(world: World, media: Media) -> AnyResponse:
    """Answer with the way to a file, which needs no authentication there, or with what was asked to go wrong."""
    megabytes = world.faults.take("media_large")
    if megabytes is not None:
        return Response(_zeros(int(megabytes)), content_type=media.content_type)
    if world.faults.happens("media_private"):
        return redirect(PRIVATE)
    seconds = world.faults.take("media_slow")
    if seconds is not None:
        world.work.pause(seconds)
    return redirect(f"{world.settings.public_url}/media/{media.sid}")
