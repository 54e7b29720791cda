"""What may go wrong with a client's file, and what the office's own gateway makes of it."""

from __future__ import annotations

import time

import pytest

from app.media.fetch import Fetcher, Missing, NotTwilio, TooLarge, Unreachable
from app.twilio.client import Account
from config import ROOT
from tests.simulator.office import ACCOUNT_SID, AUTH_TOKEN, NUMBER, Office
from tests.simulator.receiver import Receiver

pytestmark = pytest.mark.enable_socket
PHOTO = (ROOT / "simulator" / "media" / "photo.jpg").read_bytes()


def fetcher(office: Office, seconds: float = 10, token: str = AUTH_TOKEN) -> Fetcher:
    return Fetcher(Account(ACCOUNT_SID, token, NUMBER, base_url=office.url), seconds=seconds)


def photo_of(office: Office, receiver: Receiver) -> str:
    """Let a client send a photo; return the address that the webhook gives it."""
    sid = office.writes(type="image")
    office.idle()
    return receiver.told_of(sid).form["MediaUrl0"]


def test_a_photo_comes_by_a_redirect(office: Office, receiver: Receiver) -> None:
    found = fetcher(office).fetch(photo_of(office, receiver))

    assert (found.data, found.claimed) == (PHOTO, "image/jpeg")


def test_it_comes_to_nobody_with_another_password(office: Office, receiver: Receiver) -> None:
    with pytest.raises(Unreachable):
        fetcher(office, token="another").fetch(photo_of(office, receiver))


def test_it_may_not_be_there_at_first(office: Office, receiver: Receiver) -> None:
    office.fault("media_late", times=2)
    url = photo_of(office, receiver)

    for _ in range(2):
        with pytest.raises(Missing):
            fetcher(office).fetch(url)

    assert fetcher(office).fetch(url).data == PHOTO


def test_it_may_take_longer_than_anybody_waits(office: Office, receiver: Receiver) -> None:
    office.fault("media_slow", value=20)
    url, began = photo_of(office, receiver), time.monotonic()

    with pytest.raises(Unreachable):
        fetcher(office, seconds=0.3).fetch(url)

    assert time.monotonic() - began < 5
    assert fetcher(office).fetch(url).data == PHOTO


def test_it_may_be_more_zeros_than_any_file_has(office: Office, receiver: Receiver) -> None:
    office.fault("media_large")

    with pytest.raises(TooLarge):
        fetcher(office).fetch(photo_of(office, receiver))


def test_it_may_lead_into_a_private_network(office: Office, receiver: Receiver) -> None:
    office.fault("media_private")

    with pytest.raises(NotTwilio):
        fetcher(office).fetch(photo_of(office, receiver))


def test_it_may_be_said_to_be_elsewhere(office: Office, receiver: Receiver) -> None:
    office.fault("media_elsewhere")
    office.writes("sin archivo")
    url = photo_of(office, receiver)

    assert url.startswith("https://files.example/")
    with pytest.raises(NotTwilio):
        fetcher(office).fetch(url)
    assert photo_of(office, receiver).startswith(office.url)
