"""docs/openapi.yaml against the app: it describes every door, and no answer is outside it.

SCHEMATHESIS_EXAMPLES=300 asks for that many generated requests per operation, and for every boundary of every
parameter; without it there are a few, for the sake of speed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from flask import Flask
from flask.testing import FlaskClient
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi.schemas import OpenApiSchema
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.test import Client

from app.auth.models import User
from app.errors import DomainError
from app.extensions import utcnow
from tests.factories import PASSWORD, Factories
from tests.wire import MoodyTwilio, Wire

DOCUMENT = Path(__file__).parent.parent / "docs" / "openapi.yaml"
DEEP = "SCHEMATHESIS_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))
TWILIOS_DOORS = ("/api/whatsapp/webhook", "/api/whatsapp/status")
# What no door of the API raises.
PAGES_CODES = {
    "answered_meanwhile",
    "incomplete",
    "no_public_address",
    "not_retriable",
    "not_settable",
    "push_failed",
    "twilio_failed",
}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
CONFIG = {
    "seed": 20260101,
    "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none", "no-shrink": True},
    "phases": {"coverage": {"enabled": DEEP}, "stateful": {"generation": {"max-examples": max(3, EXAMPLES // 4)}}},
    "checks": {
        # What Twilio refuses is our 502, which the document describes.
        "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "502"]},
        # Well-formed values may still name nothing: a phone that no country has, a cursor of another list.
        "positive_data_acceptance": {"enabled": False},
        # test_what_the_document_closes_is_closed asks that of every door, without chance.
        "ignored_auth": {"enabled": False},
    },
}


def _sign_in(wire: Wire) -> dict[str, Any]:
    answer = Client(wire).post("/api/auth/login", json={"email": "ana@example.com", "password": PASSWORD})
    return dict(answer.json or {})


def _show_credentials(schema: OpenApiSchema, wire: Wire) -> None:
    """Give each request what its door asks for; what ends or spends a session gets one of its own."""
    shared = _sign_in(wire)["access_token"]

    @schema.auth(refresh_interval=None)
    class Credentials:
        def get(self, case: Any, context: Any) -> tuple[str, str]:
            if "twilio" in case.operation.tags:
                return "X-Twilio-Signature", "genuine"
            if case.operation.path == "/api/auth/refresh":
                return "Authorization", f"Bearer {_sign_in(wire)['refresh_token']}"
            token = _sign_in(wire)["access_token"] if case.operation.path == "/api/auth/logout" else shared
            return "Authorization", f"Bearer {token}"

        def set(self, case: Any, data: tuple[str, str], context: Any) -> None:
            case.headers = {**(case.headers or {}), data[0]: data[1]}
            if "twilio" in case.operation.tags and isinstance(case.body, dict) and "AccountSid" in case.body:
                case.body["AccountSid"] = wire.app.config["TWILIO_ACCOUNT_SID"]


def _run(schema: OpenApiSchema) -> list[str]:
    """Run every phase and return what was found wrong, each with the request that shows it."""
    found = []
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            for case_id, checks in event.recorder.checks.items():
                case = event.recorder.cases[case_id].value
                found += [
                    f"{event.phase.value} {event.label}: {check.name}: {check.failure_info.failure.message}"
                    f"\n  {case.as_curl_command()[:1000]}"
                    for check in checks
                    if check.failure_info
                ]
        elif isinstance(event, events.NonFatalError | events.FatalError):
            found.append(str(event))
    return found


def _ask_what_chance_may_miss(schema: OpenApiSchema, wire: Wire) -> None:
    """Ask by name for answers that few generated requests get: the right contact, the right mood, the wrong words."""
    bearer = f"Bearer {_sign_in(wire)['access_token']}"

    def send(to: str, key: str) -> int:
        headers = {"Authorization": bearer, "Idempotency-Key": key}
        case = schema["/api/whatsapp/send"]["POST"].Case(body={"to": to, "body": "Hola"}, media_type="application/json")
        return int(case.call_and_validate(headers=headers).status_code)

    operation = schema["/api/coordinaciones/{id}"]["GET"]
    missing = operation.Case(path_parameters={"id": 999}).call_and_validate(headers={"Authorization": bearer})
    unsigned = schema["/api/whatsapp/webhook"]["POST"].Case(
        body={"MessageSid": "SM1"}, media_type="application/x-www-form-urlencoded"
    )
    broken = Client(wire).post("/api/auth/login", data="{", content_type="application/json")

    assert (missing.status_code, unsigned.call_and_validate().status_code) == (404, 403)
    assert (broken.status_code, broken.mimetype) == (400, "application/problem+json")
    assert [send(to, to) for to in ("+5491155550102", "+5491155550103")] == [409, 409]
    assert {send("+5491155550101", f"mood {number}") for number in range(35)} == {201, 202, 502}


@pytest.fixture
def wire(app: Flask, factories: Factories, ana: User) -> Wire:
    """An office in which the examples of the document exist."""
    app.extensions["twilio"] = MoodyTwilio()
    coordinacion = factories.coordinacion(phone="+5491155550101", external_ref="EV-2026-117")
    open_window = factories.conversation("+5491155550101", coordinacion_id=coordinacion.id)
    factories.conversation("+5491155550102", window_expires_at=utcnow() - timedelta(hours=1))
    factories.conversation("+5491155550103", opted_out=True)
    factories.message(factories.conversation(None, user_id="AR.123"), location={"latitude": "1", "longitude": "2"})
    for number in range(3):
        factories.message(open_window, f"Hola {number}", coordinacion_id=coordinacion.id)
    return Wire(app)


def _operations(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method.upper() in METHODS
    ]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    schemathesis.openapi.from_dict(document).validate()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in re.findall(r'\$ref: "#/(components/[^"]+)"', DOCUMENT.read_text(encoding="utf-8")):
        place: Any = document
        for name in reference.split("/"):
            assert name in place, reference
            place = place[name]


def _defaults(document: dict[str, Any], part: Any) -> Iterator[str]:
    """Yield every default that a schema gives, through its references."""
    if isinstance(part, list):
        for each in part:
            yield from _defaults(document, each)
    elif isinstance(part, dict):
        if "$ref" in part:
            *_, room, name = part["$ref"].split("/")
            yield from _defaults(document, document["components"][room][name])
        if "default" in part:
            yield str(part)
        for each in part.values():
            yield from _defaults(document, each)


def test_no_body_of_a_request_has_a_default_that_a_client_would_send_unasked(document: dict[str, Any]) -> None:
    for method, path in _operations(document):
        body = document["paths"][path][method.lower()].get("requestBody", {})

        assert not list(_defaults(document, body)), (method, path)


def test_every_door_of_the_api_is_described_and_nothing_else(app: Flask, document: dict[str, Any]) -> None:
    doors = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule).replace("{coordinacion_id}", "{id}"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & METHODS
        if rule.rule.startswith("/api/")
    }

    assert set(_operations(document)) == doors


def _codes_of_errors(kind: type[DomainError] = DomainError) -> Iterator[str]:
    yield kind.code
    for below in kind.__subclasses__():
        yield from _codes_of_errors(below)


def _listed_codes(part: Any) -> Iterator[str]:
    """Yield the codes that the schemas of problems allow, each where it may be answered."""
    if isinstance(part, list):
        for each in part:
            yield from _listed_codes(each)
    elif isinstance(part, dict):
        for name, each in part.items():
            if name == "code" and isinstance(each, dict):
                yield from (each["enum"] if "enum" in each else [each["const"]] if "const" in each else [])
            yield from _listed_codes(each)


def test_every_code_of_a_problem_is_in_the_document_and_no_other(app: Flask, document: dict[str, Any]) -> None:
    anywhere = set(re.findall(r"`[45]\d\d (\w+)`", document["info"]["description"]))
    listed = anywhere | set(_listed_codes(document))
    source = "\n".join(path.read_text(encoding="utf-8") for path in Path(app.root_path).rglob("*.py"))
    of_http = {
        HTTP_STATUS_CODES[status].lower().replace(" ", "_") for status in (400, 403, 404, 405, 413, 415, 416, 429)
    }
    answered = set(_codes_of_errors()) | set(re.findall(r'\b(?:_answer|problem)\(\d{3}, "(\w+)"', source))

    assert answered - PAGES_CODES <= listed
    assert not listed & PAGES_CODES
    assert {code for code in listed if f'"{code}"' not in source} <= of_http <= listed


def test_the_document_is_served_to_anybody_and_once(nobody: FlaskClient) -> None:
    response = nobody.get("/api/openapi.yaml")
    again = nobody.get("/api/openapi.yaml", headers={"If-None-Match": response.headers["ETag"]})

    assert (response.status_code, response.mimetype, response.data) == (200, "application/yaml", DOCUMENT.read_bytes())
    assert (again.status_code, again.data) == (304, b"")


def test_what_the_document_closes_is_closed(nobody: FlaskClient, document: dict[str, Any]) -> None:
    values = {"{phone}": "+5491155550101", "{id}": "1", "{ref}": "EV-1", "{file_id}": "1"}
    for method, path in _operations(document):
        if document["paths"][path][method.lower()]["security"]:
            url = re.sub(r"{\w+}", lambda found: values[found[0]], path)
            for headers in ({}, {"Authorization": "Bearer x", "X-Twilio-Signature": "x"}):
                response = nobody.open(url, method=method, headers=headers)

                assert response.status_code == (403 if url in TWILIOS_DOORS else 401), url
                assert response.mimetype == "application/problem+json"


def test_no_answer_is_outside_the_document(wire: Wire) -> None:
    config = SchemathesisConfig.from_dict(CONFIG)
    schema = schemathesis.openapi.from_wsgi("/api/openapi.yaml", wire, config=config)
    _show_credentials(schema, wire)

    found = _run(schema)
    _ask_what_chance_may_miss(schema, wire)

    assert not found, f"{len(found)} found:\n" + "\n".join(found)
    # Every answer that can be had without a fault of ours was had, so the run looked at what it should.
    # What was never answered was never tried: other methods and media types come with the boundaries.
    reached = {200, 201, 202, 204, 400, 401, 403, 404, 409, 422, 502} | ({405, 415} if DEEP else set())
    assert reached <= set(wire.answers)
    print(sum(wire.answers.values()), "requests:", dict(wire.answers))
