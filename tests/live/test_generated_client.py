"""A client that openapi-python-client makes from docs/openapi.yaml, against the running app."""

from __future__ import annotations

import importlib
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from http import HTTPStatus
from types import ModuleType
from typing import Any

import pytest

from app.auth.models import User
from config import ROOT
from simulator.running import RunningSimulator
from simulator.sample import add_template
from tests.factories import PASSWORD
from tests.live.test_concurrency import idle, say
from tests.live_server import LiveServer

pytestmark = pytest.mark.enable_socket

PHONE = "+5491155550101"
TEMPLATE = {
    "sid": "HX" + "0" * 31 + "1",
    "friendly_name": "confirmacion_de_evento",
    "types": {"twilio/text": {"body": "Hola {{1}}, te confirmamos tu evento."}},
}
Part = Callable[[str], Any]


@pytest.fixture(scope="session")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Part]:
    """Give the modules of the client by name. The generator has to read the whole document without a warning."""
    folder = tmp_path_factory.mktemp("generated")
    # Without the override the generator leaves out the one answer that is YAML; ruff need not tidy what nobody reads.
    (folder / "config.yaml").write_text("post_hooks: []\ncontent_type_overrides: {application/yaml: text/plain}\n")
    files = {"--path": ROOT / "docs" / "openapi.yaml", "--output-path": folder / "coordina_client"}
    options = [str(word) for pair in (files | {"--config": folder / "config.yaml"}).items() for word in pair]
    made = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"coordina_client.{name}")

    yield load
    sys.path.remove(str(folder))


@pytest.fixture
def session(part: Part, server: LiveServer, ana: User) -> Any:
    """What Ana's signing in answered."""
    credentials = part("models").Credentials(email=ana.email, password=PASSWORD)
    with part("client").Client(base_url=server.url, raise_on_unexpected_status=True) as anonymous:
        return part("api.auth.sign_in").sync(client=anonymous, body=credentials)


@pytest.fixture
def connect(part: Part, server: LiveServer) -> Iterator[Callable[[str], Any]]:
    """Return clients that show a token."""
    opened = []

    def client(token: str) -> Any:
        opened.append(
            part("client").AuthenticatedClient(base_url=server.url, token=token, raise_on_unexpected_status=True)
        )
        return opened[-1].__enter__()

    yield client
    for each in opened:
        each.__exit__()


def test_it_sends_and_reads_messages(
    part: Part, session: Any, connect: Callable[[str], Any], simulator: RunningSimulator
) -> None:
    say(simulator, simulator.world.add_client("Lucía Ferreyra", PHONE, None, True).key, "¿Llegan a las 20?")
    idle(simulator)
    client, models, key = connect(session.access_token), part("models"), uuid.uuid4().hex
    answer = models.SendRequest(to=PHONE, body="Sí, a las 20.")

    conversations = part("api.whatsapp.list_conversations").sync(client=client)
    sent = part("api.whatsapp.send_message").sync(client=client, body=answer, idempotency_key=key)
    repeated = part("api.whatsapp.send_message").sync_detailed(client=client, body=answer, idempotency_key=key)
    idle(simulator)
    thread = part("api.whatsapp.list_messages").sync(PHONE, client=client)
    part("api.whatsapp.mark_read").sync_detailed(PHONE, client=client)
    unread = part("api.whatsapp.count_unread").sync(client=client)

    assert [row.phone_number for row in conversations.items] == [PHONE]
    assert (sent.body, sent.author.name, sent.template, sent.sent_at.utcoffset().total_seconds()) == (
        "Sí, a las 20.", session.user.name, None, 0,
    )  # fmt: skip
    assert (repeated.status_code, repeated.parsed.id) == (HTTPStatus.OK, sent.id)
    assert [(row.direction, row.body) for row in thread.items] == [
        (models.MessageDirection.OUTBOUND, "Sí, a las 20."),
        (models.MessageDirection.INBOUND, "¿Llegan a las 20?"),
    ]
    assert unread.unread_count == 0


def test_it_sends_files_and_templates_and_reads_them_back(
    part: Part, session: Any, connect: Callable[[str], Any], simulator: RunningSimulator
) -> None:
    say(simulator, simulator.world.add_client("Lucía Ferreyra", PHONE, None, True).key, "¿Tienen el plano?")
    idle(simulator)
    client, models, types = connect(session.access_token), part("models"), part("types")
    add_template(simulator.world, TEMPLATE, 0)
    variables = models.TemplateToSendVariables.from_dict({"1": "Lucía"})
    template = models.TemplateToSend(content_sid=TEMPLATE["sid"], variables=variables)
    pdf = types.File(payload=b"%PDF-1.4\n%%EOF\n", file_name="plano.pdf", mime_type="application/pdf")

    file = part("api.media.add_file").sync(client=client, body=models.AddFileBody(file=pdf))
    part("api.whatsapp.send_message").sync(client=client, body=models.SendRequest(to=PHONE, media_id=file.id))
    part("api.whatsapp.send_message").sync(client=client, body=models.SendRequest(to=PHONE, template=template))
    idle(simulator)
    thread = part("api.whatsapp.list_messages").sync(PHONE, client=client)
    read_back = part("api.media.read_file").sync_detailed(file.id, client=client)

    by_template, by_file, _question = thread.items
    assert {by_template.error_code, by_file.error_code} == {None}
    assert by_template.template.content_sid == template.content_sid
    assert by_template.template.variables.to_dict() == {"1": "Lucía"}
    assert [(media.id, media.filename) for media in by_file.media] == [(file.id, "plano.pdf")]
    assert read_back.content == b"%PDF-1.4\n%%EOF\n"


def test_it_changes_one_field_of_a_coordinacion_and_no_other(
    part: Part, session: Any, connect: Callable[[str], Any]
) -> None:
    client, models = connect(session.access_token), part("models")
    given = {
        "title": "Casamiento de Lucía", "client_name": "Lucía Ferreyra", "phone": PHONE, "event_kind": "wedding",
        "event_on": "2026-12-12", "start_time": "21:30", "place": "Quinta Los Aromos", "dj_id": session.user.id,
        "state": "confirmed", "notes": "Sin reggaetón.", "external_ref": "EV-1",
    }  # fmt: skip
    new = models.NewCoordinacion.from_dict(given)
    change = models.CoordinacionChanges(start_time="22:00")

    before = part("api.coordinaciones.create_coordinacion").sync(client=client, body=new).to_dict()
    part("api.coordinaciones.change_coordinacion").sync(before["id"], client=client, body=change)
    after = part("api.coordinaciones.read_coordinacion").sync(before["id"], client=client).to_dict()
    listed = part("api.coordinaciones.list_coordinaciones").sync(client=client)

    assert {name for name in after if after[name] != before[name]} == {"start_time", "updated_at"}
    assert after["start_time"] == "22:00"
    assert [row.to_dict() for row in listed.items] == [after]


def test_it_renews_its_session_is_told_what_is_refused_and_leaves(
    part: Part, session: Any, connect: Callable[[str], Any]
) -> None:
    renewed = part("api.auth.refresh").sync(client=connect(session.refresh_token))
    client, send, request = connect(renewed.access_token), part("api.whatsapp.send_message"), part("models").SendRequest

    closed = send.sync(client=client, body=request(to=PHONE, body="Hola"))
    incomplete = send.sync(client=client, body=request(to=PHONE))
    left = part("api.auth.sign_out").sync_detailed(client=client)
    afterwards = send.sync(client=client, body=request(to=PHONE, body="Hola"))

    assert (closed.status, closed.code) == (HTTPStatus.CONFLICT, "window_closed")
    assert (incomplete.code, list(incomplete.errors.to_dict())) == ("invalid", ["body"])
    assert left.status_code == HTTPStatus.NO_CONTENT
    assert (afterwards.status, afterwards.code) == (HTTPStatus.UNAUTHORIZED, "unauthorized")
