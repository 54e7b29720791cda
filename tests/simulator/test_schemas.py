"""Every REST answer against Twilio's own OpenAPI documents."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # It carries no types.

from tests.simulator.office import ACCOUNT_SID, ANA_PHONE, NEVER_WROTE_PHONE, Office
from tests.simulator.receiver import Receiver

pytestmark = pytest.mark.enable_socket

DOCUMENTS = Path(__file__).parents[3] / "shared" / "twilio-oai"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages"
SPEC_MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages"


@cache
def document(name: str) -> dict[str, Any]:
    path = DOCUMENTS / f"{name}.json"
    if not path.exists() and os.environ.get("CI") != "true":
        pytest.skip("Twilio's OpenAPI documents are not beside the project.")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def strict(schema: Any, schemas: dict[str, Any]) -> Any:
    """Turn OpenAPI 3.0 into JSON Schema: inline references, honour `nullable`, and ask for every property."""
    if isinstance(schema, list):
        return [strict(item, schemas) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return strict(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    turned = {name: strict(value, schemas) for name, value in schema.items() if name not in ("nullable", "x-twilio")}
    if schema.get("nullable") and "type" in turned:
        turned["type"] = [turned["type"], "null"]
    if isinstance(schema.get("properties"), dict):
        turned["required"], turned["additionalProperties"] = sorted(schema["properties"]), False
    return turned


def assert_valid(answer: Any, name: str, path: str, method: str, status: str) -> None:
    spec = document(name)
    content = spec["paths"][path][method]["responses"][status]["content"]["application/json"]
    schema = strict(content["schema"], spec["components"]["schemas"])
    assert [error.message for error in Draft7Validator(schema).iter_errors(answer)] == []


@pytest.mark.parametrize("query", ["", "?PageSize=1", "?PageSize=1&Page=1", "?From=whatsapp%3A%2B1"])
def test_lists_of_messages_have_twilios_shape(office: Office, query: str) -> None:
    office.send()
    office.send(to=NEVER_WROTE_PHONE)
    office.idle()

    answer = office.rest(f"{MESSAGES}.json{query}").json()

    assert_valid(answer, "twilio_api_v2010", f"{SPEC_MESSAGES}.json", "get", "200")


def test_a_created_message_has_twilios_shape(office: Office) -> None:
    data = {"To": f"whatsapp:{ANA_PHONE}", "From": "whatsapp:+14155550100", "Body": "Hola"}

    answer = office.rest(f"{MESSAGES}.json", method="POST", data=data)

    assert answer.status_code == 201
    assert_valid(answer.json(), "twilio_api_v2010", f"{SPEC_MESSAGES}.json", "post", "201")


def test_fetched_messages_and_media_have_twilios_shape(office: Office, receiver: Receiver) -> None:
    inbound = office.writes(type="image")
    failed = office.send(media_url=[f"{receiver.url}/missing.png"]).sid
    office.idle()

    for sid in (inbound, failed):
        message = office.rest(f"{MESSAGES}/{sid}.json").json()
        media_list = office.rest(f"{MESSAGES}/{sid}/Media.json").json()
        media = office.rest(media_list["media_list"][0]["uri"]).json()

        assert_valid(message, "twilio_api_v2010", f"{SPEC_MESSAGES}/{{Sid}}.json", "get", "200")
        assert_valid(media_list, "twilio_api_v2010", f"{SPEC_MESSAGES}/{{MessageSid}}/Media.json", "get", "200")
        assert_valid(media, "twilio_api_v2010", f"{SPEC_MESSAGES}/{{MessageSid}}/Media/{{Sid}}.json", "get", "200")


@pytest.mark.parametrize("path", ["/v1/Content", "/v1/ContentAndApprovals"])
def test_lists_of_templates_have_twilios_shape(office: Office, path: str) -> None:
    answer = office.rest(path, params={"PageSize": 2}).json()

    assert_valid(answer, "twilio_content_v1", path, "get", "200")


def test_a_template_and_its_approval_have_twilios_shape(office: Office) -> None:
    given = {"friendly_name": "nueva", "language": "es_AR", "types": {"twilio/text": {"body": "Hola"}}}

    created = office.rest("/v1/Content", method="POST", json=given).json()
    path = f"/v1/Content/{created['sid']}"
    asked = office.rest(
        f"{path}/ApprovalRequests/whatsapp", method="POST", json={"name": "nueva", "category": "UTILITY"}
    )
    fetched, approval = office.rest(path).json(), office.rest(f"{path}/ApprovalRequests").json()

    spec_path = "/v1/Content/{ContentSid}/ApprovalRequests/whatsapp"
    assert_valid(created, "twilio_content_v1", "/v1/Content", "post", "201")
    assert_valid(asked.json(), "twilio_content_v1", spec_path, "post", "201")
    assert_valid(fetched, "twilio_content_v1", "/v1/Content/{Sid}", "get", "200")
    assert_valid(approval, "twilio_content_v1", "/v1/Content/{Sid}/ApprovalRequests", "get", "200")


def test_the_typing_indicator_has_twilios_shape(office: Office) -> None:
    data = {"channel": "whatsapp", "messageId": office.writes()}

    answer = office.rest("/v2/Indicators/Typing.json", method="POST", data=data).json()

    assert_valid(answer, "twilio_messaging_v2", "/v2/Indicators/Typing.json", "post", "200")


def test_the_account_has_twilios_shape(office: Office) -> None:
    answer = office.rest(f"/2010-04-01/Accounts/{ACCOUNT_SID}.json").json()

    assert_valid(answer, "twilio_api_v2010", "/2010-04-01/Accounts/{Sid}.json", "get", "200")


def test_a_sender_has_twilios_shape_listed_fetched_and_changed(office: Office) -> None:
    path = "/v2/Channels/Senders"
    listed = office.rest(path, params={"Channel": "whatsapp"}).json()
    sid = listed["senders"][0]["sid"]
    fetched = office.rest(f"{path}/{sid}").json()
    webhook = {"callback_url": "https://coordina.example/hook", "callback_method": "POST"}
    changed = office.rest(f"{path}/{sid}", method="POST", json={"webhook": webhook})

    assert changed.status_code == 202
    assert changed.json()["webhook"]["callback_url"] == "https://coordina.example/hook"
    assert_valid(listed, "twilio_messaging_v2", path, "get", "200")
    assert_valid(fetched, "twilio_messaging_v2", f"{path}/{{Sid}}", "get", "200")
    assert_valid(changed.json(), "twilio_messaging_v2", f"{path}/{{Sid}}", "post", "202")


def test_an_error_has_twilios_shape(office: Office) -> None:
    sid = "SM" + "0" * 32

    answer = office.rest(f"{MESSAGES}/{sid}.json")

    assert answer.status_code == 404
    assert answer.json() == {
        "code": 20404,
        "message": f"The requested resource {MESSAGES}/{sid}.json was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "/v1/Nothing", 20404), ("DELETE", "/v1/Content", 20004), ("POST", "/v1/Content", 20001)],
)
def test_what_is_not_there_is_refused_in_twilios_shape(office: Office, method: str, path: str, code: int) -> None:
    answer = office.rest(path, method=method)

    assert answer.json()["code"] == code
