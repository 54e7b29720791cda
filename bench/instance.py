"""What one request costs: processor time of gunicorn and of PostgreSQL, for each kind of request an office makes.

One process serves, by gunicorn.conf.py, on a database with a history; requests come one after another on one
connection. Processor time is counted, not waiting, so the client's own work and a busy machine disturb little.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from app.auth.actions.people import create_user
from app.extensions import db
from bench.cluster import Cluster, free_port, new_cluster
from bench.figures import print_table
from bench.office import make_office
from config import ROOT

EMAIL, PASSWORD, TOKEN, ACCOUNT = "ana@example.com", secrets.token_urlsafe(12), "not a real token", "AC" + "0" * 32
TICK = os.sysconf("SC_CLK_TCK")
_count = itertools.count(1)
Request = tuple[str, str, str | None, dict[str, str], int]


def processor_seconds(pid: int) -> float:
    """Return the processor time that the children of a process have used since they began."""
    total = 0
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):  # It ended in between.
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICK


def memory_of_children(pid: int) -> float:
    """Return the resident megabytes of the children of a process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = [line for child in children for line in Path(f"/proc/{child}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000


class Server:
    """A gunicorn with one process, and one connection to it."""

    def __init__(self, module: str, port: int, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "gunicorn", module, "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
        # gunicorn.conf.py asks for a key whatever is served.
        usual = {"WEB_CONCURRENCY": "1", "SECRET_KEY": secrets.token_urlsafe(48)}
        self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ | usual | environment)
        self.wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def wait(self, path: str) -> None:
        """Return when it answers."""
        for _try in range(600):
            try:
                self.ask("GET", path, None, {}, 200)
            except OSError:
                self.wire.close()
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("The server did not start.")

    def ask(self, method: str, path: str, body: str | None, headers: dict[str, str], expected: int) -> dict[str, str]:
        """Send one request and return the answer's headers; cookies are joined into one."""
        self.wire.request(method, path, body, headers)
        answer = self.wire.getresponse()
        answer.read()
        if answer.status != expected:
            raise RuntimeError(f"{method} {path} was answered {answer.status}")
        cookies = "; ".join(value.split(";")[0] for name, value in answer.getheaders() if name == "Set-Cookie")
        return {**dict(answer.getheaders()), "Cookie": cookies}


@contextlib.contextmanager
def serving(module: str, path: str, port: int, **environment: str) -> Iterator[Server]:
    """Start a server, and stop it at the end."""
    server = Server(module, port, environment)
    try:
        server.wait(path)
        yield server
    finally:
        server.process.terminate()
        server.process.wait()


def requests(server: Server, public_url: str, conversations: int) -> dict[str, Callable[[], Request]]:
    """Sign in, and return each kind of request an office makes."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    cookie = server.ask("POST", "/login", urlencode({"email": EMAIL, "password": PASSWORD}), form, 303)["Cookie"]
    browser = {"Cookie": cookie, "HX-Request": "true"}
    tag = server.ask("GET", "/whatsapp/unread", None, browser, 200)["HX-PTag"]

    def webhook() -> Request:
        number = next(_count)
        said = {
            "MessageSid": f"SM{number:032x}",
            "AccountSid": ACCOUNT,
            "From": f"whatsapp:+{5491100000000 + 1 + number % conversations}",
            "To": "whatsapp:+14155550100",
            "Body": "hola, una pregunta",
            "NumMedia": "0",
        }
        signature = RequestValidator(TOKEN).compute_signature(public_url, said)
        return "POST", "/api/whatsapp/webhook", urlencode(said), {**form, "X-Twilio-Signature": signature}, 200

    def changes() -> Request:
        path = f"/whatsapp/conversations/{1 + next(_count) % conversations}/changes?state=open&since={int(tag) - 1}"
        return "GET", path, None, browser, 200

    def thread() -> Request:
        return "GET", f"/whatsapp/conversations/{1 + next(_count) % conversations}/chat", None, browser, 200

    return {
        "poll, nothing new (304)": lambda: ("GET", "/whatsapp/unread", None, {**browser, "HX-PTag": tag}, 304),
        "poll, something new": lambda: ("GET", "/whatsapp/unread", None, {**browser, "HX-PTag": "1"}, 200),
        "list of conversations": lambda: ("GET", "/whatsapp/list", None, browser, 200),
        "what changed in the open thread": changes,
        "a thread, opened": thread,
        "a client's message (webhook)": webhook,
    }


def cost(server: Server, database: int, make: Callable[[], Request], times: int) -> tuple[float, float]:
    """Return the milliseconds of processor that one request takes, of gunicorn and of PostgreSQL."""
    for _warm in range(20):
        server.ask(*make())
    made = [make() for _time in range(times)]
    before = processor_seconds(server.process.pid), processor_seconds(database)
    for request in made:
        server.ask(*request)
    after = processor_seconds(server.process.pid), processor_seconds(database)
    return (after[0] - before[0]) / times * 1000, (after[1] - before[1]) / times * 1000


def measure(cluster: Cluster, times: int, conversations: int) -> None:
    """Print what each kind of request costs, in ratio to a bare Flask view."""
    postmaster = int(Path(cluster.data, "postmaster.pid").read_text().split()[0])
    with serving("bench.bare:app", "/", free_port()) as bare:
        floor, _none = cost(bare, postmaster, lambda: ("GET", "/", None, {}, 200), times * 4)
    port = free_port()
    public_url = f"http://127.0.0.1:{port}/api/whatsapp/webhook"
    settings = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": cluster.url("office"),
        "REDIS_URL": "",
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_WHATSAPP_NUMBER": "+14155550100",
        "TWILIO_WEBHOOK_URL": public_url,
    }
    rows = [["a bare Flask view", "1.0", f"{floor:.2f} ms", "-"]]
    with serving("wsgi:app", "/login", port, **settings) as server:
        for name, make in requests(server, public_url, conversations).items():
            ours, theirs = cost(server, postmaster, make, times)
            rows.append([name, f"{ours / floor:.1f}", f"{ours:.2f} ms", f"{theirs:.2f} ms"])
        memory = memory_of_children(server.process.pid)
    print_table(["request", "of a bare view", "gunicorn", "PostgreSQL"], rows)
    print(f"The process that served them holds {memory:.0f} MB.")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=400, help="of each kind; the limit is 3000 requests a minute")
    given = parser.parse_args()
    with new_cluster() as cluster:
        app = make_office(cluster, "office", given.messages)
        with app.app_context():
            create_user(EMAIL, "Ana", "staff", PASSWORD)
            db.session.remove()
            db.engine.dispose()
        measure(cluster, given.times, given.messages // 100)


if __name__ == "__main__":
    main()
