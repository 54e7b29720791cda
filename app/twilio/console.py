"""What Twilio's console shows, asked through its API: whether the account stands, and where it posts clients' messages.

Sources: Twilio's OpenAPI documents, Accounts (api v2010), Channels Senders (messaging v2), Services (messaging v1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from app.twilio.client import JsonBody, Twilio

SANDBOX_NUMBER = "+14155238886"
_MOST_PAGES = 20

# Where an account's inbound settings are kept: a sender's own, a Messaging Service's, nowhere an API reaches, or no
# such sender at all.
SENDER, SERVICE, SANDBOX, MISSING = "sender", "service", "sandbox", "missing"


@dataclass(frozen=True)
class RemoteAccount:
    """The account as Twilio has it; `clock_ahead` is how far this machine's clock is before Twilio's, if it said."""

    status: str
    trial: bool
    clock_ahead: timedelta | None


@dataclass(frozen=True)
class Reception:
    """Where Twilio posts what clients write to our number. `state` is a sender's own word, such as ONLINE."""

    kind: str
    sid: str = ""
    url: str = ""
    method: str = ""
    state: str = ""
    offline_codes: tuple[str, ...] = ()
    webhook: Mapping[str, str] = field(default_factory=dict)

    @property
    def settable(self) -> bool:
        """Tell whether an API can change it."""
        return self.kind in (SENDER, SERVICE)


def _clock_ahead(headers: Any, asked_at: datetime, answered_at: datetime) -> timedelta | None:
    try:
        theirs = parsedate_to_datetime(headers.get("Date", ""))
    except (AttributeError, TypeError, ValueError):
        return None
    ours = asked_at + (answered_at - asked_at) / 2
    return ours - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))


class Console(Twilio):
    """The gateway to the account's own settings. `app.extensions["twilio_console"]` holds one; tests a fake."""

    def fetch_account(self) -> RemoteAccount:
        """Return the account, which proves that Twilio accepts its id and token. Raises TwilioError."""
        asked_at = datetime.now(UTC)
        answer = self._call(lambda: self._client.api.v2010.accounts(self.account.sid).fetch_with_http_info())
        ahead = _clock_ahead(answer.headers, asked_at, datetime.now(UTC))
        return RemoteAccount(str(answer.data.status or ""), str(answer.data.type or "") == "Trial", ahead)

    def find_reception(self) -> Reception:
        """Return where what clients write goes: a Messaging Service decides unless it leaves that to its senders.

        Raises TwilioError.
        """
        if self.account.messaging_service_sid:
            service = self._call(lambda: self._client.messaging.v1.services(self.account.messaging_service_sid).fetch())
            if not service.use_inbound_webhook_on_number:
                url, method = service.inbound_request_url or "", service.inbound_method or "POST"
                return Reception(SERVICE, service.sid, url, method, webhook=_known(status=service.status_callback))
        if self.account.whatsapp_number == SANDBOX_NUMBER:
            return Reception(SANDBOX)
        sender = self._find_sender(f"whatsapp:{self.account.whatsapp_number}")
        if sender is None:
            return Reception(MISSING)
        webhook = _known(**(sender.webhook or {}))
        codes = tuple(str(reason.get("code") or "") for reason in sender.offline_reasons or [] if reason)
        url, method = webhook.get("callback_url", ""), webhook.get("callback_method", "POST")
        return Reception(SENDER, sender.sid, url, method, str(sender.status or ""), codes, webhook)

    def _find_sender(self, sender_id: str) -> Any:
        senders = self._client.messaging.v2.channels_senders
        page = self._call(lambda: senders.page(channel="whatsapp", page_size=100))
        for _ in range(_MOST_PAGES):
            records = list(page) if page is not None else []
            found = next((sender for sender in records if sender.sender_id == sender_id), None)
            if found is not None or not records:
                return found
            page = self._call(page.next_page)
        return None

    def receive_at(self, reception: Reception, url: str, status_url: str) -> None:
        """Let Twilio post what clients write to `url`. Raises TwilioError.

        Where to post what became of messages is set too where it is not yet: some other program's stays its own.
        """
        if reception.kind == SERVICE:
            news = {} if reception.webhook.get("status") else {"status_callback": status_url}
            service = self._client.messaging.v1.services(reception.sid)
            self._call(lambda: service.update(inbound_request_url=url, inbound_method="POST", **news))
            return
        news = {"status_callback_url": status_url, "status_callback_method": "POST"}
        webhook = (
            (news if not reception.webhook.get("status_callback_url") else {})
            | dict(reception.webhook)
            | {"callback_url": url, "callback_method": "POST"}
        )
        sender = self._client.messaging.v2.channels_senders(reception.sid)
        self._call(lambda: sender.update(messaging_v2_channels_sender_requests_update=JsonBody({"webhook": webhook})))


def _known(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
