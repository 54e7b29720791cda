"""Twilio's signature, checked against values that are computed here from Twilio's own description of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlencode

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.twilio.signature import find_refusal, raw_target, signed_url, status_callback_url

TOKEN = "test-auth-token"
ACCOUNT = "AC" + "0" * 32
PUBLIC = "https://coordina.example/api/whatsapp/webhook"
WEBHOOK = "/api/whatsapp/webhook"
STATUS = "/api/whatsapp/status"
Pairs = list[tuple[str, str]]


def golden(url: str, pairs: Iterable[tuple[str, str]], token: str = TOKEN) -> str:
    """HMAC-SHA1 over the URL and each distinct name and value, in order of code points, as base64."""
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def refusal(url: str, pairs: Pairs, signature: str | None, token: str = TOKEN, account: str = ACCOUNT) -> str | None:
    form = MultiDict(pairs)
    return find_refusal(auth_token=token, account_sid=account, url=url, form=form, signature=signature)


def ours(*pairs: tuple[str, str]) -> Pairs:
    return [("AccountSid", ACCOUNT), *pairs]


def ask(app: Flask, target: str, pairs: Pairs, signature: str | None = None, **environ: str) -> TestResponse:
    """Post as a server hands it on: `target` is the request line as it came over the wire."""
    path, _, query = target.partition("?")
    overrides = {"REQUEST_URI": target, "RAW_URI": target, "QUERY_STRING": query} | environ
    return app.test_client().post(
        path,
        base_url="http://10.0.0.7:8000",
        data=urlencode(pairs).encode(),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": golden(f"https://coordina.example{target}", pairs)}
        | ({"X-Twilio-Signature": signature} if signature is not None else {}),
        environ_overrides=overrides,
    )


CALLBACK = ours(("MessageSid", "SM1"), ("MessageStatus", "sent"))


def test_the_example_of_twilios_documentation_is_genuine() -> None:
    caller = "+14158675310"
    pairs = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", caller),
        ("Digits", "1234"),
        ("From", caller),
        ("To", "+18005551212"),
    ]

    reason = refusal("https://example.com/myapp.php?foo=1&bar=2", pairs, "L/OH5YylLD5NRKLltdqwSvS0BnU=", token="12345")

    assert golden("https://example.com/myapp.php?foo=1&bar=2", pairs, "12345") == "L/OH5YylLD5NRKLltdqwSvS0BnU="
    assert reason is None  # It names no account, and who else has the token?


@pytest.mark.parametrize(
    "pairs",
    [
        ours(("Body", "Hola"), ("ToCity", ""), ("Body2", "")),
        ours(("Body", "a+b & c=d %2F é 🎉 \r\n\t")),
        ours(("Body", " \x00 con nulo")),
        ours(("Reason", "1"), ("ReasonConferenceEnded", "2"), ("reason", "3"), ("Zeta", ""), ("alfa", "4")),
        ours(("Media", "a"), ("Media", "b"), ("Media", "b")),
        ours(("ParameterThatTwilioAddsTomorrow", "sí")),
        ours(("أهلا", "שלום")),
    ],
)
def test_every_parameter_is_signed_as_it_was_sent(pairs: Pairs) -> None:
    assert refusal(PUBLIC, pairs, golden(PUBLIC, pairs)) is None
    assert refusal(PUBLIC, [*pairs, ("Extra", "")], golden(PUBLIC, pairs)) == "wrong signature"
    assert refusal(PUBLIC, [*pairs[:1], *pairs[2:]], golden(PUBLIC, pairs)) == "wrong signature"


def test_the_order_of_the_values_does_not_matter() -> None:
    pairs = ours(("Media", "b"), ("Media", "a"))

    assert refusal(PUBLIC, pairs[::-1], golden(PUBLIC, pairs)) is None


@pytest.mark.parametrize(
    ("signature", "token", "account", "reason"),
    [
        (None, TOKEN, ACCOUNT, "no signature header"),
        ("", TOKEN, ACCOUNT, "no signature header"),
        ("no", TOKEN, ACCOUNT, "wrong signature"),
        ("ñ" * 28, TOKEN, ACCOUNT, "wrong signature"),
        (golden(PUBLIC, ours(), "another token"), TOKEN, ACCOUNT, "wrong signature"),
        (golden("https://other.example" + WEBHOOK, ours()), TOKEN, ACCOUNT, "wrong signature"),
        (golden("http://coordina.example" + WEBHOOK, ours()), TOKEN, ACCOUNT, "wrong signature"),
        (golden(PUBLIC + "/", ours()), TOKEN, ACCOUNT, "wrong signature"),
        (golden(PUBLIC + "#rc=2", ours()), TOKEN, ACCOUNT, "wrong signature"),
        (golden(PUBLIC, ours()).lower(), TOKEN, ACCOUNT, "wrong signature"),
        (golden(PUBLIC, ours(), ""), "", ACCOUNT, "no credentials configured"),
        (golden(PUBLIC, ours()), TOKEN, "", "no credentials configured"),
        (golden(PUBLIC, ours()), TOKEN, "AC" + "1" * 32, "other account"),
    ],
)
def test_anything_else_is_refused_with_its_reason(signature: str | None, token: str, account: str, reason: str) -> None:
    assert refusal(PUBLIC, ours(), signature, token, account) == reason


def test_a_request_that_names_no_account_is_ours_by_its_signature() -> None:
    assert refusal(PUBLIC, [("Body", "Hola")], golden(PUBLIC, [("Body", "Hola")])) is None
    assert refusal(PUBLIC, [("Body", "Hola")], golden(PUBLIC, [("Body", "Hola")], "another")) == "wrong signature"
    assert refusal(PUBLIC, [], golden(PUBLIC, [])) == "no form"


def test_what_no_signature_can_cover_is_refused_and_not_an_error() -> None:
    assert refusal(PUBLIC, ours(("Body", "\ud800")), "x") == "wrong signature"
    assert refusal("https://coordina.example:99999" + WEBHOOK, ours(), "x") == "wrong signature"


def test_more_parameters_than_twilio_ever_sends_are_not_even_counted() -> None:
    pairs = ours(*((f"P{number}", "x") for number in range(500)))

    assert refusal(PUBLIC, pairs, golden(PUBLIC, pairs)) == "too many parameters"


@pytest.mark.parametrize("port", ["", ":443"])
def test_twilio_may_sign_with_or_without_the_port(port: str) -> None:
    signature = golden(f"https://coordina.example{port}{WEBHOOK}", ours())

    assert refusal(PUBLIC, ours(), signature) is None


@pytest.mark.parametrize("configured", ["https://coordina.example:8443", "https://coordina.example:8443/"])
def test_a_port_in_the_configured_url_is_part_of_it(configured: str) -> None:
    url = signed_url(configured.rstrip("/") + WEBHOOK, WEBHOOK)

    assert url == "https://coordina.example:8443" + WEBHOOK
    assert refusal(url, ours(), golden(url, ours())) is None


@pytest.mark.parametrize(
    ("configured", "target", "expected"),
    [
        (PUBLIC, WEBHOOK, PUBLIC),
        (PUBLIC + "#rc=2&rp=all", WEBHOOK, PUBLIC),
        (PUBLIC + "?from=twilio", WEBHOOK + "?from=twilio", PUBLIC + "?from=twilio"),
        (PUBLIC, STATUS + "?message=7", "https://coordina.example" + STATUS + "?message=7"),
        ("https://x.example/tienda" + WEBHOOK, WEBHOOK, "https://x.example/tienda" + WEBHOOK),
        ("https://x.example/tienda" + WEBHOOK, "/tienda" + STATUS, "https://x.example/tienda" + STATUS),
        ("https://x.example/api" + WEBHOOK, "/api" + STATUS, "https://x.example/api" + STATUS),
        ("https://u:p@x.example" + WEBHOOK, WEBHOOK, "https://u:p@x.example" + WEBHOOK),
        ("https://x.example", WEBHOOK, "https://x.example" + WEBHOOK),
    ],
)
def test_the_signed_url_has_the_public_origin_and_the_path_that_came(
    configured: str, target: str, expected: str
) -> None:
    assert signed_url(configured, target) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"RAW_URI": "/a%2Fb?c=%27"}, "/a%2Fb?c=%27"),
        ({"REQUEST_URI": "/a%2Fb", "RAW_URI": ""}, "/a%2Fb"),
        ({"RAW_URI": "https://coordina.example/a%2Fb?c=%40"}, "/a%2Fb?c=%40"),
        ({"PATH_INFO": "/a%2Fb", "QUERY_STRING": "c=%C3%B1+%20"}, "/a%2Fb?c=%C3%B1+%20"),
        ({"SCRIPT_NAME": "/tienda", "PATH_INFO": "/a b", "QUERY_STRING": ""}, "/tienda/a%20b"),
        ({}, ""),
    ],
)
def test_the_target_is_what_came_over_the_wire(environ: dict[str, str], expected: str) -> None:
    assert raw_target(environ) == expected


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        (PUBLIC, "https://coordina.example/api/whatsapp/status?message=7"),
        (PUBLIC + "?from=twilio#rc=2", "https://coordina.example/api/whatsapp/status?message=7"),
        ("https://x.example:8443/tienda" + WEBHOOK, "https://x.example:8443/tienda/api/whatsapp/status?message=7"),
        ("http://127.0.0.1:5000" + WEBHOOK, "http://127.0.0.1:5000/api/whatsapp/status?message=7"),
    ],
)
def test_the_callback_url_stands_beside_the_webhook_and_carries_our_id(configured: str, expected: str) -> None:
    assert status_callback_url(configured, 7) == expected


@pytest.mark.parametrize(
    "query",
    [
        "name=a%2Fb",
        "name=%27",
        "name=%40",
        "name=Espa%C3%B1a",
        "name=a+b",
        "name=a%20b",
        "b=2&a=1&b=1",
        "empty=&message=",
        "message=7&name=%F0%9F%8E%89",
        "name=%FF%FE",
        "a=1;b=2",
    ],
)
def test_the_door_takes_the_query_as_it_came(app: Flask, query: str) -> None:
    target = f"{STATUS}?{query}"

    assert ask(app, target, CALLBACK).status_code == 204
    assert ask(app, target, CALLBACK, REQUEST_URI="", RAW_URI="").status_code == 204  # As Vercel's server does.
    assert ask(app, target, CALLBACK, golden(f"https://coordina.example{STATUS}", CALLBACK)).status_code == 403


def test_an_encoded_path_is_signed_as_it_came(app: Flask) -> None:
    target = "/api/whatsapp%2Fstatus"
    signature = golden(f"https://coordina.example{target}", CALLBACK)

    answer = app.test_client().post(
        STATUS,
        data=dict(CALLBACK),
        headers={"X-Twilio-Signature": signature},
        environ_overrides={"REQUEST_URI": target, "RAW_URI": target},
    )

    assert answer.status_code == 204


def test_the_door_takes_a_request_line_with_a_whole_url(app: Flask) -> None:
    signature = golden(f"https://coordina.example{STATUS}?message=7", CALLBACK)

    answer = ask(
        app,
        f"{STATUS}?message=7",
        CALLBACK,
        signature,
        RAW_URI=f"http://10.0.0.7:8000{STATUS}?message=7",
        REQUEST_URI="",
    )

    assert answer.status_code == 204


def test_the_door_takes_repeated_and_blank_parameters(app: Flask) -> None:
    pairs = [*CALLBACK, ("Media", "b"), ("Media", "a"), ("Media", "b"), ("ToCity", "")]

    assert ask(app, STATUS, pairs).status_code == 204


@pytest.mark.parametrize("body", [b"Body=%FF%FE%ED%A0%80", b"Body=\xff\xfe", b"%ED%A0%80=1", b"&&==&", b"{}", b""])
def test_bytes_that_are_no_text_are_refused_and_never_an_error(app: Flask, body: bytes) -> None:
    answer = app.test_client().post(
        WEBHOOK,
        data=body + b"&AccountSid=" + ACCOUNT.encode(),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": "x" * 28},
    )

    assert answer.status_code == 403


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data", ""])
def test_a_body_that_is_no_form_is_refused(app: Flask, content_type: str) -> None:
    answer = app.test_client().post(
        WEBHOOK,
        data=b'{"AccountSid": "AC"}',
        content_type=content_type,
        headers={"X-Twilio-Signature": golden(PUBLIC, [])},
    )

    assert answer.status_code in (400, 403)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_only_a_post_is_a_webhook_however_well_it_is_signed(app: Flask, method: str) -> None:
    answer = app.test_client().open(
        f"{WEBHOOK}?AccountSid={ACCOUNT}",
        method=method,
        headers={"X-Twilio-Signature": golden(f"{PUBLIC}?AccountSid={ACCOUNT}", [])},
    )

    assert answer.status_code == 405


def test_without_a_configured_url_the_one_that_was_asked_for_counts(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "TWILIO_WEBHOOK_URL", "")
    signature = golden(f"http://10.0.0.7:8000{STATUS}", CALLBACK)

    assert ask(app, STATUS, CALLBACK, signature).status_code == 204
    assert ask(app, STATUS, CALLBACK).status_code == 403


def test_behind_a_proxy_with_a_prefix_the_public_path_is_signed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "TWILIO_WEBHOOK_URL", f"https://x.example/tienda{WEBHOOK}#rc=2")
    signature = golden(f"https://x.example/tienda{STATUS}?message=7", CALLBACK)

    assert ask(app, f"{STATUS}?message=7", CALLBACK, signature).status_code == 204
