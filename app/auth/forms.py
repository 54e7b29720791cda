"""What people and programs send to sign in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _

from app.errors import Invalid
from app.letters import visible

# Hashing takes the longer the longer a password is.
MAX_PASSWORD_LENGTH = 1000


def parse_credentials(data: Any) -> tuple[str, str]:
    """Return the email and password in `data` (a form or a JSON object). Raises Invalid with the fields at fault."""
    get = data.get if hasattr(data, "get") else lambda _name: None
    email, password = get("email"), get("password")
    fields = {}
    if not isinstance(email, str) or not email.strip() or len(email) > 254 or "\x00" in email:
        fields["email"] = _("Escribí tu correo.")
    if not isinstance(password, str) or not password or len(password) > MAX_PASSWORD_LENGTH:
        fields["password"] = _("Escribí tu contraseña.")
    if fields:
        raise Invalid(fields=fields)
    return str(email).encode("utf-8", "replace").decode(), str(password).encode("utf-8", "replace").decode()


def normal_email(email: str) -> str:
    """Return `email` as it is kept and compared: in small letters, and without what a copy brings along unseen."""
    return visible(email).strip().lower()


def claimed_email(data: Any) -> str:
    """Return the email that somebody says is theirs, as limits count it: one key however it is typed."""
    email = data.get("email") if hasattr(data, "get") else ""
    return normal_email(str(email))[:254].encode("utf-8", "replace").decode()


def parse_next(url: str, default: str) -> str:
    """Return `url` when it is a path of this site, else `default`: a link must not lead from sign-in to elsewhere."""
    try:
        parts = urlsplit(url.replace("\\", "/"))
    except ValueError:  # A bracket without its pair.
        return default
    local = not parts.scheme and not parts.netloc and url.startswith("/") and not url.startswith("//")
    return url if local and all(ord(letter) > 31 for letter in url) else default
