"""Fetching what clients sent, from Twilio's hosts and from no others.

The address arrives as text in a webhook, and what is behind it is a stranger's. So the account's password goes to
Twilio's API alone; its redirects are followed here, without the password, to Twilio's CDN alone; names are resolved
here, and a connection is made only to an address that was looked at; nothing is unpacked; size and time are bounded.

Sources: Twilio's "Media resource" (Basic credentials, and a redirect to where the file is); hosts as seen in 2026.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Protocol
from urllib.parse import SplitResult, urljoin, urlsplit

from flask import current_app

from app.media.networks import is_public
from app.twilio.client import Account

# Twilio takes 16 MB for a message; whether that is MB or MiB it says nowhere.
LARGEST = 16 * 1024 * 1024 + 64 * 1024
# For everything, from the first name to the last byte. A function of Vercel lives for 60 seconds and has more to do.
SECONDS = 30.0
_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 10.0
_MOST_REDIRECTS = 3
_PIECE = 64 * 1024

_REDIRECTS = (301, 302, 303, 307, 308)
_API_HOST = re.compile(r"api(\.[a-z0-9-]+){0,2}\.twilio\.com")  # With an edge and a region, or without.
_CDN_HOST = re.compile(r"([a-z0-9-]+\.)+twiliocdn\.com")
_OLD_CDN_HOST, _OLD_CDN_PATH = "s3-external-1.amazonaws.com", "/media.twiliocdn.com/"
_RESOURCE = r"/2010-04-01/Accounts/{sid}/(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+"
_PLAIN = re.compile(r"[!-\[\]-~]{1,4000}")  # Printable ASCII without a space or a backslash.
_PORTS = {"https": 443, "http": 80}

Resolve = Callable[[str, int], list[str]]
Connect = Callable[[str, int, float], socket.socket]


class Context(Protocol):
    """What makes a connection a secret one: an ssl.SSLContext."""

    def wrap_socket(self, sock: socket.socket, *, server_hostname: str) -> socket.socket:
        """Return `sock` as a connection that only `server_hostname` can be at the other end of."""


class FetchError(Exception):
    """Why a file did not come. `reason` is a word for the database; what is `lasting` no later try can change."""

    reason = "unreachable"
    lasting = False


class Unreachable(FetchError):
    """No connection, no answer in time, or an answer that is no file."""


class Missing(FetchError):
    """Twilio does not have it: not yet, in its first seconds, or no longer."""

    reason = "gone"


class TooLarge(FetchError):
    """More bytes than any message of WhatsApp has."""

    reason, lasting = "too_large", True


class NotTwilio(FetchError):
    """The address, or one that it leads to, is none of Twilio's."""

    reason, lasting = "not_twilio", True


@dataclass(frozen=True)
class Fetched:
    """A file's bytes, and the Content-Type that came with them, which nobody has checked."""

    data: bytes
    claimed: str


def resolve_name(host: str, port: int) -> list[str]:
    """Return the addresses of `host`, those of IPv4 first: not every network has a way to the others."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ordered = sorted(found, key=lambda address: address[0] != socket.AF_INET)
    return list(dict.fromkeys(str(address[4][0]) for address in ordered))


def connect_to(address: str, port: int, seconds: float) -> socket.socket:
    """Return a connection to `address`, made within so many seconds. Raises OSError."""
    return socket.create_connection((address, port), seconds)


@contextmanager
def _cut_off_at(deadline: float, sock: socket.socket) -> Iterator[None]:
    """End the connection at `deadline`, also when the other side sends a byte now and then to keep it."""

    def end() -> None:
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(max(deadline - time.monotonic(), 0), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _same_place(first: SplitResult, second: SplitResult) -> bool:
    where = [(parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)) for parts in (first, second)]
    return where[0] == where[1]


def _read(answer: HTTPResponse, deadline: float) -> Fetched:
    """Return the file of an answer. Raises Missing, TooLarge or Unreachable."""
    if answer.status in (404, 410):
        raise Missing
    if answer.status != 200 or answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Unreachable
    length, data = answer.length, bytearray()
    if (length or 0) > LARGEST:
        raise TooLarge
    while piece := answer.read1(_PIECE):
        data += piece
        if len(data) > LARGEST:
            raise TooLarge
    if time.monotonic() >= deadline or (length is not None and len(data) < length):
        raise Unreachable  # It was cut off.
    if not data:
        raise Missing
    return Fetched(bytes(data), answer.headers.get("Content-Type", ""))


class Fetcher:
    """The gateway. `app.extensions["media_fetcher"]` holds one; tests put a fake in its place.

    Where the account has a `base_url`, a stand-in for Twilio, that host is taken for Twilio's too, wherever it is.
    """

    def __init__(
        self,
        account: Account,
        *,
        seconds: float = SECONDS,
        resolve: Resolve = resolve_name,
        connect: Connect = connect_to,
        context: Context | None = None,
    ) -> None:
        self.account, self._seconds = account, seconds
        self._stand_in = urlsplit(account.base_url) if account.base_url else None
        self._resolve, self._connect, self._given_context = resolve, connect, context

    @cached_property
    def _context(self) -> Context:
        return self._given_context or ssl.create_default_context()

    def fetch(self, url: str) -> Fetched:
        """Return the file at `url`, which a webhook named. Raises one of FetchError's kinds."""
        deadline, parts = time.monotonic() + self._seconds, self._api_address(url)
        headers = self._credentials()
        try:
            for _hop in range(_MOST_REDIRECTS + 1):
                with self._asked(parts, headers, deadline) as answer:
                    place = answer.headers.get("Location", "") if answer.status in _REDIRECTS else ""
                    if not place:
                        return _read(answer, deadline)
                parts, headers = self._cdn_address(urljoin(parts.geturl(), place)), {}
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable from error
        raise Unreachable

    def _credentials(self) -> dict[str, str]:
        pair = f"{self.account.sid}:{self.account.token}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    def _api_address(self, url: str) -> SplitResult:
        """Return the parts of an address that our password may go to. Raises NotTwilio."""
        parts, prefix = _split(url), ""
        if self._is_stand_in(parts) and self._stand_in:
            prefix = re.escape(self._stand_in.path.rstrip("/"))
        elif parts.scheme != "https" or not _API_HOST.fullmatch(parts.hostname or "") or parts.port not in (None, 443):
            raise NotTwilio
        if not re.fullmatch(prefix + _RESOURCE.format(sid=re.escape(self.account.sid)), parts.path):
            raise NotTwilio
        return parts

    def _cdn_address(self, url: str) -> SplitResult:
        """Return the parts of an address that Twilio may lead to, to be asked without a password. Raises NotTwilio."""
        parts = _split(url)
        host = parts.hostname or ""
        known = bool(_CDN_HOST.fullmatch(host) or _API_HOST.fullmatch(host))
        known = known or (host == _OLD_CDN_HOST and parts.path.startswith(_OLD_CDN_PATH))
        theirs = known and parts.scheme == "https" and parts.port in (None, 443)
        if not theirs and not self._is_stand_in(parts):
            raise NotTwilio
        return parts

    def _is_stand_in(self, parts: SplitResult) -> bool:
        return self._stand_in is not None and _same_place(parts, self._stand_in)

    @contextmanager
    def _asked(self, parts: SplitResult, headers: dict[str, str], deadline: float) -> Iterator[HTTPResponse]:
        """Ask for what is at `parts`, and yield the answer while its connection is open."""
        sock = self._reach(parts, deadline)
        connection = HTTPConnection(parts.hostname or "", _PORTS[parts.scheme])
        connection.sock, connection.auto_open = sock, 0
        sock.settimeout(_SILENCE_SECONDS)
        own_headers = {"Host": parts.netloc, "Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "Coordina"}
        try:
            with _cut_off_at(deadline, sock):
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("GET", target, headers=own_headers | headers)
                with connection.getresponse() as answer:
                    yield answer
        finally:
            connection.close()
            sock.close()

    def _reach(self, parts: SplitResult, deadline: float) -> socket.socket:
        """Connect to the host of `parts`, at an address that was looked at. Raises OSError."""
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        found = self._resolve(host, port)
        addresses = found if self._is_stand_in(parts) else [address for address in found if is_public(address)]
        failure = OSError("no public address")
        for address in addresses:
            seconds = min(_CONNECT_SECONDS, deadline - time.monotonic())
            if seconds <= 0:
                raise TimeoutError
            try:
                sock = self._connect(address, port, seconds)
                return self._secured(sock, host) if parts.scheme == "https" else sock
            except OSError as error:
                failure = error
        raise failure

    def _secured(self, sock: socket.socket, host: str) -> socket.socket:
        try:
            return self._context.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise


def _split(url: str) -> SplitResult:
    """Return the parts of an address that is written plainly and holds no password. Raises NotTwilio."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise NotTwilio from error
    if not _PLAIN.fullmatch(url) or "@" in parts.netloc or parts.scheme not in _PORTS or not parts.hostname:
        raise NotTwilio
    return parts


def fetcher() -> Fetcher:
    """Return the current app's gateway to the files that Twilio has."""
    found: Fetcher = current_app.extensions["media_fetcher"]
    return found
