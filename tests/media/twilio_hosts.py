"""All of Twilio's hosts on one socket of this machine: what they were asked, and what a test lets them answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from app.media.fetch import Fetcher
from app.twilio.client import Account

SID = "AC" + "0" * 32
API = f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages/MM1/Media/ME1"
CDN = "https://mms.twiliocdn.com/AC0/file?Signature=abc"
PUBLIC = "54.10.20.30"

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Asked:
    """One request: the host's name, the path, and the password that came along."""

    host: str
    path: str
    password: str | None


def file(data: bytes, content_type: str = "image/jpeg", status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.send_response(status)
        for name, value in ({"Content-Type": content_type, "Content-Length": str(len(data))} | given).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def redirect(place: str, status: int = 302) -> Answer:
    return file(b"", status=status, Location=place)


@dataclass
class Hosts:
    """`answers` by host and path; `reached` is whom connections were made to, `named` for whom they were secured."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)

    def at(self, url: str, answer: Answer) -> None:
        parts = urlsplit(url)
        self.answers[parts.netloc + parts.path] = answer

    def fetcher(self, base_url: str = "", seconds: float = 10) -> Fetcher:
        account = Account(sid=SID, token="token", whatsapp_number="+14155550100", base_url=base_url)
        return Fetcher(account, seconds=seconds, resolve=self._resolve, connect=self._connect, context=self)

    def _resolve(self, host: str, _port: int) -> list[str]:
        return self.addresses.get(host, [PUBLIC])

    def _connect(self, address: str, _port: int, seconds: float) -> socket.socket:
        self.reached.append(address)
        if address in self.dead:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    def wrap_socket(self, sock: socket.socket, *, server_hostname: str) -> socket.socket:
        self.named.append(server_hostname)
        return sock


@contextmanager
def running() -> Iterator[Hosts]:
    hosts = Hosts()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host, path = str(self.headers["Host"]), urlsplit(self.path).path
            hosts.asked.append(Asked(host, self.path, self.headers["Authorization"]))
            hosts.answers.get(host + path, file(b"", status=404))(self)

        def log_message(self, *_arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: object) -> None:
            """Say nothing: whoever asked may have gone before the end."""

    server = Server(("127.0.0.1", 0), Handler)
    hosts.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield hosts
    server.shutdown()
    server.server_close()
    thread.join(5)
