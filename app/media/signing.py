"""Addresses from which Twilio fetches what we send: nobody can guess one, and none is good for long."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from flask import current_app
from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from app.media.errors import NoPublicAddress
from app.media.models import File
from app.media.names import outgoing_name

# Twilio keeps a message queued for at most four hours, and fetches its file when its turn comes.
GOOD_FOR = timedelta(hours=6)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="media.out")


def outgoing_url(file: File) -> str:
    """Return the address from which Twilio may fetch `file` for six hours, under TWILIO_WEBHOOK_URL's host.

    Raises NoPublicAddress when that is not set.
    """
    webhook = urlsplit(current_app.config["TWILIO_WEBHOOK_URL"])
    if not webhook.netloc:
        raise NoPublicAddress
    name = outgoing_name(file.filename, file.content_type)
    # Jobs send too, and outside a request Flask builds no addresses; neither part needs to be quoted.
    return f"{webhook.scheme}://{webhook.netloc}/media/out/{_signer().dumps(file.id)}/{name}"


def read_token(token: str) -> int | None:
    """Return the id of the file that `token` opens, or None when it opens nothing, or nothing any more.

    It may be some seconds from the future, by the clock of the server that made it.
    """
    try:
        file_id, signed_at = _signer().loads(token, return_timestamp=True)
    except BadData:
        return None
    # Not by max_age, which knows no leeway: what is one second from the future is refused by it.
    now = TimestampSigner(current_app.config["SECRET_KEY"]).get_timestamp()
    age = timedelta(seconds=now - int(signed_at.timestamp()))
    good = -current_app.config["JWT_DECODE_LEEWAY"] <= age <= GOOD_FOR
    return file_id if good and isinstance(file_id, int) else None
