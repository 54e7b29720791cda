"""Firefox as Debian packages it, over WebDriver BiDi (w3c.github.io/webdriver-bidi): what one round trip needs of it.

Playwright drives only a Firefox of its own making, which is no Debian package; Firefox itself speaks this protocol.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

ENTER = "\ue006"  # As WebDriver names the key.
LONGEST = 20  # Seconds for a condition, as in the other browser.
LONGEST_START = 90  # It reads a quarter of a gigabyte, and makes a profile.
FLAGS = ["--headless", "--no-remote", "--remote-debugging-port", "0"]


class Firefox:
    """One tab of a running Firefox."""

    def __init__(self, wire: ClientConnection) -> None:
        self.wire, self.numbers = wire, itertools.count(1)
        self.do("session.new", capabilities={})
        self.tab = self.do("browsingContext.getTree")["contexts"][0]["context"]

    def do(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command; return its result. Events that come before it are passed over."""
        number = next(self.numbers)
        self.wire.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self.wire.recv(timeout=LONGEST_START))
            if answer.get("id") == number:
                assert answer["type"] == "success", f"{method}: {answer['error']}: {answer['message']}"
                result: dict[str, Any] = answer["result"]
                return result

    def go(self, url: str) -> None:
        self.do("browsingContext.navigate", context=self.tab, url=url, wait="complete")

    def ask(self, expression: str) -> Any:
        """Return what an expression is on the page, awaited."""
        wrapped = f"(async () => JSON.stringify(await ({expression})))()"
        answer = self.do("script.evaluate", expression=wrapped, target={"context": self.tab}, awaitPromise=True)
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"].get("value", "null"))

    def until(self, condition: str) -> None:
        """Wait until a condition holds, whichever page is there by then."""
        ends = time.monotonic() + LONGEST
        while not self.ask(f"Boolean({condition})"):
            assert time.monotonic() < ends, f"It never came: {condition}"
            time.sleep(0.05)

    def click(self, selector: str) -> None:
        """Click the middle of the first that matches, once it is there, with a real pointer."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.until(f"{found}?.checkVisibility()")
        box = self.ask(f"({found}.scrollIntoView({{ block: 'nearest' }}), {found}.getBoundingClientRect().toJSON())")
        at = {"x": round(box["x"] + box["width"] / 2), "y": round(box["y"] + box["height"] / 2)}
        steps = [
            {"type": "pointerMove", **at},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self.do("input.performActions", context=self.tab, actions=[{"type": "pointer", "id": "hand", "actions": steps}])

    def type(self, selector: str, words: str) -> None:
        """Click a field, and press one key after the other."""
        self.click(selector)
        keys = [{"type": kind, "value": letter} for letter in words for kind in ("keyDown", "keyUp")]
        self.do("input.performActions", context=self.tab, actions=[{"type": "key", "id": "keys", "actions": keys}])


def _address(process: subprocess.Popen[bytes], profile: Path) -> str:
    """Return where a Firefox that was just started listens: it writes that down in its profile."""
    note, ends = profile / "WebDriverBiDiServer.json", time.monotonic() + LONGEST_START
    while process.poll() is None and time.monotonic() < ends:
        if note.exists() and (text := note.read_text()):
            told = json.loads(text)
            return f"ws://{told['ws_host']}:{told['ws_port']}/session"
        time.sleep(0.05)
    raise RuntimeError("Firefox did not start.")


@contextmanager
def running_firefox(executable: str, profile: Path) -> Iterator[Firefox]:
    """Run a Firefox on a new profile in a folder for as long as the block lasts."""
    (profile / "user.js").write_text('user_pref("intl.accept_languages", "es-AR");\n')
    command = [executable, *FLAGS, "--profile", str(profile)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with connect(_address(process, profile), max_size=None) as wire:
                yield Firefox(wire)
        finally:
            process.kill()
