"""Another program of the company, which speaks to /api/whatsapp, and what it expects of an error."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

API = "/api/whatsapp"
MESSAGE_KEYS = {
    "id",
    "conversation_id",
    "coordinacion_id",
    "direction",
    "type",
    "body",
    "from_number",
    "to_number",
    "status",
    "error_code",
    "error_message",
    "message_sid",
    "retry_of",
    "price",
    "price_unit",
    "author",
    "media",
    "location",
    "reply_to",
    "template",
    "sent_at",
    "read_at",
    "created_at",
}
CONVERSATION_KEYS = {
    "id",
    "coordinacion_id",
    "phone_number",
    "user_id",
    "name",
    "last_message",
    "last_message_at",
    "unread_count",
    "window_expires_at",
    "opted_out",
    "waiting_since",
    "assigned_to",
}


class Program:
    """Another program of the company, with the access token of a person."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(API + path, query_string=query, headers=self.headers)

    def post(self, path: str, key: str | None = None, **kwargs: Any) -> Any:
        headers = self.headers | ({"Idempotency-Key": key} if key is not None else {})
        return self.client.post(API + path, headers=headers, **kwargs)

    def send(self, key: str | None = None, /, **body: Any) -> Any:
        return self.post("/send", key, json=body)


def assert_problem(response: Any, status: int, code: str, *fields: str) -> None:
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    problem = response.json
    assert (problem["type"], problem["status"], problem["code"]) == ("about:blank", status, code)
    assert problem["title"]
    assert problem["detail"]
    assert sorted(problem.get("errors", {})) == sorted(fields)
