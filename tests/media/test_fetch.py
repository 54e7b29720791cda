"""Fetching from Twilio's hosts: what is fetched, what is not, and where the password goes."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from app.media.fetch import LARGEST, Fetcher, FetchError, Missing, NotTwilio, TooLarge, Unreachable
from app.media.networks import is_public
from app.twilio.client import Account
from tests.media import samples
from tests.media.twilio_hosts import API, CDN, PUBLIC, SID, Hosts, file, redirect, running

pytestmark = pytest.mark.enable_socket
PASSWORD = "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDp0b2tlbg=="
METADATA = "http://169.254.169.254/latest/meta-data/"


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    with running() as found:
        yield found


def reason(hosts: Hosts, url: str = API) -> str:
    with pytest.raises(FetchError) as caught:
        hosts.fetcher().fetch(url)
    return caught.value.reason


def test_the_password_goes_to_the_api_and_never_to_where_it_leads(hosts: Hosts) -> None:
    hosts.at(API, redirect(CDN))
    hosts.at(CDN, file(samples.PHOTO))

    found = hosts.fetcher().fetch(API)

    assert (found.data, found.claimed) == (samples.PHOTO, "image/jpeg")
    assert [(one.host, one.password) for one in hosts.asked] == [
        ("api.twilio.com", PASSWORD),
        ("mms.twiliocdn.com", None),
    ]
    assert hosts.asked[1].path == "/AC0/file?Signature=abc"  # A signature of the CDN's own, as it came.
    assert hosts.named == ["api.twilio.com", "mms.twiliocdn.com"]
    assert hosts.reached == [PUBLIC, PUBLIC]


@pytest.mark.parametrize(
    "place",
    [
        "https://media.twiliocdn.com/AC0/file",
        "https://mms.ie1.twiliocdn.com/file",
        "https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC0/file",
    ],
)
def test_each_of_twilios_stores_is_followed(hosts: Hosts, place: str) -> None:
    hosts.at(API, redirect(place, 307))
    hosts.at(place, file(samples.PDF, "application/pdf"))

    assert hosts.fetcher().fetch(API).data == samples.PDF


@pytest.mark.parametrize("host", ["api.ie1.twilio.com", "api.dublin.ie1.twilio.com"])
def test_an_account_may_live_in_another_region(hosts: Hosts, host: str) -> None:
    url = API.replace("api.twilio.com", host)
    hosts.at(url, file(samples.PHOTO))

    assert hosts.fetcher().fetch(url).data == samples.PHOTO
    assert hosts.asked[0].password == PASSWORD


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/photo.jpg",
        API.replace("https", "http"),
        API.replace("api.twilio.com", "api.twilio.com.evil.example"),
        API.replace("api.twilio.com", "evilapi.twilio.com"),
        API.replace("api.twilio.com", "api.twilio.com:8443"),
        API.replace("api.twilio.com", "api.twilio.com:0x1"),
        API.replace("api.twilio.com", "api.twilio.com@evil.example"),
        API.replace("api.twilio.com", "evil.example\\@api.twilio.com"),
        API.replace("api.twilio.com", "api.twilio.com\\.evil.example"),
        API.replace("api.twilio.com", "аpi.twilio.com"),  # The first letter is Cyrillic.
        API.replace("api.twilio.com", "[::1]"),
        API.replace("api.twilio.com", "mms.twiliocdn.com"),
        API.replace("api.twilio.com", "127.0.0.1"),
        API.replace(SID, "AC" + "1" * 32),
        API.replace("Messages", "../AC11/Messages"),
        API.replace("Messages", "%2e%2e/Messages"),
        API.replace("/2010-04-01", ""),
        API + "\r\nX-Evil: 1",
        "file:///etc/passwd",
        "gopher://api.twilio.com/",
        "//api.twilio.com/",
        "http://[",
        "",
    ],
)
def test_what_is_not_our_accounts_at_twilio_is_not_even_asked(hosts: Hosts, url: str) -> None:
    assert reason(hosts, url) == "not_twilio"
    assert (hosts.reached, hosts.asked) == ([], [])


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/photo.jpg",
        "http://mms.twiliocdn.com/file",
        "https://mms.twiliocdn.com.evil.example/file",
        "https://twiliocdn.com.evil.example/file",
        "https://s3-external-1.amazonaws.com/another-bucket/file",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://user@mms.twiliocdn.com/file",
        METADATA,
        "//evil.example/photo.jpg",
        "file:///etc/passwd",
        "ftp://mms.twiliocdn.com/",
        "https://mms.twiliocdn.com:22/",
    ],
)
def test_a_redirect_to_anywhere_else_is_not_followed(hosts: Hosts, place: str) -> None:
    hosts.at(API, redirect(place))

    assert reason(hosts) == "not_twilio"
    assert [one.host for one in hosts.asked] == ["api.twilio.com"]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"])
def test_a_name_that_leads_into_a_private_network_is_not_connected_to(hosts: Hosts, address: str) -> None:
    hosts.addresses = {"mms.twiliocdn.com": [address]}
    hosts.at(API, redirect(CDN))

    assert reason(hosts) == "unreachable"
    assert hosts.reached == [PUBLIC]


def test_only_the_public_ones_of_a_names_addresses_are_tried_and_each_of_them(hosts: Hosts) -> None:
    hosts.addresses = {"api.twilio.com": ["10.0.0.1", "54.1.1.1", "2600::1"]}
    hosts.dead = {"54.1.1.1"}
    hosts.at(API, file(samples.PHOTO))

    assert hosts.fetcher().fetch(API).data == samples.PHOTO
    assert hosts.reached == ["54.1.1.1", "2600::1"]


def test_redirects_come_to_an_end(hosts: Hosts) -> None:
    hosts.at(API, redirect(CDN))
    hosts.at(CDN, redirect(CDN))

    assert reason(hosts) == "unreachable"
    assert len(hosts.asked) == 4


@pytest.mark.parametrize(
    ("status", "kind"), [(404, Missing), (410, Missing), (401, Unreachable), (429, Unreachable), (503, Unreachable)]
)
def test_an_answer_that_is_no_file_says_what_it_is(hosts: Hosts, status: int, kind: type[FetchError]) -> None:
    hosts.at(API, file(b"<html>", status=status))

    with pytest.raises(kind):
        hosts.fetcher().fetch(API)


def test_twenty_megabytes_are_not_begun_when_they_are_announced(hosts: Hosts) -> None:
    hosts.at(API, file(b"", Content_Length="20000000"))

    with pytest.raises(TooLarge):
        hosts.fetcher().fetch(API)


def test_twenty_megabytes_of_zeros_are_left_where_they_are_too_many(hosts: Hosts) -> None:
    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(20):
            handler.wfile.write(bytes(1_000_000))

    hosts.at(API, pour)

    with pytest.raises(TooLarge):
        hosts.fetcher().fetch(API)


def test_the_largest_file_of_whatsapp_comes_whole(hosts: Hosts) -> None:
    data = samples.PDF + bytes(16 * 1024 * 1024 - len(samples.PDF))
    hosts.at(API, file(data, "application/pdf"))

    assert len(data) <= LARGEST
    assert hosts.fetcher().fetch(API).data == data


@pytest.mark.parametrize("headers", [{"Content_Encoding": "gzip"}, {"Content_Length": "99999"}])
def test_what_is_packed_or_cut_off_is_no_file(hosts: Hosts, headers: dict[str, str]) -> None:
    hosts.at(API, file(samples.PHOTO[:500], **headers))

    assert reason(hosts) == "unreachable"


def test_an_empty_answer_is_no_file(hosts: Hosts) -> None:
    hosts.at(API, file(b""))

    assert reason(hosts) == "gone"


@pytest.mark.parametrize("with_headers", [False, True])
def test_a_host_that_only_drips_is_given_up_in_time(hosts: Hosts, with_headers: bool) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        if with_headers:
            handler.send_response(200)
            handler.end_headers()
        else:
            handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Long: ")
        while not over.wait(0.02):
            handler.wfile.write(b"x")

    hosts.at(API, drip)
    began = time.monotonic()

    with pytest.raises(Unreachable):
        hosts.fetcher(seconds=0.4).fetch(API)

    over.set()
    assert time.monotonic() - began < 3


def test_the_stand_in_of_the_settings_is_taken_for_twilio_and_nothing_else_beside_it(hosts: Hosts) -> None:
    base = f"http://127.0.0.1:{hosts.port}"
    place, other = f"{base}/media/ME1", "http://127.0.0.1:1/media/ME1"
    url = API.replace("https://api.twilio.com", base)
    hosts.addresses = {"127.0.0.1": ["127.0.0.1"]}
    hosts.at(url, redirect(place))
    hosts.at(place, file(samples.PHOTO))

    found = hosts.fetcher(base).fetch(url)
    hosts.at(url, redirect(other))
    with pytest.raises(NotTwilio):
        hosts.fetcher(base).fetch(url)
    with pytest.raises(NotTwilio):
        hosts.fetcher(base).fetch(place)  # Our password is for the account's own addresses.

    assert found.data == samples.PHOTO
    assert [one.password for one in hosts.asked] == [PASSWORD, None, PASSWORD]
    assert hosts.named == []


def test_connections_are_secured_and_the_name_at_the_other_end_is_checked() -> None:
    context = Fetcher(Account(sid=SID, token="token", whatsapp_number=""))._context

    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("54.10.20.30", True),
        ("2600::1", True),
        ("64:ff9b::360a:141e", True),  # 54.10.20.30 in a network that has IPv6 alone.
        ("64:ff9b::a00:1", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:192.168.1.1", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("2002:a00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("mms.twiliocdn.com", False),
    ],
)
def test_which_addresses_are_everybodys(address: str, public: bool) -> None:
    assert is_public(address) is public
