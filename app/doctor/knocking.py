"""Trying what only a try can tell: the public address, the bucket of files, the mail server."""

from __future__ import annotations

import secrets
from base64 import b64encode
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import unquote, urlsplit

from app.media.store import Store, StoreError
from app.push import mail

SECONDS = 5.0
# What our webhook answers to a GET: the method is not one of its own.
_STATUS, _CODE = 405, b'"method_not_allowed"'


class Silent(Exception):
    """Nobody answered at an address; the text is the class of the error, which names no password."""


def ask_webhook(url: str) -> str:
    """Ask for the webhook at its public address as anybody may, and return nothing when it answers there.

    Else return what came in its place, such as `404`. Raises Silent where no answer came in five seconds. A redirect
    is an answer: Twilio signs for the address that it was given.
    """
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    headers = {"User-Agent": "Coordina", "Accept": "application/json"}
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
        connection.request("GET", parts.path or "/", headers=headers)
        answer = connection.getresponse()
        body = answer.read(4000)
        connection.close()
    except (OSError, HTTPException, ValueError) as error:
        raise Silent(type(error).__name__) from error
    return "" if answer.status == _STATUS and _CODE in body else str(answer.status)


def try_bucket(bucket: Store) -> str:
    """Write a few bytes, read them back and delete them. Return nothing, or why it failed."""
    key, data = f"doctor-{secrets.token_hex(8)}", b"Coordina"
    try:
        bucket.write(key, data)
        came = b"".join(bucket.read(key, 0, len(data)))
        bucket.delete(key)
    except StoreError as error:
        return error.why
    return "" if came == data else "The bucket gave other bytes back."


def try_mail(smtp_url: str) -> str:
    """Sign in to the mail server and send nothing. Return nothing, or the class of the error."""
    try:
        mail.knock(smtp_url)
    except mail.MailFailed as error:
        return type(error.__cause__).__name__
    return ""
