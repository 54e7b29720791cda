"""A mail server on this machine that keeps what it is given, by as much of RFC 5321 as one client needs."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class Mailbox:
    """What came, each as whom it went to and the mail; while `refuses`, every recipient is refused."""

    def __init__(self) -> None:
        self.url = ""
        self.refuses = False
        self.got: list[tuple[list[str], EmailMessage]] = []


@contextmanager
def running_mailbox() -> Iterator[Mailbox]:
    """Listen on a free port of this machine until the end."""
    mailbox = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            to: list[str] = []
            self.say("220 mailbox")
            while line := self.rfile.readline().decode().strip():
                verb = line.split(":")[0].split(" ")[0].upper()
                if verb == "RCPT":
                    to.append(line.split("<")[1].split(">")[0])
                    self.say("450 not now" if mailbox.refuses else "250 ok")
                elif verb == "DATA":
                    self.say("354 go on")
                    mailbox.got.append((list(to), self.read_mail()))
                    self.say("250 ok")
                else:
                    self.say("221 bye" if verb == "QUIT" else "250 ok")

        def read_mail(self) -> EmailMessage:
            lines = list(iter(self.rfile.readline, b".\r\n"))
            mail = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(mail, EmailMessage)
            return mail

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        mailbox.url = f"smtp://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield mailbox
        server.shutdown()
        thread.join()
