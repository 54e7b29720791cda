"""What the first webhook and the first poll wait for where no process lives on: an import budget.

`make bench` measures the time; this names whoever takes it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from app.auth.models import User
from config import TestConfig
from tests.auth.tampering import ACCESS, cookie
from tests.browser import SignedInClient
from tests.signing import WEBHOOK, inbound_form, sign

ROOT = Path(__file__).resolve().parents[1]
# Each takes about as long to import as a webhook to answer, or longer, and neither a webhook nor a poll needs any.
TOO_SLOW = {
    "PIL",
    "aiohttp",
    "alembic",
    "argon2",
    "babel.messages",
    "boto3",
    "cryptography",
    "dotenv",
    "filetype",
    "flask_migrate",
    "gunicorn",
    "obstore",
    "phonenumbers",
    "pytest",
    "pywebpush",
    "redis",
    "requests",
    "sentry_sdk",
    "simulator",
    "tests",
    "twilio.http",
    "twilio.rest",
}
PROGRAM = """
import json, sys

from wsgi import app

given = json.load(sys.stdin)
client = app.test_client()
client.set_cookie(*given["cookie"], domain="coordina.example")
asked = {"base_url": "https://coordina.example"}
answers = [
    client.post(given["webhook"], data=given["form"], headers={"X-Twilio-Signature": given["signature"]}, **asked),
    client.get("/whatsapp/unread", headers={"HX-Request": "true"}, **asked),
]
from babel import localedata

said = [answer.get_data(as_text=True) for answer in answers]
statuses = [answer.status_code for answer in answers]
json.dump({"statuses": statuses, "said": said, "modules": [*sys.modules], "locales": [*localedata._cache]}, sys.stdout)
"""


def settings(database_url: str) -> dict[str, str]:
    config = TestConfig()
    return {
        "SECRET_KEY": config.SECRET_KEY,
        "DATABASE_URL": database_url,
        "TWILIO_ACCOUNT_SID": config.TWILIO_ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": config.TWILIO_AUTH_TOKEN,
        "TWILIO_WEBHOOK_URL": config.TWILIO_WEBHOOK_URL,
    }


def test_the_first_webhook_and_the_first_poll_load_nothing_slow(
    database_url: str, ana: User, sign_in: Callable[[User], SignedInClient]
) -> None:
    form, token = inbound_form(), cookie(sign_in(ana), ACCESS)
    given = {"webhook": WEBHOOK, "form": form, "signature": sign(WEBHOOK, form), "cookie": [ACCESS, token]}

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(given),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings(database_url)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stderr == ""
    cold = json.loads(done.stdout)
    assert (cold["statuses"], "1 sin leer" in cold["said"][1]) == ([200, 200], True)
    assert sorted(TOO_SLOW & set(cold["modules"])) == []
    assert cold["locales"] == []  # Half a megabyte of months and weekdays, which only a page with a date needs.
