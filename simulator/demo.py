"""`make demo`: an office with a dozen events and lively chats, and the clients' phones beside it, until Ctrl-C.

The history comes in as a real one would: the simulator holds it, and `flask whatsapp sync` brings it over REST. What
REST does not tell (who of the office wrote, what was read, quotes) is filled in from the sample afterwards.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import time as day_time
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select

from app import create_app
from app.auth.actions.people import create_user
from app.auth.models import User
from app.coordinaciones.models import Coordinacion
from app.extensions import db, init_migrations, utcnow, writing
from app.formats import today
from app.push.webpush import make_keys
from app.whatsapp.actions.conversation import fold_search_text
from app.whatsapp.inbox.snippet_queries import QuickReply
from app.whatsapp.messaging.actions.sync import sync
from app.whatsapp.models import Conversation, Message
from app.whatsapp.templates.actions.sync import sync_templates
from config import Config

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "simulator" / "sample.json"
INSTANCE = ROOT / "instance"
QUICK_REPLIES = ("¡Hola! ¿Cómo va?", "Lo consulto y te confirmo hoy.", "¿Nos pasás la lista de temas?")
START_LIMIT_SECONDS = 40
# All that the demo takes from whoever starts it: what its programs need to run, and what says how the office speaks.
INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
SPOKEN = ("APP_LANGUAGE", "APP_TIMEZONE", "DEFAULT_REGION")


def free_port(wanted: int) -> int:
    """Return `wanted` if nobody listens there, else any free port of this machine."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("No port is free on 127.0.0.1.")


def demo_database(app_port: int) -> Path:
    """Return where the demo at `app_port` keeps its data; another port is another demo."""
    return INSTANCE / f"demo-{app_port}.db"


def demo_environment(app_port: int, simulator_port: int) -> dict[str, str]:
    """Return the settings of the demo: nothing of a real account is read, be it in the environment or in `.env`."""
    return {name: os.environ[name] for name in (*INHERITED, *SPOKEN) if name in os.environ} | {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": f"sqlite:///{demo_database(app_port)}",
        "REDIS_URL": "",
        "TWILIO_ACCOUNT_SID": "AC" + "5" * 32,
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "TWILIO_WHATSAPP_NUMBER": "+14155550100",
        "TWILIO_WEBHOOK_URL": f"http://127.0.0.1:{app_port}/api/whatsapp/webhook",
        "TWILIO_MESSAGING_SERVICE_SID": "",
        "TWILIO_API_BASE_URL": f"http://127.0.0.1:{simulator_port}",
        "VAPID_PRIVATE_KEY": make_keys()[0],
        "VAPID_SUBJECT": "mailto:demo@example.com",
        "TRUSTED_PROXIES": "0",
        "LOG_LEVEL": "WARNING",
    }


def application() -> Flask:
    """Return the office as the demo's own gunicorn serves it: from its environment alone, and never from `.env`."""
    return create_app(Config.from_environment(dict(os.environ)))


def wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until `url` answers anything. Raises SystemExit when the process ends or time runs out."""
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} did not come up.")


def seed_office(sample: dict[str, Any], password: str) -> None:
    """Store staff, coordinaciones and quick replies."""
    for person in sample["staff"]:
        create_user(person["email"], person["name"], person["role"], password)
    users = {user.email: user.id for user in db.session.scalars(select(User))}
    with writing() as session:
        for given in sample["coordinaciones"]:
            fields = {
                name: given[name] for name in ("title", "client_name", "phone", "event_kind", "place", "state", "notes")
            }
            days, hour = given.get("days_ahead"), given.get("start_time")
            coordinacion = Coordinacion(
                **fields,
                event_on=today() + timedelta(days=days) if days is not None else None,
                start_time=day_time.fromisoformat(hour) if hour else None,
                dj_id=users.get(given.get("dj") or ""),
            )
            coordinacion.fold_search_text()
            session.add(coordinacion)
        session.add_all(QuickReply(body=body) for body in QUICK_REPLIES)


def dress_history(sample: dict[str, Any]) -> None:
    """Fill in what REST does not tell of the history: authors, kinds, names of files, quotes, what staff had read."""
    users = {user.email: user.id for user in db.session.scalars(select(User))}
    names = {client.get("phone") or client["user_id"]: client["name"] for client in sample["clients"]}
    templates = {template["sid"]: template for template in sample["templates"]}
    kinds = {"contacts": "contact", "button": "interactive"}
    with writing() as session:
        for given in sample["messages"]:
            message = session.scalar(select(Message).where(Message.message_sid == given["sid"]))
            if message is None:
                continue
            kind = given.get("type", "text")
            message.type = kinds.get(kind, kind)
            message.author_id = users.get(given.get("author", ""))
            message.reply_to_sid = given.get("reply_to")
            if template := templates.get(given.get("content_sid", "")):
                _dress_template(message, template)
            message.read_at = None if message.inbound and not given.get("read", True) else utcnow()
            _dress_attachments(message, given)
        for conversation in session.scalars(select(Conversation)):
            unread = (
                Message.conversation_id == conversation.id,
                Message.direction == "inbound",
                Message.read_at.is_(None),
            )
            conversation.unread_count = session.scalars(select(func.count(Message.id)).where(*unread)).one()
            conversation.contact.profile_name = names.get(conversation.address, "")
            fold_search_text(conversation)


def _dress_template(message: Message, template: dict[str, Any]) -> None:
    """Let `message` have been sent with `template`; which values filled it, the sample does not say."""
    message.type, message.category = "template", template["category"].lower()
    message.template = {
        "content_sid": template["sid"],
        "variables": {},
        "name": template["friendly_name"],
        "language": template["language"],
        "category": template["category"],
    }


def _dress_attachments(message: Message, given: dict[str, Any]) -> None:
    for media in message.media:
        media.filename = given.get("file_name", "")
        if message.body == media.filename:
            message.body = ""
    if given.get("latitude") is not None:
        message.location = {
            name: str(given[name]) for name in ("latitude", "longitude", "label", "address") if name in given
        }


def build(environment: dict[str, str], password: str) -> None:
    """Make the demo's database anew and bring in the history from the simulator that is running."""
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    for old in INSTANCE.glob(f"{Path(environment['DATABASE_URL']).name}*"):
        old.unlink()
    app: Flask = create_app(Config.from_environment(environment))
    init_migrations(app)
    with app.app_context():
        upgrade()
        seed_office(sample, password)
        sync(lambda _report: None, since=utcnow() - timedelta(days=60))
        dress_history(sample)
        sync_templates()
        db.engine.dispose()


def start(arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start one of the demo's two servers; Ctrl-C reaches it through this program alone."""
    return subprocess.Popen([sys.executable, "-m", *arguments], cwd=ROOT, env=environment, start_new_session=True)


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End what was started, and wait for it."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def announce(app_port: int, simulator_port: int, password: str) -> None:
    """Print where to go and how to sign in."""
    print(
        f"""
  Coordina     http://127.0.0.1:{app_port}
  The phones   http://127.0.0.1:{simulator_port}     (write as a client; the menu has faults to try)

  Sign in as   ana@example.com, bruno@example.com or carla@example.com (admin)
  Password     {password}

  Ctrl-C stops both.
""",
        flush=True,
    )


def serve(running: list[subprocess.Popen[bytes]], app_port: int, simulator_port: int) -> None:
    """Bring both servers up, putting each into `running`, and return when one of them has ended by itself."""
    environment, password = demo_environment(app_port, simulator_port), "muestra-" + secrets.token_hex(3)
    running.append(start(["simulator", "--port", str(simulator_port), "--sample", str(SAMPLE)], environment))
    wait_until_up(f"http://127.0.0.1:{simulator_port}/control/clients", running[0])
    build(environment, password)
    office = ["simulator.demo:application()", "--bind", f"127.0.0.1:{app_port}", "--workers", "1"]
    running.append(start(["gunicorn", *office, "--log-level", "warning"], environment))
    wait_until_up(f"http://127.0.0.1:{app_port}/login", running[1])
    announce(app_port, simulator_port, password)
    while all(process.poll() is None for process in running):
        time.sleep(0.5)


def main() -> int:
    """Run the demo until Ctrl-C or SIGTERM, and stop both servers then."""
    ends = (signal.SIGINT, signal.SIGTERM)
    for number in ends:  # Also where a shell that runs things in the background had SIGINT ignored.
        signal.signal(number, signal.default_int_handler)
    running: list[subprocess.Popen[bytes]] = []
    try:
        serve(
            running,
            free_port(int(os.environ.get("PORT", "5000"))),
            free_port(int(os.environ.get("SIMULATOR_PORT", "4020"))),
        )
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0
    finally:
        for number in ends:  # Whoever is impatient must not leave a server behind.
            signal.signal(number, signal.SIG_IGN)
        stop(running)
    return 1


if __name__ == "__main__":
    sys.exit(main())
