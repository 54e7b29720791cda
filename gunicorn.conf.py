"""How gunicorn serves Coordina; read by itself when `gunicorn wsgi:app` is run from this folder.

What the command line says wins over this file. PORT and WEB_CONCURRENCY come from the environment or `.env`.
"""

from __future__ import annotations

import logging
import os
import re

from config import Config, read_environment
from environment import ConfigError, number

_PROCESSES = 2
_environment = read_environment()
try:
    # Every worker reads the settings for itself. Reading them here first ends a start that cannot succeed with the one
    # sentence, before a worker dies of it with a traceback.
    Config.from_environment(_environment)
    _port = number(_environment, "PORT", 0)
    _processes = number(_environment, "WEB_CONCURRENCY", _PROCESSES) or _PROCESSES
except ConfigError as error:
    raise SystemExit(f"Coordina cannot start with these settings. {error.message}") from None

# A host that names a port reaches it over a network; without one nobody but this machine's own web server has to.
bind = f"0.0.0.0:{_port}" if _environment.get("PORT") else "127.0.0.1:8000"

# Most requests are polls of a few milliseconds, so threads share a process well; a send waits up to ten seconds for
# Twilio, so a process needs more threads than the sends that an office has under way at once. Two processes use two
# cores, and one of them serves while the other starts anew. Each thread holds a database connection at most, so an
# instance takes 16 of PostgreSQL's; docs/scale.md has the sums.
worker_class = "gthread"
workers = _processes
threads = 8

# A worker whose loop has not moved for this long is killed. Its loop does not wait for requests: a slow one is safe.
timeout = 30
# What is under way ends before a stop: a send that Twilio puts off and takes the second time lasts 20 seconds at most.
# Whoever stops gunicorn must wait longer than this: stop_grace_period in compose.yaml, TimeoutStopSec in systemd.
graceful_timeout = 30

# A worker starts anew after so many requests, hours of an office's polls, should anything in it ever grow; not all of
# them at the same moment.
max_requests = 20_000
max_requests_jitter = 4_000

# Longer than the web server in front keeps its connections (nginx: 60 seconds), so that it is never the one to write
# into a connection that was just closed here. An idle one takes no thread.
keepalive = 75

# The workers' signs of life are written to a file, and a slow disk must not look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108

# Nobody's X-Forwarded-* headers count here: the app alone decides, by TRUSTED_PROXIES, whom it believes.
forwarded_allow_ips = ""
# Its socket for commands would be written under the home folder, which in a container is read-only.
control_socket_disable = True

# Addresses hold clients' phones (/api/whatsapp/conversations/+549...), so they are not logged; the web server in front
# can count requests, with its own log of addresses shut.
accesslog = None
errorlog = "-"


def _without_phones(record: logging.LogRecord) -> bool:
    """Take out of gunicorn's own complaints, some of which quote an address, every number as long as a phone."""
    record.msg, record.args = re.sub(r"\d{8,}", "...", record.getMessage()), None
    return True


def post_worker_init(_worker: object) -> None:
    """Let no worker write a phone to the log."""
    logging.getLogger("gunicorn.error").addFilter(_without_phones)
