"""The office's side of a test: Twilio's own SDK pointed at the simulator, and the control API beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "a-token-for-tests"  # It opens nothing but the simulator of one test.
NUMBER = "+14155550100"
ANA_PHONE = "+5491155550101"
NEVER_WROTE_PHONE = "+5491155550102"
NOBODY_PHONE = "+5491155550999"


@dataclass
class Office:
    """Everything a test does to a simulator."""

    url: str
    callback: str

    def sdk(self, timeout: float = 10, token: str = AUTH_TOKEN) -> Client:
        client = Client(ACCOUNT_SID, token, http_client=TwilioHttpClient(timeout=timeout))
        client.api.base_url = client.content.base_url = client.messaging.base_url = self.url
        return client

    def send(self, body: str | None = None, to: str = ANA_PHONE, **more: Any) -> MessageInstance:
        given = {"to": f"whatsapp:{to}", "from_": f"whatsapp:{NUMBER}", "status_callback": self.callback, **more}
        if body is not None or not {"content_sid", "media_url"} & more.keys():
            given["body"] = body or "Hola"
        return self.sdk().messages.create(**given)

    def status_of(self, sid: str) -> str:
        return str(self.sdk().messages(sid).fetch().status)

    def control(self, method: str, path: str, **more: Any) -> Any:
        answer = requests.request(method, f"{self.url}/control/{path}", timeout=30, **more)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def writes(self, body: str = "Hola", phone: str = ANA_PHONE, **more: Any) -> str:
        return str(self.control("POST", f"clients/{phone}/messages", json={"body": body, **more})["sid"])

    def fault(self, name: str, **more: Any) -> None:
        self.control("POST", "faults", json={"fault": name, **more})

    def idle(self) -> None:
        assert self.control("GET", "idle", params={"timeout": 20})["idle"]

    def deliveries(self) -> list[dict[str, Any]]:
        self.idle()
        found: list[dict[str, Any]] = self.control("GET", "deliveries")["deliveries"]
        return found

    def rest(self, path: str, token: str = AUTH_TOKEN, method: str = "GET", **more: Any) -> requests.Response:
        """Ask for a path as it stands, for what the SDK hides."""
        more.setdefault("timeout", 10)
        return requests.request(method, self.url + path, auth=(ACCOUNT_SID, token), **more)
