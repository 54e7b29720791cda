"""What a webhook waits for at a cold start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from app import create_app
from app.extensions import Base, db
from app.whatsapp.models import ChangeCounter
from config import TestConfig
from tests.signing import inbound_form, post_signed

app = create_app(TestConfig(SQLALCHEMY_DATABASE_URI=f"sqlite:///{sys.argv[1]}"))
with app.app_context():
    Base.metadata.create_all(db.engine)
    db.session.add(ChangeCounter(id=1, value=0))
    db.session.commit()
answer = post_signed(app.test_client(), "/api/whatsapp/webhook", inbound_form())
print(answer.status_code, *sorted({"twilio.rest", "requests", "phonenumbers", "alembic"} & set(sys.modules)))
"""


def test_a_webhook_is_answered_without_loading_the_rest_client(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "cold.db")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert done.stderr == ""
    assert done.stdout.split() == ["200"]
