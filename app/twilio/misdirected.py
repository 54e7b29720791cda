"""For which address was a refused webhook signed? Tries those that people mistake for one another.

Whoever finds one that the signature covers knows that it was Twilio, with our token, and what to mend.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator

from app.twilio.signature import MOST_PARAMETERS, WEBHOOK_PATH, signed_url

# What may come from headers is short, and no more of it is tried than a genuine request would need.
_LONGEST = 200


def _paths(public_webhook_url: str, target: str, prefixes: Iterable[str]) -> Iterator[str]:
    path, mark, query = target.partition("?")
    configured = urlsplit(public_webhook_url).path.removesuffix(WEBHOOK_PATH)
    for prefix in ("", configured, *prefixes):
        whole = path if prefix and path.startswith(prefix + "/") else prefix.rstrip("/") + path
        yield whole + mark + query
        yield (whole.rstrip("/") if whole.endswith("/") else whole + "/") + mark + query


def candidates(public_webhook_url: str, target: str, hosts: Iterable[str], prefixes: Iterable[str] = ()) -> list[str]:
    """Return the addresses at which a request for `target` (a raw path and query) may have been aimed, each once.

    `hosts` and `prefixes` are what the request itself and the proxies on its way say; the configured ones are added.
    """
    every_host = [urlsplit(public_webhook_url).netloc, *hosts]
    every_path = list(_paths(public_webhook_url, target, [prefix for prefix in prefixes if len(prefix) <= _LONGEST]))
    expected = signed_url(public_webhook_url, target)
    found = [
        f"{scheme}://{host}{path}"
        for host in every_host
        if host and len(host) <= _LONGEST
        for scheme in ("https", "http")
        for path in every_path
    ]
    return [url for url in dict.fromkeys(found) if url != expected]


def find_signed_url(*, auth_token: str, form: Mapping[str, Any], signature: str | None, urls: Iterable[str]) -> str:
    """Return the one of `urls` that `signature` covers together with `form`, without its query; or nothing."""
    if not auth_token or not signature or len(form) > MOST_PARAMETERS:
        return ""
    validator = RequestValidator(auth_token)
    for url in urls:
        try:
            if validator.validate(url, form, signature):
                return url.partition("?")[0]
        except (TypeError, ValueError):  # An address or body that no signature can cover.
            continue
    return ""
