"""`python -m simulator`: run the stand-in for Twilio until it is interrupted or terminated."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulator.running import running_simulator
from simulator.settings import Settings, SettingsError

VARIABLES = {
    "account_sid": "TWILIO_ACCOUNT_SID",
    "auth_token": "TWILIO_AUTH_TOKEN",
    "number": "TWILIO_WHATSAPP_NUMBER",
    "webhook_url": "TWILIO_WEBHOOK_URL",
}


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A stand-in for Twilio's WhatsApp.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4020)
    for name, variable in VARIABLES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", help=f"else the variable {variable}")
    parser.add_argument("--sample", type=Path, help="a JSON file with people, templates and a history")
    parser.add_argument("--public-url", help="where the app reaches the simulator, if not at host and port")
    parser.add_argument("--speed", type=float, default=1.0, help="2 makes messages travel twice as fast")
    return parser.parse_args(arguments)


def settings_from(options: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """Join command line and environment; raises SettingsError that names the first thing missing or wrong."""
    values = {name: getattr(options, name) or environment.get(variable, "") for name, variable in VARIABLES.items()}
    for name, value in values.items():
        if not value:
            raise SettingsError(f"Give --{name.replace('_', '-')} or set {VARIABLES[name]}.")
    if options.speed <= 0:
        raise SettingsError("--speed must be greater than zero.")
    public_url = options.public_url or Settings.public_url
    delays = (Settings.sent_after, Settings.delivered_after, Settings.read_after, Settings.priced_after)
    sent, delivered, read, priced = (delay / options.speed for delay in delays)
    return Settings(
        **values,
        sample=options.sample,
        public_url=public_url,
        sent_after=sent,
        delivered_after=delivered,
        read_after=read,
        priced_after=priced,
    )


def run(arguments: Sequence[str]) -> int:
    """Serve until a signal comes; return the exit status."""
    options = parse_arguments(arguments)
    ended = threading.Event()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        settings = settings_from(options, os.environ)
        with running_simulator(settings, options.host, options.port) as simulator:
            print(f"Simulator at {simulator.url}, posting to {settings.webhook_url}", flush=True)
            ended.wait()
    except SettingsError as problem:
        print(f"simulator: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
