"""A service that speaks as much of S3's language as files need, and believes only what is signed (SigV4)."""

from __future__ import annotations

import hmac
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, urlsplit

from app.media.bucket import Bucket, BucketStore

NAME, KEY_ID, SECRET, REGION = "coordina-media", "AKEXAMPLE", "a-secret-of-the-tests", "us-east-1"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w{64})"
)


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), sha256).digest()


def is_signed(method: str, target: str, headers: dict[str, str], body: bytes) -> bool:
    """Tell whether a request was signed with our secret, as "Signature Version 4" describes it for S3."""
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if found is None or found[1] != KEY_ID or found[3] != REGION:
        return False
    said, parts = headers["x-amz-content-sha256"], urlsplit(target)
    if said not in ("UNSIGNED-PAYLOAD", sha256(body).hexdigest()):
        return False
    query = "&".join(f"{quote(a, '-_.~')}={quote(b, '-_.~')}" for a, b in sorted(parse_qsl(parts.query, True)))
    named = "".join(f"{name}:{headers[name].strip()}\n" for name in found[4].split(";"))
    canonical = "\n".join((method, parts.path, query, named, found[4], said))
    scope = f"{found[2]}/{REGION}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{SECRET}".encode()
    for part in (found[2], REGION, "s3", "aws4_request"):
        key = _mac(key, part)
    return hmac.compare_digest(_mac(key, text).hex(), found[5])


class Service:
    """`objects` by key; `failing` answers everything with 503; `seen` are methods and keys, in order."""

    def __init__(self) -> None:
        self.url = ""
        self.objects: dict[str, bytes] = {}
        self.seen: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.failing = False

    def bucket(self, **changes: str) -> Bucket:
        return Bucket(
            **({"name": NAME, "access_key_id": KEY_ID, "secret_access_key": SECRET} | changes), endpoint=self.url
        )

    def store(self, **changes: str) -> BucketStore:
        return BucketStore(self.bucket(**changes))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: Service

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        told = {"Content-Length": str(len(body)), "ETag": '"1"', "Last-Modified": "Sat, 12 Dec 2026 00:00:00 GMT"}
        for name, value in (told | {key.replace("_", "-"): value for key, value in headers.items()}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _go(self) -> None:
        service, body = self.service, self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        key = urlsplit(self.path).path.removeprefix(f"/{NAME}/")
        service.seen.append(f"{self.command} {key}")
        service.headers.append(headers)
        if service.failing:
            return self._answer(503, b"<Error><Code>SlowDown</Code></Error>")
        if not is_signed(self.command, self.path, headers, body):
            return self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        return self._do(key, body, headers)

    def _do(self, key: str, body: bytes, headers: dict[str, str]) -> None:
        objects = self.service.objects
        if self.command == "PUT":
            objects[key] = body
            return self._answer(200)
        if self.command == "DELETE":
            objects.pop(key, None)
            return self._answer(204)
        if key not in objects:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        data, asked = objects[key], re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("range", ""))
        if self.command == "HEAD" or asked is None:
            return self._answer(200, data)
        start, end = int(asked[1]), min(int(asked[2]) + 1, len(data))
        if start >= end:
            return self._answer(416)
        return self._answer(206, data[start:end], Content_Range=f"bytes {start}-{end - 1}/{len(data)}")

    do_GET = do_PUT = do_HEAD = do_DELETE = _go

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def running() -> Iterator[Service]:
    service = Service()
    handler = type("Handler", (_Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield service
    server.shutdown()
    server.server_close()
    thread.join(5)
