"""Running a simulator on a real socket, in a thread of its own."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulator import create_simulator
from simulator.sample import new_world
from simulator.settings import Settings, SettingsError
from simulator.state import World, simulator_of


class QuietHandler(WSGIRequestHandler):
    """A request handler that leaves the polls of the phone out of the terminal."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: the deliveries are listed by the control API."""


@dataclasses.dataclass
class RunningSimulator:
    """A simulator that answers at `url`."""

    url: str
    server: BaseWSGIServer
    app: Flask

    @property
    def world(self) -> World:
        """Return the world of the moment; a reset replaces it."""
        return simulator_of(self.app).world

    def reset(self, settings: Settings) -> None:
        """Begin again with these settings: the sample, no faults, an empty log, nothing pending."""
        simulator_of(self.app).turn_to(new_world(_reachable(settings, self.url)))


def _reachable(settings: Settings, url: str) -> Settings:
    """Tell the settings where the simulator answers, unless they were told another place."""
    return dataclasses.replace(settings, public_url=url) if settings.public_url == Settings.public_url else settings


def bind(settings: Settings, host: str = "127.0.0.1", port: int = 0) -> RunningSimulator:
    """Take a port (0 means any free one) and return the simulator that will answer there once it serves.

    Raises SettingsError when the port cannot be taken.
    """
    app = create_simulator(settings)
    try:
        server = make_server(host, port, app, threaded=True, request_handler=QuietHandler)
    except (OSError, SystemExit) as problem:
        raise SettingsError(f"Port {port} of {host} cannot be used.") from problem
    url = f"http://{host}:{server.server_port}"
    world = simulator_of(app).world
    world.settings = _reachable(settings, url)
    return RunningSimulator(url, server, app)


def close(simulator: RunningSimulator) -> None:
    """Stop the background work and free the port."""
    simulator.world.work.stop()
    simulator.server.shutdown()
    simulator.server.server_close()


@contextmanager
def running_simulator(settings: Settings, host: str = "127.0.0.1", port: int = 0) -> Iterator[RunningSimulator]:
    """Run a simulator for as long as the block lasts."""
    simulator = bind(settings, host, port)
    thread = threading.Thread(target=simulator.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield simulator
    finally:
        close(simulator)
        thread.join(5)
