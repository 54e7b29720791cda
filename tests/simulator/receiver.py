"""A tiny server that stands where the app would be: it keeps every post and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response />'
PNG = b"\x89PNG\r\n\x1a\n and the rest of a picture"
FILES = {
    "/gif.gif": ("image/gif", b"GIF89a"),
    "/lies.png": ("image/png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "/large.png": ("image/png", PNG + bytes(5 * 1024 * 1024)),
    "/list.pdf": ("application/pdf", b"%PDF-1.7"),
}


@dataclass(frozen=True)
class Post:
    """One request as it came: `path` with its query, and the parameters in their order."""

    path: str
    headers: dict[str, str]
    pairs: list[tuple[str, str]]

    @property
    def names(self) -> list[str]:
        return [name for name, _value in self.pairs]

    @property
    def form(self) -> dict[str, str]:
        return dict(self.pairs)


@dataclass
class Receiver:
    """What came, and what is answered to the next posts."""

    url: str = ""
    status: int = 200
    content_type: str = "text/xml"
    body: str = EMPTY_TWIML
    posts: list[Post] = field(default_factory=list)

    def reset(self) -> None:
        self.status, self.content_type, self.body = 200, "text/xml", EMPTY_TWIML
        self.posts.clear()

    def statuses(self) -> list[str]:
        return [post.form["MessageStatus"] for post in self.posts if "MessageStatus" in post.form]

    def inbound(self) -> list[Post]:
        return [post for post in self.posts if post.form.get("SmsStatus") == "received"]

    def told_of(self, sid: str) -> Post:
        """Return the post of what a client wrote under this sid: two that are on their way may overtake each other."""
        return next(post for post in self.inbound() if post.form["MessageSid"] == sid)

    def is_genuine(self, post: Post, auth_token: str) -> bool:
        validator = RequestValidator(auth_token)
        return bool(validator.validate(self.url + post.path, post.form, post.headers["x-twilio-signature"]))


class Handler(BaseHTTPRequestHandler):
    """Keeps posts in the receiver of its server, and has one picture to give."""

    @property
    def receiver(self) -> Receiver:
        assert isinstance(self.server, ReceiverServer)
        return self.server.receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.posts.append(Post(self.path, headers, parse_qsl(body, keep_blank_values=True)))
        self.answer(self.receiver.status, self.receiver.content_type, self.receiver.body.encode())

    def do_GET(self) -> None:
        status = {"/missing.png": 404, "/moved.png": 302}.get(self.path, 200)
        content_type, body = FILES.get(self.path, ("image/png", PNG))
        self.answer(status, content_type, body)

    do_HEAD = do_GET

    def answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/photo.png")
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


class ReceiverServer(ThreadingHTTPServer):
    """A server on a free port that knows its receiver."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.receiver = Receiver(url=f"http://127.0.0.1:{self.server_port}")


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Run a receiver on a free port for as long as the block lasts."""
    server = ReceiverServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
