"""A push service on this machine, and a device of its own that reads what it gets, by RFC 8291 and RFC 8188 alone.

What Coordina encrypts with http_ece is opened here with the primitives, written down from the two RFCs.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

AUTH = bytes(range(16))


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


class Receiver:
    """What came, in order, each as its headers and the words that the device reads; `answers` are given out first."""

    def __init__(self, url: str) -> None:
        self.url, self.got = url, list[tuple[dict[str, str], dict[str, Any]]]()
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.came = threading.Event()
        self.open_now = threading.Event()  # While it is cleared, whoever pushes waits for the answer.
        self.open_now.set()
        self._key = ec.generate_private_key(ec.SECP256R1())

    def forget(self) -> None:
        """Begin anew, with nothing that came before."""
        self.got.clear()
        self.answers.clear()
        self.came.clear()

    def wait_for(self, count: int, seconds: float = 10) -> bool:
        """Wait until so many have come."""
        ends = time.monotonic() + seconds
        while len(self.got) < count and (left := ends - time.monotonic()) > 0:
            self.came.wait(left)
            self.came.clear()
        return len(self.got) >= count

    @property
    def point(self) -> bytes:
        shape = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return self._key.public_key().public_bytes(*shape)

    @property
    def fields(self) -> dict[str, str]:
        """The subscription's columns."""
        return {"endpoint": f"{self.url}/device/1", "p256dh": base64url(self.point), "auth": base64url(AUTH)}

    def open(self, body: bytes) -> dict[str, Any]:
        salt, sender = body[:16], body[21 : 21 + body[20]]
        shared = self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        secret = derive(AUTH, shared, b"WebPush: info\x00" + self.point + sender, 32)
        key = derive(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = derive(salt, secret, b"Content-Encoding: nonce\x00", 12)
        plain = AESGCM(key).decrypt(nonce, body[21 + body[20] :], None)
        assert plain.rstrip(b"\x00").endswith(b"\x02")
        return dict(json.loads(plain.rstrip(b"\x00")[:-1]))


def check_vapid(header: str, audience: str, subject: str) -> None:
    """Verify an Authorization header by RFC 8292: `vapid t=JWT, k=KEY`."""
    scheme, _, rest = header.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid"
    signed, _, signature = parts["t"].rpartition(".")
    raw = unbase64url(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unbase64url(parts["k"]))
    key.verify(utils.encode_dss_signature(r, s), signed.encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(unbase64url(signed.split(".")[1]))
    assert (claims["aud"], claims["sub"]) == (audience, subject)


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Listen on a free port of this machine until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers = receiver.answers.pop(0) if receiver.answers else (201, {})
            receiver.got.append((dict(self.headers), receiver.open(body)))
            receiver.came.set()
            receiver.open_now.wait(30)
            with suppress(ConnectionError):  # Whoever pushed may be dead by now.
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield receiver
    receiver.open_now.set()
    server.shutdown()
    thread.join()
    server.server_close()
