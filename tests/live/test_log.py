"""What a server of one's own writes: every line can be read by a machine, and none holds what people said."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from flask import Flask

from app.auth.models import User
from simulator.running import RunningSimulator
from tests.factories import PASSWORD
from tests.live_server import LiveServer
from tests.signing import WEBHOOK, inbound_form, sign

pytestmark = pytest.mark.enable_socket

PHONE = "+5491155550163"


def ask(server: LiveServer, path: str, data: bytes | None = None, **headers: str) -> bytes:
    request = urllib.request.Request(
        server.url + path, data, {name.replace("_", "-"): it for name, it in headers.items()}
    )
    with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())
    return b""


def test_gunicorn_writes_one_json_object_a_line(
    app: Flask, ana: User, database_url: str, simulator: RunningSimulator, tmp_path: Path
) -> None:
    settings = {"TWILIO_API_BASE_URL": simulator.url, "LOG_REQUESTS": "1", "REDIS_URL": "redis://127.0.0.1:9/0"}
    server = LiveServer(database_url, tmp_path / "server.log", RATELIMIT_ENABLED="1", **settings).start()
    entering = json.dumps({"email": ana.email, "password": PASSWORD}).encode()
    token = json.loads(ask(server, "/api/auth/login", entering, Content_Type="application/json"))["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    form = inbound_form("el secreto de Lucía", PHONE)
    body = urllib.parse.urlencode(form).encode()

    ask(server, WEBHOOK, body, X_Twilio_Signature=sign(WEBHOOK, form, base_url=server.url))
    ask(server, WEBHOOK, body)
    sending = json.dumps({"to": PHONE, "body": "respuesta secreta"}).encode()
    ask(server, "/api/whatsapp/send", sending, Content_Type="application/json", Idempotency_Key="uno", **bearer)
    ask(server, f"/api/whatsapp/conversations/{urllib.parse.quote(PHONE)}/messages?cursor=secreto", **bearer)
    server.kill()

    written = server.log.read_text()
    lines = [json.loads(line) for line in written.splitlines()]
    answered = [(line["endpoint"], line["status"]) for line in lines if line["event"] == "Request answered"]
    assert ("whatsapp_webhook.webhook", 200) in answered
    assert ("whatsapp_webhook.webhook", 403) in answered
    assert ("whatsapp_api.send", 201) in answered
    assert {"app.limit_store", "app.whatsapp.messaging.webhook"} <= {line["logger"] for line in lines}
    secrets = ["55550163", "secret", PASSWORD, token, "test-auth-token", ana.email]
    assert [word for word in secrets if word in written] == []
