"""A mail server, spoken to by SMTP (RFC 5321): plain text, over TLS wherever a password is shown."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

TIMEOUT = 10.0
_PORTS = {"smtp": 587, "smtps": 465}


class MailFailed(Exception):
    """The mail server did not answer, or takes no mail for anybody that it was asked to reach."""


def send(smtp_url: str, sender: str, to: Sequence[str], subject: str, text: str) -> None:
    """Send one mail, in which the people of `to` do not see each other. Raises MailFailed."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, sender, sender
    message.set_content(text)
    _deliver(smtp_url, message, to)


def knock(smtp_url: str) -> None:
    """Sign in, and leave without sending anything. Raises MailFailed."""
    _deliver(smtp_url, None, ())


def _deliver(smtp_url: str, message: EmailMessage | None, to: Sequence[str]) -> None:
    import smtplib

    parts = urlsplit(smtp_url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context()  # Left to itself, smtplib would believe any certificate.
    try:
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT)
        with server:
            server.ehlo_or_helo_if_needed()
            if parts.scheme == "smtp" and (server.has_extn("starttls") or parts.username):
                server.starttls(context=context)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            if message is not None:
                server.send_message(message, to_addrs=list(to))
    except (smtplib.SMTPException, OSError) as error:
        raise MailFailed from error
